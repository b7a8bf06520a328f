"""Simulate a city: supplier files in ``landing/``, and the truth beside them."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kordon.errors import UsageError
from simulation.busiest import traffic_of_cameras
from simulation.cameras import CameraDay, camera_day, draw_fleet
from simulation.clones import clone_plates
from simulation.cordons import true_visits
from simulation.delivery import deliver
from simulation.demand import day_plans
from simulation.faults import read_faults
from simulation.network import build_network
from simulation.place import read_place
from simulation.population import TRUCK, draw_population
from simulation.reads import plate_list, record
from simulation.settings import Settings, read_settings
from simulation.sight import look
from simulation.text import plates
from simulation.traffic import Movements, congestion, drive
from simulation.truth import Truth

# independent streams of chance: one never shifts another
_POPULATION, _FLEET, _NETWORK, _PLANS, _ROADS, _CAMERAS, _READS, _FILES, _PROBE, _LATE, _CLONES = range(11)


@dataclass(frozen=True)
class Summary:
    """Counts of a simulation. ``lines`` and ``files`` include rubbish and repeats; ``passages`` are those in view of a
    camera that hung there, read or not; ``vehicles`` drove on at least one day; ``vehicle_days`` sums the days."""

    reads: int
    lines: int
    files: int
    vehicles: int
    vehicle_days: int
    passages: int
    seconds: float


def simulate(
    *,
    city: Path,
    days: list[dt.date],
    vehicles: int,
    seed: int,
    out: Path,
    overrides: Settings | None = None,
    progress: Callable[[str], None] | None = None,
) -> Summary:
    """Simulate traffic and cameras of a city on some service days.

    A day's traffic and reads depend on the city folder, ``vehicles``, ``seed`` and the date, not on which other days
    are simulated. The same arguments give the same bytes. Only clones, when asked for, are paired on the first day.

    Args:
        city: a city folder with ``simulation.toml`` and a road network.
        days: service days.
        vehicles: vehicles that drive on a workday, about.
        seed: where chance comes from.
        out: folder that gets ``landing/<source>/`` and ``truth/``.
        overrides: a nested dict laid over ``simulation.toml``, for instance ``perfect_cameras()``.
        progress: called with a sentence after each day.

    Raises:
        UsageError: no day, no vehicle, an unknown override, or ``out`` already holds a simulation.
        ConfigError: the city folder cannot be simulated.
    """
    if not days or vehicles < 1 or seed < 0:
        raise UsageError("simulate: needs at least one day, one vehicle and a seed that is not negative")
    if (out / "landing").exists() or (out / "truth").exists():
        raise UsageError(f"{out}: holds landing/ or truth/ already; give another folder or remove them")
    began = time.perf_counter()
    place, settings = read_place(city), read_settings(city=city, overrides=overrides)

    def chance(stream: int, day: dt.date | None = None) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence([seed, stream, day.toordinal() if day else 0]))

    network = build_network(place=place, settings=settings, rng=chance(_NETWORK))
    population = draw_population(place=place, settings=settings, vehicles=vehicles, rng=chance(_POPULATION))
    fleet = draw_fleet(place=place, settings=settings, rng=chance(_FLEET), late_rng=chance(_LATE))
    faults = read_faults(
        place=place,
        settings=settings,
        traffic=lambda: traffic_of_cameras(place=place, settings=settings, network=network, rng=chance(_PROBE)),
    )

    def cameras_on(day: dt.date) -> CameraDay:
        state = camera_day(place=place, settings=settings, fleet=fleet, day=day, rng=chance(_CAMERAS, day))
        return faults.of_day(place=place, day=day, state=state)

    def traffic_on(day: dt.date) -> Movements:
        kind, day_s = place.day_type(day), float(place.start_s(day + dt.timedelta(days=1)) - place.start_s(day))
        plans = day_plans(
            place=place,
            settings=settings,
            population=population,
            day_type=kind,
            ordinal=day.toordinal(),
            day_s=day_s,
            rng=chance(_PLANS, day),
        )
        roads = chance(_ROADS, day)
        factor = congestion(network=network, settings=settings, day_type=kind, day_start_h=place.day_start.hour, rng=roads)
        return drive(plans=plans, network=network, settings=settings, factor=factor, day_s=day_s, rng=roads)

    if settings["faults"]["clones"]:
        population = clone_plates(
            place=place,
            population=population,
            moves=traffic_on(min(days)),
            number=settings["faults"]["clones"],
            rng=chance(_CLONES),
        )
    drove = np.zeros(len(population.role), bool)
    total = Summary(0, 0, 0, 0, 0, 0, 0.0)
    with Truth(folder=out / "truth", place=place, population=population) as truth:
        for day in sorted(set(days)):
            states = [cameras_on(day), cameras_on(day + dt.timedelta(days=1))]
            start = states[0].start_s
            moves = traffic_on(day)
            sight = chance(_READS, day)
            seen = look(
                place=place,
                settings=settings,
                vehicle=moves.vehicle,
                truck=population.vehicle_class[moves.vehicle] == TRUCK,
                site=moves.site,
                t=np.round(start + moves.t, 3),
                speed_kmh=moves.speed_kmh,
                rng=sight,
            )
            recorded = record(
                place=place, settings=settings, population=population, fleet=fleet, days=states, seen=seen, rng=sight
            )
            shown, plain = plate_list(population=population, extra=recorded.extra)
            delivered = deliver(
                place=place,
                settings=settings,
                fleet=fleet,
                day=day,
                days=states,
                reads=recorded.reads,
                shown=plates(shown),
                plain=plates(plain),
                landing=out / "landing",
                rng=chance(_FILES, day),
            )
            share_right = (1 - settings["plate"]["unread"]) * (1 - settings["plate"]["misread"])
            truth.add_day(
                day=day,
                days=states,
                moves=moves,
                seen=seen,
                reads=recorded.reads,
                delivered=delivered,
                visits=true_visits(place=place, moves=moves),
                q=recorded.q,
                nominal_q=share_right / (1 + np.exp(-states[0].level)),
            )
            today = np.unique(moves.trip_vehicle)
            drove[today] = True
            total = replace(
                total,
                reads=total.reads + len(recorded.reads.t),
                lines=total.lines + delivered.lines,
                files=total.files + delivered.files,
                vehicles=int(drove.sum()),
                vehicle_days=total.vehicle_days + len(today),
                passages=total.passages + int((seen.camera >= 0).sum()),
                seconds=time.perf_counter() - began,
            )
            if progress:
                progress(
                    f"{day} {place.day_type(day)}: {len(today)} vehicles, {len(recorded.reads.t)} reads, {delivered.files} files"
                )
    return total
