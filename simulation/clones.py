"""Clones: vehicles that carry a copy of another one's plate and drive somewhere else at the same time."""

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kordon.errors import UsageError
from simulation.place import Place
from simulation.population import CAR, Population
from simulation.traffic import Movements

# two passages in a minute, 3 km apart as the crow flies: no car does 180 km/h there, so that the plate alone shows the clone
_WITHIN_S, _APART_M = 60.0, 3000.0
_MOMENTS = 2  # how often at least: one such moment could be a misread of a third plate


def clone_plates(
    *, place: Place, population: Population, moves: Movements, number: int, rng: np.random.Generator
) -> Population:
    """Give some cars the plate, and with it the country, of another car that drives far away at the same time.

    Args:
        place: the city.
        population: all vehicles.
        moves: what drives on the day from which pairs are taken.
        number: how many cars get a copied plate; each has an original of its own.
        rng: where chance comes from.

    Raises:
        UsageError: so many pairs do not drive on that day.
    """
    pairs = _pairs(place=place, population=population, moves=moves, number=number, rng=rng)
    if len(pairs) < number:
        raise UsageError(
            f"faults.clones = {number}: only {len(pairs)} pairs of cars drive far apart at the same time; give more vehicles"
        )
    original, copy = np.array(pairs, np.int64).reshape(-1, 2).T
    shown, plain, country = population.shown.copy(), population.plain.copy(), population.country.copy()
    shown[copy], plain[copy], country[copy] = shown[original], plain[original], country[original]
    return replace(population, shown=shown, plain=plain, country=country)


def _pairs(
    *, place: Place, population: Population, moves: Movements, number: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    x, y = _metres(place=place)
    car = population.vehicle_class[moves.vehicle] == CAR
    rows = np.flatnonzero(car)[np.argsort(moves.t[car], kind="stable")]
    vehicle, site, t = moves.vehicle[rows], moves.site[rows], moves.t[rows]
    by_vehicle = np.argsort(vehicle, kind="stable")
    start = np.flatnonzero(np.diff(vehicle[by_vehicle], prepend=-1))
    of_vehicle = np.split(by_vehicle, start[1:])
    pairs: list[tuple[int, int]] = []
    used: set[int] = set()
    for turn in rng.permutation(len(of_vehicle)).tolist():
        if len(pairs) == number:
            break
        mine = of_vehicle[turn]
        one = int(vehicle[mine[0]])
        if one in used or len(mine) < _MOMENTS:
            continue
        moments: Counter[int] = Counter()
        for k in mine.tolist():
            low, high = np.searchsorted(t, [t[k] - _WITHIN_S, t[k] + _WITHIN_S])
            far = np.hypot(x[site[low:high]] - x[site[k]], y[site[low:high]] - y[site[k]]) >= _APART_M
            moments.update(set(vehicle[low:high][far].tolist()))
        fits = sorted(v for v, n in moments.items() if n >= _MOMENTS and v != one and v not in used)
        if fits:
            other = int(rng.choice(fits))
            pairs.append((one, other))
            used |= {one, other}
    return pairs


def _metres(*, place: Place) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lon, lat = place.sites.lon.to_numpy().astype(np.float64), place.sites.lat.to_numpy().astype(np.float64)
    return lon * 111_320.0 * np.cos(np.radians(lat.mean())), lat * 110_574.0
