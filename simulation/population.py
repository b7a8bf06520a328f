"""The vehicles that exist: who they belong to, where they start, which plate they carry. The same on all days."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.place import CLASSES, Place
from simulation.plates import COUNTRIES, Chars, compact, draw_plates
from simulation.settings import Settings

ROLES = ("resident", "commuter_in", "commuter_out", "through", "visitor", "van", "truck", "bus", "guest")
CAR, VAN, TRUCK, BUS, MOTORCYCLE, OTHER, UNKNOWN = range(len(CLASSES))


@dataclass(frozen=True)
class Population:
    """All vehicles, a row each: ``role`` (index into ``ROLES``), ``home`` and ``work`` (node numbers; through traffic
    goes from home to work), ``habit_h`` (usual departure, local hour), ``vehicle_class``, ``country``, ``shown`` and
    ``plain`` (plates with and without separators), ``legible`` (logit shift of being read), ``presence`` (share of a
    workday's pool that drives). All have shape (vehicles,), plates (vehicles, 10)."""

    role: NDArray[np.int8]
    home: NDArray[np.int16]
    work: NDArray[np.int16]
    habit_h: NDArray[np.float64]
    vehicle_class: NDArray[np.int8]
    country: NDArray[np.int8]
    shown: Chars
    plain: Chars
    legible: NDArray[np.float64]
    presence: NDArray[np.float64]


def draw_population(*, place: Place, settings: Settings, vehicles: int, rng: np.random.Generator) -> Population:
    """Draw the pool from which about ``vehicles`` drive on a workday."""
    shares = np.array([settings["roles"][r] for r in ROLES])
    presence = np.array([settings["presence"][r] for r in ROLES])
    sizes = np.maximum(np.round(vehicles * shares / shares.sum() / presence).astype(int), 1)
    role = np.repeat(np.arange(len(ROLES)), sizes).astype(np.int8)
    home, work = _places(place=place, settings=settings, role=role, rng=rng)
    habit = np.zeros(len(role))
    for number, name in enumerate(ROLES):
        some = np.flatnonzero(role == number)
        habit[some] = draw_hours(mixture=settings["departures"][name], n=len(some), rng=rng)
    vehicle_class = _classes(settings=settings, role=role, rng=rng)
    country = _countries(settings=settings, role=role, vehicle_class=vehicle_class, rng=rng)
    shown = draw_plates(country=country, old_share=settings["countries"]["old_plates"], rng=rng)
    return Population(
        role=role,
        home=home,
        work=work,
        habit_h=habit,
        vehicle_class=vehicle_class,
        country=country,
        shown=shown,
        plain=compact(shown),
        legible=rng.normal(0, settings["read"]["vehicle_sigma"], len(role)),
        presence=presence[role],
    )


def draw_hours(*, mixture: list[list[float]], n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Hours of the day from a mixture of normal distributions, shape (n,)."""
    table = np.array(mixture)
    kind = rng.choice(len(table), size=n, p=table[:, 2] / table[:, 2].sum())
    return np.asarray(rng.normal(table[kind, 0], table[kind, 1]))


def draw_nodes(*, place: Place, purpose: str, n: int, rng: np.random.Generator) -> NDArray[np.int16]:
    """Node numbers by the weights of one column of network_nodes.csv, shape (n,)."""
    weight = place.nodes[purpose].astype(float).to_numpy()
    return rng.choice(len(weight), size=n, p=weight / weight.sum()).astype(np.int16)


def _places(
    *, place: Place, settings: Settings, role: NDArray[np.int8], rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    n = len(role)
    living, working, shopping, gateway, other = (
        draw_nodes(place=place, purpose=p, n=n, rng=rng) for p in ("living", "working", "shopping", "gateway", "gateway")
    )
    while (same := np.flatnonzero(gateway == other)).size:  # through traffic leaves by another road
        other[same] = draw_nodes(place=place, purpose="gateway", n=len(same), rng=rng)
    industry = place.nodes.index[place.nodes.node_id == settings["habits"]["truck_base"]]
    works_out = (role == ROLES.index("van")) & (rng.random(n) < settings["habits"]["van_base_inside"])
    at_industry = (role == ROLES.index("truck")) & (rng.random(n) < settings["habits"]["truck_base_industry"])
    inner = np.isin(role, [ROLES.index(r) for r in ("resident", "commuter_out")])
    home = np.where(inner, living, gateway)
    home = np.where(works_out, working, home)
    if len(industry):
        home = np.where(at_industry, industry[0], home)
    work = np.where(role == ROLES.index("visitor"), shopping, working)
    work = np.where(np.isin(role, [ROLES.index(r) for r in ("through", "commuter_out")]), other, work)
    return home.astype(np.int16), work.astype(np.int16)


def _classes(*, settings: Settings, role: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.int8]:
    share = settings["classes"]
    chance = rng.random(len(role))
    private = np.isin(role, [ROLES.index(r) for r in ("resident", "commuter_in", "commuter_out", "through", "visitor")])
    out = np.full(len(role), CAR, np.int8)
    edges = np.cumsum([share["motorcycle"], share["van"], share["other"]])
    kinds = np.array([MOTORCYCLE, VAN, OTHER, CAR], np.int8)[np.searchsorted(edges, chance)]
    out[private] = kinds[private]
    out[(role == ROLES.index("through")) & (rng.random(len(role)) < share["truck_through"])] = TRUCK
    out[role == ROLES.index("van")] = VAN
    out[role == ROLES.index("truck")] = TRUCK
    out[role == ROLES.index("bus")] = BUS
    return out


def _countries(
    *, settings: Settings, role: NDArray[np.int8], vehicle_class: NDArray[np.int8], rng: np.random.Generator
) -> NDArray[np.int8]:
    table = settings["countries"]
    by_role = {
        "resident": "resident_foreign",
        "commuter_in": "commuter_foreign",
        "commuter_out": "resident_foreign",
        "through": "through_foreign",
        "visitor": "visitor_foreign",
        "guest": "visitor_foreign",
        "truck": "truck_foreign",
    }
    foreign = np.array([table[by_role[r]] if r in by_role else 0.0 for r in ROLES])[role]
    foreign = np.where((vehicle_class == TRUCK) & (role != ROLES.index("truck")), table["truck_foreign"], foreign)
    if table["all_foreign"] >= 0:
        foreign = np.full(len(role), table["all_foreign"])
    mix = np.array([table["mix"].get(c, 0.0) for c in COUNTRIES])
    abroad = rng.choice(len(COUNTRIES), size=len(role), p=mix / mix.sum())
    return np.where(rng.random(len(role)) < foreign, abroad, COUNTRIES.index("BE")).astype(np.int8)
