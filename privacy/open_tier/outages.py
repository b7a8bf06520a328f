"""Cells that cameras could not see, from what the city folder declares alone: no vehicle can sway it."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import pandas as pd

from privacy.ledger.caps import days_of
from privacy.open_tier.datasets import Dataset
from privacy.open_tier.places import Places, places_of

if TYPE_CHECKING:
    from kordon.city import City

OK, PARTIAL, MISSING = "ok", "partial", "missing"
TIMES = ("date", "hour", "month", "hour_of_day", "day_type")
HOUR = timedelta(hours=1)
Gap = tuple[datetime, datetime]
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def outages_of(city: "City", dataset: Dataset, *, first: date, last: date) -> pd.DataFrame | None:
    """Which cells of a dataset were not seen for all of their time, by ``outages.csv`` and the validity of cameras.

    A gate or zone is ``missing`` when all cameras of all its sites were down all the time, ``partial`` when one of them was for some;
    a pair is as its worse end; a cordon as its gates together. A zone without a camera is not down.

    Returns:
        Keys of the finest level and ``status``, ``missing`` or ``partial``; None when everything was up.
    """
    places, keys = places_of(city), dataset.levels[-1].keys
    state = _states(city)
    down = {site.site_id for site in city.sites if any(state(site.site_id, hour) != OK for hour in _hours(places, first, last))}
    if not down:
        return None
    groups: dict[tuple[object, ...], list[datetime]] = {}
    times = [key for key in TIMES if key in keys]
    for day in days_of(first, last):
        for hour in places.hours(day):
            told = {
                "date": day,
                "hour": pd.Timestamp(hour),
                "month": f"{first:%Y-%m}",
                "hour_of_day": hour.astimezone(places.zone_info).hour,
                "day_type": places.day_type(day),
            }
            groups.setdefault(tuple(told[key] for key in times), []).append(hour)
    rows = []
    for told_time, hours in groups.items():

        def seen(sites: Iterable[str], hours: list[datetime] = hours) -> str:
            return _together(state(site, hour) if site in down else OK for site, hour in product(sites, hours))

        rows += [(*told_time, *place, status) for place, status in _places(city, keys, seen=seen) if status != OK]
    named = [key for key in keys if key not in TIMES and key not in ("vehicle_class", "kind", "dwell_bin_s")]
    return pd.DataFrame(rows, columns=[*times, *named, "status"]) if rows else None


def _hours(places: Places, first: date, last: date) -> list[datetime]:
    return [hour for day in days_of(first, last) for hour in places.hours(day)]


def _together(states: Iterable[str]) -> str:
    found = set(states)
    return found.pop() if len(found) == 1 else PARTIAL if found else OK


def _worse(*ends: str) -> str:
    return MISSING if MISSING in ends else PARTIAL if PARTIAL in ends else OK


def _states(city: "City") -> Callable[[str, datetime], str]:
    """The state of a site in the hour that begins at an instant."""
    cameras: dict[str, list[tuple[Gap, list[Gap]]]] = {}
    for camera in city.cameras:
        valid = camera.valid_from or ALWAYS[0], camera.valid_to or ALWAYS[1]
        gaps = [(outage.start, outage.end) for outage in city.outages if outage.camera_id == camera.camera_id]
        cameras.setdefault(camera.site_id, []).append((valid, [(ALWAYS[0], valid[0]), *gaps, (valid[1], ALWAYS[1])]))

    def one(gaps: list[Gap], start: datetime) -> str:
        cut = ((max(a, start), min(b, start + HOUR)) for a, b in gaps)
        inside = sorted((a, b) for a, b in cut if a < b)
        until = start
        for a, b in inside:
            if a > until:
                return PARTIAL
            until = max(until, b)
        return OK if not inside else MISSING if until >= start + HOUR else PARTIAL

    @cache
    def state(site: str, start: datetime) -> str:
        here = [gaps for (begin, end), gaps in cameras.get(site, []) if begin < start + HOUR and end > start]
        return _together(one(gaps, start) for gaps in here) if here else MISSING

    return state


def _places(
    city: "City", keys: tuple[str, ...], *, seen: Callable[[Iterable[str]], str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """The places that cells name, with their state, in the order of the keys."""
    gates: dict[tuple[str, str, str], list[str]] = {}
    for gate in city.gates:
        for way in ("in", "out") if gate.direction == "both" else (gate.direction,):
            gates.setdefault((gate.cordon_id, gate.gate_id, way), []).append(gate.site_id)
    if "origin_zone_id" in keys:
        state = {zone: seen([s.site_id for s in city.sites if s.zone_id == zone]) for zone in city.zones_all}
        for origin, destination in product(state, repeat=2):
            yield (origin, destination), _worse(state[origin], state[destination])
        return
    ways = {gate: seen(sites) for gate, sites in gates.items()}
    if "gate_id" in keys:
        yield from ways.items()
    elif "entry_gate_id" in keys:
        for (cordon, entry, into), (other, leave, out) in product(ways, repeat=2):
            if (into, out) == ("in", "out") and cordon == other:
                yield (cordon, entry, leave), _worse(ways[cordon, entry, "in"], ways[cordon, leave, "out"])
    else:
        for cordon in city.cordons:
            yield (cordon,), _together(state for gate, state in ways.items() if gate[0] == cordon)
