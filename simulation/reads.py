"""What the cameras make of the passages: reads, misreads, doubles, reads of the other lane, phantoms."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.cameras import CameraDay, Fleet
from simulation.place import CLASSES, Place
from simulation.plates import COUNTRIES, Chars, compact, confusion, draw_plates, misread
from simulation.population import CAR, TRUCK, UNKNOWN, VAN, Population
from simulation.settings import Settings
from simulation.sight import Seen, cameras_of_sites, site_across

STATUSES = ("ok", "misread", "unread", "duplicate", "duplicate_misread", "opposite", "phantom")
OK, MISREAD, UNREAD, DUPLICATE, DUPLICATE_MISREAD, OPPOSITE, PHANTOM = range(len(STATUSES))
NO_PLATE = -1
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reads:
    """Reads as the cameras recorded them, shapes (r,).

    ``passage`` and ``vehicle`` (-1 for a phantom), ``camera``, ``t`` true epoch seconds, ``status`` (index into
    ``STATUSES``), ``plate`` (row of the plate list: vehicles first, then ``extra``; ``NO_PLATE`` when unread),
    ``confidence`` 0..1, ``vehicle_class``, ``country``, ``lane``, ``speed_kmh``, ``direction`` (0 none, 1 in, 2 out).
    """

    passage: Ints
    vehicle: Ints
    camera: Ints
    t: Floats
    status: NDArray[np.int8]
    plate: Ints
    confidence: Floats
    vehicle_class: NDArray[np.int8]
    country: NDArray[np.int8]
    lane: Ints
    speed_kmh: Floats
    direction: NDArray[np.int8]


@dataclass(frozen=True)
class Recorded:
    """Reads of a day, the plates in them that no vehicle has (shape (extra, 10), as written), and for each camera and
    hour the mean chance of a right read of the vehicles that truly passed (NaN where none did)."""

    reads: Reads
    extra: Chars
    q: Floats


def record(
    *,
    place: Place,
    settings: Settings,
    population: Population,
    fleet: Fleet,
    days: list[CameraDay],
    seen: Seen,
    rng: np.random.Generator,
) -> Recorded:
    """Let the cameras read a day's passages.

    Args:
        place: the city.
        settings: simulation.toml.
        population: all vehicles.
        fleet: the cameras.
        days: the cameras on this service day and on the next, for vehicles that still drive at 04:00.
        seen: true passages, in the order of their keys.
        rng: the day's chance.
    """
    wrong = _misread_chance(settings=settings, fleet=fleet)
    views, chance = _views(settings=settings, population=population, days=days, seen=seen, rng=rng)
    right = chance * (1 - settings["plate"]["unread"]) * (1 - wrong[views.camera])
    q = _mean_by_hour(day=days[0], camera=views.camera, t=views.t, value=right, keep=views.camera == seen.camera[views.passage])
    up = _up(days=days, camera=views.camera, t=views.t)
    reads = _taken(views, np.flatnonzero(up & (rng.random(len(chance)) < chance)))
    fate = rng.random(len(reads.t))
    unread = fate < settings["plate"]["unread"]
    bad = ~unread & (rng.random(len(fate)) < wrong[reads.camera])
    reads = replace(reads, status=np.where(unread, UNREAD, np.where(bad, MISREAD, OK)).astype(np.int8))
    double = _doubles(settings=settings, days=days, reads=reads, rng=rng)
    opposite = _opposites(place=place, settings=settings, days=days, seen=seen, population=population, rng=rng)
    phantom, invented = _phantoms(place=place, settings=settings, days=days, reads=reads, population=population, rng=rng)
    reads = _joined([reads, double, opposite, phantom])
    reads = replace(reads, plate=np.where(reads.status == UNREAD, NO_PLATE, reads.plate))

    mistaken = np.flatnonzero((reads.status == MISREAD) | (reads.status == DUPLICATE_MISREAD))
    confused = confusion(pairs=settings["plate"]["pairs"], odd=settings["plate"]["odd_character"])
    options = settings["plate"]
    shown = misread(
        plates=population.shown[reads.vehicle[mistaken]],
        confused=confused,
        two=options["two_characters"],
        lost=options["lost_character"],
        rng=rng,
    )
    plate = reads.plate.copy()
    plate[mistaken] = len(population.role) + len(invented) + np.arange(len(mistaken))
    reads = replace(reads, plate=plate, confidence=_confidence(settings=settings, status=reads.status, rng=rng))
    return Recorded(_described(settings=settings, reads=reads, rng=rng), np.concatenate([invented, shown]), q)


def _misread_chance(*, settings: Settings, fleet: Fleet) -> Floats:
    return np.minimum(fleet.misread, 1.0) if settings["plate"]["misread"] > 0 else np.zeros(len(fleet.misread))


def _views(
    *, settings: Settings, population: Population, days: list[CameraDay], seen: Seen, rng: np.random.Generator
) -> tuple[Reads, Floats]:
    twin = settings["read"]["twin_s"]
    both = np.flatnonzero((seen.other >= 0) & (rng.random(len(seen.t)) < settings["read"]["overlap"]))
    own = np.flatnonzero(seen.camera >= 0)
    passage = np.concatenate([own, both])
    camera = np.concatenate([seen.camera[own], seen.other[both]])
    t = np.concatenate([seen.t[own], seen.t[both] + rng.uniform(twin[0], twin[1], len(both))])
    vehicle = seen.vehicle[passage]
    shift = np.array([settings["read"]["class_shift"].get(c, 0.0) for c in CLASSES])[population.vehicle_class[vehicle]]
    logit = _by_day(days=days, t=t, ask=lambda day, k: day.level_at(camera=camera[k], t=t[k]))
    logit = logit + shift + population.legible[vehicle]
    views = _of_vehicles(population=population, seen=seen, passage=passage, camera=camera, t=t)
    return views, 1 / (1 + np.exp(-logit))


def _of_vehicles(*, population: Population, seen: Seen, passage: Ints, camera: Ints, t: Floats) -> Reads:
    vehicle = seen.vehicle[passage]
    n = len(passage)
    return Reads(
        passage=passage,
        vehicle=vehicle,
        camera=camera,
        t=t,
        status=np.full(n, OK, np.int8),
        plate=vehicle,
        confidence=np.zeros(n),
        vehicle_class=population.vehicle_class[vehicle],
        country=population.country[vehicle],
        lane=seen.lane[passage],
        speed_kmh=seen.speed_kmh[passage],
        direction=np.zeros(n, np.int8),
    )


def _doubles(*, settings: Settings, days: list[CameraDay], reads: Reads, rng: np.random.Generator) -> Reads:
    options = settings["double"]
    share = np.where(reads.speed_kmh < 18, options["queue_share"], options["share"])
    some = _taken(reads, np.flatnonzero((rng.random(len(share)) < share) & (reads.status != UNREAD)))
    bad = rng.random(len(some.t)) < options["misread"]
    some = replace(
        some,
        t=some.t + rng.uniform(options["seconds"][0], options["seconds"][1], len(some.t)),
        status=np.where(bad, DUPLICATE_MISREAD, DUPLICATE).astype(np.int8),
        plate=some.vehicle,
    )
    return _taken(some, np.flatnonzero(_up(days=days, camera=some.camera, t=some.t)))


def _opposites(
    *,
    place: Place,
    settings: Settings,
    days: list[CameraDay],
    seen: Seen,
    population: Population,
    rng: np.random.Generator,
) -> Reads:
    across = site_across(place=place)[seen.site]
    options = settings["opposite"]
    passage = np.flatnonzero((across >= 0) & (rng.random(len(across)) < options["share"]))
    t = seen.t[passage] + rng.uniform(-options["seconds"], options["seconds"], len(passage))
    start, end = place.validity()
    camera = cameras_of_sites(place=place)[across[passage], 0]
    fits = (camera >= 0) & (t >= start[camera]) & (t < end[camera])
    fits &= _up(days=days, camera=np.maximum(camera, 0), t=t)
    reads = _of_vehicles(population=population, seen=seen, passage=passage, camera=camera, t=t)
    told = rng.random(len(t)) < options["direction_told"]
    way = np.array([{"in": 1, "out": 2}.get(d, 0) for d in place.sites.direction])[seen.site[passage]]
    # 0 means the word of the camera's own site, which is filled in later
    reads = replace(reads, status=np.full(len(t), OPPOSITE, np.int8), direction=np.where(told, way, 0).astype(np.int8))
    return _taken(reads, np.flatnonzero(fits))


def _phantoms(
    *,
    place: Place,
    settings: Settings,
    days: list[CameraDay],
    reads: Reads,
    population: Population,
    rng: np.random.Generator,
) -> tuple[Reads, Chars]:
    options = settings["phantom"]
    n = rng.poisson(options["share"] * len(reads.t))
    some = _taken(reads, rng.integers(0, max(len(reads.t), 1), n if len(reads.t) else 0))
    n = len(some.t)
    t = some.t + rng.uniform(options["seconds"][0], options["seconds"][1], n)
    plates = draw_plates(
        country=rng.integers(0, len(COUNTRIES), n).astype(np.int8), old_share=settings["countries"]["old_plates"], rng=rng
    )
    text = np.array([b"ZONE30", b"TAXI", b"0470112", b"LAADPAAL", b"STOP", b"1000"])
    odd = rng.random(n) > options["plate_like"]
    plates[odd] = np.frombuffer(text[rng.integers(0, len(text), int(odd.sum()))].astype("S10").tobytes(), np.uint8).reshape(
        -1, 10
    )
    minus = np.full(n, -1)
    start, end = place.validity()
    some = replace(
        some,
        passage=minus,
        vehicle=minus,
        t=t,
        status=np.full(n, PHANTOM, np.int8),
        plate=len(population.role) + np.arange(n),
    )
    fits = (t >= start[some.camera]) & (t < end[some.camera]) & _up(days=days, camera=some.camera, t=t)
    return _taken(some, np.flatnonzero(fits)), plates


def _described(*, settings: Settings, reads: Reads, rng: np.random.Generator) -> Reads:
    """Class and country as the reader reports them."""
    options, n = settings["plate"], len(reads.t)
    mistaken_for = np.array([VAN, CAR, VAN, TRUCK, CAR, TRUCK, UNKNOWN], np.int8)
    fate = rng.random(n)
    vehicle_class = np.where(fate < options["class_wrong"], mistaken_for[reads.vehicle_class], reads.vehicle_class)
    vehicle_class = np.where(fate > 1 - options["class_unknown"], UNKNOWN, vehicle_class)
    another = rng.integers(0, len(COUNTRIES), n)
    country = np.where(rng.random(n) < options["country_wrong"], another, reads.country)
    return replace(reads, vehicle_class=vehicle_class.astype(np.int8), country=country.astype(np.int8))


def _confidence(*, settings: Settings, status: NDArray[np.int8], rng: np.random.Generator) -> Floats:
    options = settings["plate"]
    wrong = (status == MISREAD) | (status == DUPLICATE_MISREAD) | (status == PHANTOM)
    kinds = [options["right_confidence"], options["wrong_confidence"], options["unread_confidence"]]
    mean, spread = np.array(kinds)[np.where(status == UNREAD, 2, np.where(wrong, 1, 0))].T
    value = mean + spread * rng.standard_normal(len(status))
    # a readable plate stays above the suppliers' limit for "no plate"
    low = np.where(status == UNREAD, 0.0, 0.25)
    # what would be above 1 is spread below it, or one value would hold a fifth of all reads
    value = np.where(value > 0.999, 0.999 - (value - 0.999) * 0.6, value)
    return np.asarray(np.clip(value, low, 0.999))


def _by_day(*, days: list[CameraDay], t: Floats, ask: Callable[[CameraDay, Ints], NDArray[Any]]) -> Floats:
    out = np.zeros(len(t))
    for number, day in enumerate(days):
        k = np.flatnonzero((t < day.end_s) if number == 0 else (t >= day.start_s))
        if len(k):
            out[k] = ask(day, k)
    return out


def _up(*, days: list[CameraDay], camera: Ints, t: Floats) -> NDArray[np.bool_]:
    return _by_day(days=days, t=t, ask=lambda day, k: day.is_up(camera=camera[k], t=t[k])).astype(bool)


def _mean_by_hour(*, day: CameraDay, camera: Ints, t: Floats, value: Floats, keep: NDArray[np.bool_]) -> Floats:
    cameras, hours = day.level.shape
    keep = keep & (t < day.end_s)
    cell = camera[keep] * hours + ((t[keep] - day.start_s) / 3600.0).astype(np.int64)
    total = np.bincount(cell, weights=value[keep], minlength=cameras * hours)
    n = np.bincount(cell, minlength=cameras * hours)
    mean = np.divide(total, n, out=np.full(len(total), np.nan), where=n > 0)
    return np.asarray(mean.reshape(cameras, hours))


def _taken(reads: Reads, rows: Ints) -> Reads:
    return Reads(**{f.name: getattr(reads, f.name)[rows] for f in fields(Reads)})


def _joined(parts: list[Reads]) -> Reads:
    return Reads(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Reads)})


def plate_list(*, population: Population, extra: Chars) -> tuple[Chars, Chars]:
    """All plates a day's reads refer to, with and without separators, shapes (plates, 10)."""
    return np.concatenate([population.shown, extra]), np.concatenate([population.plain, compact(extra)])
