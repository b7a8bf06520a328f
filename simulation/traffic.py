"""Vehicles on the road: congestion, driving along routes, and what passes which site when."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.demand import Plans
from simulation.network import FREE, PEAK, Network
from simulation.settings import Settings

Columns = tuple[NDArray[Any], ...]
SLOT = 900.0
SLOTS = 136  # 34 hours: a night drive ends after the service day


@dataclass(frozen=True)
class Movements:
    """What truly happened on a service day; times are seconds since its start, sorted by vehicle and time.

    Trips (t,): ``trip_vehicle``, ``trip_from``, ``trip_to`` (nodes), ``trip_depart``, ``trip_arrive``,
    ``trip_stop_before`` (NaN for the first). Passages (p,): ``vehicle``, ``site``, ``edge``, ``t``, ``speed_kmh``.
    """

    trip_vehicle: NDArray[np.int64]
    trip_from: NDArray[np.int16]
    trip_to: NDArray[np.int16]
    trip_depart: NDArray[np.float64]
    trip_arrive: NDArray[np.float64]
    trip_stop_before: NDArray[np.float64]
    vehicle: NDArray[np.int64]
    site: NDArray[np.int64]
    edge: NDArray[np.int64]
    t: NDArray[np.float64]
    speed_kmh: NDArray[np.float64]


def congestion(
    *, network: Network, settings: Settings, day_type: str, day_start_h: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Speed as a share of the free speed, per edge and quarter hour since the day's start, shape (edges, SLOTS)."""
    options = settings["traffic"]
    hour = (day_start_h + (np.arange(SLOTS) + 0.5) * SLOT / 3600.0) % 24
    profile = np.zeros(SLOTS)
    for centre, spread, height in options["peaks"]:
        profile = np.maximum(profile, height * np.exp(-0.5 * ((hour - centre) / spread) ** 2))
    profile *= options["congestion"].get(day_type, 1.0) * rng.lognormal(0, options["day_sigma"])
    depth = np.array([options["depth"][c] for c in network.road_class])
    depth = depth * rng.lognormal(0, options["edge_sigma"], len(depth))
    factor = np.maximum(1 - depth[:, None] * profile[None, :], options["slowest"])
    for _ in range(rng.poisson(options["incidents_a_day"])):
        edge, start = rng.integers(len(depth)), rng.uniform(2, 17) * 3600.0
        end = start + rng.uniform(*options["incident_s"])
        factor[edge, int(start / SLOT) : int(end / SLOT) + 1] *= rng.uniform(*options["incident_factor"])
    return np.asarray(factor)


def drive(
    *,
    plans: list[Plans],
    network: Network,
    settings: Settings,
    factor: NDArray[np.float64],
    day_s: float,
    rng: np.random.Generator,
) -> Movements:
    """Drive all tours of a day, trip after trip and edge after edge.

    Tours that would end after the service day are left out, but for those that may.
    """
    trips: list[Columns] = []
    passages: list[Columns] = []
    for plan in plans:
        mine, seen, late = _drive_plan(plan=plan, network=network, settings=settings, factor=factor, day_s=day_s, rng=rng)
        trips += [tuple(column[~np.isin(part[0], late)] for column in part) for part in mine]
        passages += [tuple(column[~np.isin(part[0], late)] for column in part) for part in seen]
    trip = [np.concatenate(c) for c in zip(*trips, strict=True)]
    order = np.lexsort((trip[3], trip[0]))
    trip = [c[order] for c in trip]
    passage = [np.concatenate(c) for c in zip(*passages, strict=True)]
    order = np.lexsort((passage[2], passage[0]))
    vehicle, edge, t, speed = (c[order] for c in passage)
    return Movements(
        trip_vehicle=trip[0],
        trip_from=trip[1],
        trip_to=trip[2],
        trip_depart=trip[3],
        trip_arrive=trip[4],
        trip_stop_before=trip[5],
        vehicle=vehicle,
        site=network.site[edge],
        edge=edge,
        t=t,
        speed_kmh=speed,
    )


def _drive_plan(
    *,
    plan: Plans,
    network: Network,
    settings: Settings,
    factor: NDArray[np.float64],
    day_s: float,
    rng: np.random.Generator,
) -> tuple[list[Columns], list[Columns], NDArray[np.int64]]:
    access = settings["network"]["access_s"]
    trips: list[Columns] = []
    passages: list[Columns] = []
    now = plan.depart_s.copy()
    for k in range(plan.nodes.shape[1] - 1):
        row = np.flatnonzero(plan.nodes[:, k + 1] >= 0)
        if len(row) == 0:
            break
        depart = now[row]
        origin, destination = plan.nodes[row, k], plan.nodes[row, k + 1]
        route = _choose(
            network=network, settings=settings, factor=factor, origin=origin, destination=destination, t=depart, rng=rng
        )
        start = depart + rng.uniform(access[0], access[1], len(row))
        end, seen = _along(
            network=network,
            settings=settings,
            factor=factor,
            route=route,
            vehicle=plan.vehicle[row],
            start=start,
            rng=rng,
        )
        passages += seen
        arrive = end + rng.uniform(access[0], access[1], len(row))
        before = plan.stops[row, k - 1] if k else np.full(len(row), np.nan)
        trips.append((plan.vehicle[row], origin, destination, depart, arrive, before))
        now[row] = arrive + plan.stops[row, k]
    late = plan.vehicle[now > day_s - 60.0]
    if plan.may_pass_end:
        one = (plan.nodes >= 0).sum(1) == 2
        late = plan.vehicle[(now > day_s - 60.0) & ~one]
    return trips, passages, late


def _choose(
    *,
    network: Network,
    settings: Settings,
    factor: NDArray[np.float64],
    origin: NDArray[np.int16],
    destination: NDArray[np.int16],
    t: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    slot = np.minimum((t / SLOT).astype(np.int64), SLOTS - 1)
    busy = factor.mean(0)[slot] < 0.5 + 0.5 * factor.mean(0).min()
    state = np.where(busy, PEAK, FREE)
    cost = network.route_s[state, origin, destination]
    utility = -settings["network"]["choice_theta"] * cost / cost.min(1, keepdims=True) + rng.gumbel(size=cost.shape)
    return np.asarray(network.route[state, origin, destination, utility.argmax(1)])


def _along(
    *,
    network: Network,
    settings: Settings,
    factor: NDArray[np.float64],
    route: NDArray[np.int32],
    vehicle: NDArray[np.int64],
    start: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], list[Columns]]:
    options = settings["traffic"]
    driver = rng.lognormal(0, options["driver_sigma"], len(route))
    t = start.copy()
    seen: list[Columns] = []
    for step in range(network.paths.shape[1]):
        edge = network.paths[route, step].astype(np.int64)
        row = np.flatnonzero(edge >= 0)
        if len(row) == 0:
            break
        edge = edge[row]
        slot = np.minimum((t[row] / SLOT).astype(np.int64), SLOTS - 1)
        noise = driver[row] * rng.lognormal(0, options["link_sigma"], len(row))
        speed = np.minimum(network.speed_kmh[edge] * factor[edge, slot] * noise, options["fastest_kmh"])
        took = network.length_m[edge] / (speed / 3.6)
        looked = np.flatnonzero(network.site[edge] >= 0)
        at = t[row][looked] + network.site_at[edge[looked]] * took[looked]
        seen.append((vehicle[row][looked], edge[looked], at, np.maximum(speed[looked], options["crawl_kmh"])))
        t[row] += took
    return t, seen
