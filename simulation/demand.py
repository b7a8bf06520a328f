"""Who drives on a day, where to, when, and how long they stop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.place import Place
from simulation.population import ROLES, Population
from simulation.settings import Settings
from simulation.tours import Drivers, draw_tours

HOUR = 3600.0


@dataclass(frozen=True)
class Plans:
    """Tours of vehicles of one role on one day.

    ``vehicle`` (n,) rows of the population; ``nodes`` (n, trips + 1) node numbers, -1 after the last; ``stops`` (n,
    trips) seconds stopped after each trip; ``depart_s`` (n,) seconds since the service day's start; ``may_pass_end``
    whether the last trip may cross the end of the service day.
    """

    vehicle: NDArray[np.int64]
    nodes: NDArray[np.int16]
    stops: NDArray[np.float64]
    depart_s: NDArray[np.float64]
    may_pass_end: bool


def day_plans(
    *,
    place: Place,
    settings: Settings,
    population: Population,
    day_type: str,
    ordinal: int,
    day_s: float,
    rng: np.random.Generator,
) -> list[Plans]:
    """Tours of all vehicles that drive on a service day.

    Args:
        place: the city.
        settings: simulation.toml.
        population: all vehicles.
        day_type: kind of day in the calendar.
        ordinal: the date's ordinal; it alone decides whose turn it is among vehicles that do not come on two days
        running. day_s: length of the service day in seconds (23 or 25 hours when the clock changes). rng: the day's
        chance.
    """
    factors = settings["day_types"].get(day_type, {})
    index = {node: i for i, node in enumerate(place.nodes.node_id)}
    spare = np.array([index[node] for node in settings["habits"]["spare_nodes"]], np.int16)
    plans = []
    for number, role in enumerate(ROLES):
        pool = np.flatnonzero(population.role == number)
        chance = population.presence[pool] * factors.get(role, 1.0)
        turn = (ordinal + np.arange(len(pool))) % 3
        if role == "through":
            active = (turn == 0) & (rng.random(len(pool)) < 3 * chance)
        elif role == "guest":
            active = turn < 2
        else:
            active = rng.random(len(pool)) < chance
        vehicle = pool[active]
        drivers = Drivers(place, settings, population, role, vehicle, turn[active], rng)
        nodes, stops, hours = draw_tours(drivers)
        stops = np.where(stops > 0, np.maximum(stops, settings["stops"]["shortest_s"]), 0.0)
        depart = (hours - place.day_start.hour) * HOUR + rng.uniform(-120, 120, len(vehicle))
        plans.append(
            _fitted(
                plans=Plans(vehicle, _no_repeats(nodes=nodes, spare=spare, rng=rng), stops, depart, role == "through"),
                day_s=day_s,
                rng=rng,
            )
        )
    return plans


def _no_repeats(*, nodes: NDArray[np.int16], spare: NDArray[np.int16], rng: np.random.Generator) -> NDArray[np.int16]:
    """Nobody drives to where they are: such a stop moves to a spare node that differs from both neighbours."""
    out = nodes.copy()
    turns = spare[rng.permutation(len(spare))]
    for k in range(1, out.shape[1]):
        before = out[:, k - 1]
        after = out[:, k + 1] if k + 1 < out.shape[1] else np.full(len(out), -1, np.int16)
        same = (out[:, k] >= 0) & ((out[:, k] == before) | (out[:, k] == after))
        for candidate in turns:
            good = same & (candidate != before) & (candidate != after)
            # a home at the end of the tour stays home; the stop before it has moved already
            movable = good & (out[:, k] >= 0) & ((after >= 0) | (out[:, k] == before))
            out[movable, k] = candidate
            same &= ~movable
    return out


def _fitted(*, plans: Plans, day_s: float, rng: np.random.Generator) -> Plans:
    """Move tours, and shorten their stops where that is not enough, until they fit into the service day."""
    trips = (plans.nodes >= 0).sum(1) - 1
    need = plans.stops.sum(1) + trips * 1500.0
    room = day_s - 900.0
    if plans.may_pass_end:
        # only a tour of one trip may end after 04:00; its vehicle rests on the day after
        need = np.where(trips == 1, room - day_s, need)
    scale = np.minimum(1.0, np.maximum(room - trips * 1500.0, 0) / np.maximum(plans.stops.sum(1), 1.0))
    need = np.where(scale < 1, room, need)
    latest = np.maximum(room - need, 0.0)
    depart = np.where(plans.depart_s < 0, rng.uniform(0, 3600.0, len(latest)), plans.depart_s)
    # who is too late leaves some time in the two hours before, or all would come at 03:45
    earlier = np.maximum(latest - rng.uniform(0, 7200.0, len(latest)), 0.0)
    depart = np.where(depart > latest, earlier, depart)
    return Plans(plans.vehicle, plans.nodes, plans.stops * scale[:, None], depart, plans.may_pass_end)
