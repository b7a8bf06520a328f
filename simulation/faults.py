"""Faults on order: a clock that is wrong by so much, a gate that is dead from then to then.

Beside the defects that every camera has by chance (``[clock]``, ``[outage]``), these are known beforehand, so that a
method can be asked for exactly them.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kordon.errors import ConfigError
from simulation.cameras import CameraDay
from simulation.place import Place
from simulation.settings import Settings

BUSIEST = "busiest"


@dataclass(frozen=True)
class ClockFault:
    """A camera whose clock starts a service day ``offset_s`` ahead and gains ``drift_s_per_h``; ``set_right_at`` None
    is never."""

    camera: int
    offset_s: float
    drift_s_per_h: float
    set_right_at: dt.time | None


@dataclass(frozen=True)
class DeadTime:
    """Cameras that give nothing between two local times of each service day."""

    cameras: list[int]
    begin: dt.time
    end: dt.time


@dataclass(frozen=True)
class Faults:
    """Faults on order; the same on all days."""

    clocks: list[ClockFault] = field(default_factory=list)
    dead: list[DeadTime] = field(default_factory=list)

    def of_day(self, *, place: Place, day: dt.date, state: CameraDay) -> CameraDay:
        """A day's cameras with these faults laid over what chance gave them.

        A clock on order replaces the camera's own offset, drift and step. A clock that is set right has drifted since it
        was set right the day before; from then on it drifts again from 0. One that never is drifts from the service
        day's start.
        """
        offset, drift = state.offset_s.copy(), state.drift_s.copy()
        step_at, step = state.step_at.copy(), state.step_s.copy()
        for clock in self.clocks:
            k, a_second = clock.camera, clock.drift_s_per_h / 3600.0
            offset[k], drift[k], step_at[k], step[k] = clock.offset_s, a_second * 86400.0, np.inf, 0.0
            if clock.set_right_at is not None:
                before = _instant(place=place, day=day - dt.timedelta(days=1), time=clock.set_right_at)
                now = _instant(place=place, day=day, time=clock.set_right_at)
                offset[k] += a_second * (state.start_s - before)
                step_at[k], step[k] = now, -(clock.offset_s + a_second * (now - before))
        down = state.down
        for dead in self.dead:
            more = np.full((len(down), 1, 2), np.nan)
            begin = _instant(place=place, day=day, time=dead.begin)
            end = _instant(place=place, day=day, time=dead.end)
            more[dead.cameras, 0] = [begin, end]
            down = np.concatenate([down, more], axis=1)
        return replace(state, offset_s=offset, drift_s=drift, step_at=step_at, step_s=step, down=down)


def read_faults(*, place: Place, settings: Settings, traffic: Callable[[], NDArray[np.int64]]) -> Faults:
    """Read ``[faults]``.

    Args:
        place: the city.
        settings: simulation.toml.
        traffic: passages of each camera; asked only when a fault names the busiest.

    Raises:
        ConfigError: a fault names a camera, gate or time that does not exist.
    """
    options = settings["faults"]
    named = [line.get(key) for lines in (options["clocks"], options["dead"]) for line in lines for key in ("camera", "gate")]
    passages = traffic() if BUSIEST in named else np.zeros(len(place.cameras), np.int64)
    clocks: list[ClockFault] = []
    for number, line in enumerate(options["clocks"], start=1):
        where = f"simulation.toml [faults] clocks, entry {number}"
        _known(line=line, keys={"camera", "offset_s", "drift_s_per_h", "set_right_at"}, where=where)
        # a second "busiest" is the next one: two faults of one clock would be one
        taken = [c.camera for c in clocks]
        clocks.append(
            ClockFault(
                camera=_camera(place=place, name=line.get("camera", ""), passages=passages, taken=taken, where=where),
                offset_s=float(line.get("offset_s", 0.0)),
                drift_s_per_h=float(line.get("drift_s_per_h", 0.0)),
                set_right_at=_time(line["set_right_at"], where=where) if line.get("set_right_at") else None,
            )
        )
    dead = []
    for number, line in enumerate(options["dead"], start=1):
        where = f"simulation.toml [faults] dead, entry {number}"
        _known(line=line, keys={"camera", "gate", "from", "to"}, where=where)
        if ("camera" in line) == ("gate" in line):
            raise ConfigError(
                f"{where}: names {'a camera and a gate' if 'gate' in line else 'no camera and no gate'}; give one"
            )
        if "camera" in line:
            cameras = [_camera(place=place, name=line["camera"], passages=passages, taken=[], where=where)]
        else:
            cameras = _cameras_of_gate(place=place, name=line["gate"], passages=passages, where=where)
        begin, end = (_time(line.get(key, ""), where=where) for key in ("from", "to"))
        if _since(place=place, time=begin) >= _since(place=place, time=end):
            raise ConfigError(
                f"{where}: ends at {end:%H:%M}, before it begins; a service day begins at {place.day_start:%H:%M}"
            )
        dead.append(DeadTime(cameras=cameras, begin=begin, end=end))
    return Faults(clocks=clocks, dead=dead)


def _camera(*, place: Place, name: str, passages: NDArray[np.int64], taken: list[int], where: str) -> int:
    if name == BUSIEST:
        free = passages.copy()
        free[taken] = -1
        return int(free.argmax())
    ids = list(place.cameras.camera_id)
    if name not in ids:
        raise ConfigError(f'{where}: camera "{name}" is not in cameras.csv; give a camera_id, or "{BUSIEST}"')
    return ids.index(name)


def _cameras_of_gate(*, place: Place, name: str, passages: NDArray[np.int64], where: str) -> list[int]:
    """All cameras of a site; of a gate or of all gates, those of its busiest site."""
    gates = place.gates
    if name == BUSIEST:
        sites = set(gates.site_id)
    elif name in set(gates.gate_id):
        sites = set(gates.site_id[gates.gate_id == name])
    elif name in set(place.sites.site_id):
        sites = {name}
    else:
        raise ConfigError(f'{where}: "{name}" is no gate of gates.csv and no site; give a gate_id, a site_id, or "{BUSIEST}"')
    of_site = place.cameras.site_id.to_numpy()
    total = {site: int(passages[of_site == site].sum()) for site in sorted(sites)}
    busiest = max(total, key=lambda site: total[site])
    return [int(k) for k in np.flatnonzero(of_site == busiest)]


def _known(*, line: dict[str, Any], keys: set[str], where: str) -> None:
    if unknown := sorted(set(line) - keys):
        raise ConfigError(f"{where}: {unknown[0]} is not known; known are {', '.join(sorted(keys))}")


def _time(text: str, *, where: str) -> dt.time:
    try:
        return dt.time.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f'{where}: "{text}" is no local time; write it like "08:00"') from error


def _since(*, place: Place, time: dt.time) -> int:
    """Seconds from the service day's start to a time of day."""
    start = place.day_start
    return ((time.hour - start.hour) * 3600 + (time.minute - start.minute) * 60 + time.second) % 86400


def _instant(*, place: Place, day: dt.date, time: dt.time) -> float:
    """A local time of a service day as epoch seconds; before the day's start it lies on the next date."""
    date = day if time >= place.day_start else day + dt.timedelta(days=1)
    return dt.datetime.combine(date, time, place.zone).timestamp()
