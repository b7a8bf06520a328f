"""The tours of each role: which nodes in which order, how long the stops last, when they start."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.place import Place
from simulation.population import Population, draw_hours, draw_nodes
from simulation.settings import Settings

Nodes = NDArray[np.int16]
Floats = NDArray[np.float64]
Tours = tuple[Nodes, Floats, Floats]


@dataclass(frozen=True)
class Drivers:
    """Vehicles of one role that drive today: rows of the population and whose turn it is (0, 1, 2), shapes (n,)."""

    place: Place
    settings: Settings
    population: Population
    role: str
    vehicle: NDArray[np.int64]
    turn: NDArray[np.int64]
    rng: np.random.Generator

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.vehicle)

    @property
    def home(self) -> Nodes:
        """Where each begins."""
        return self.population.home[self.vehicle]

    @property
    def work(self) -> Nodes:
        """Where each usually goes."""
        return self.population.work[self.vehicle]

    def usual_hours(self) -> Floats:
        """Each one's usual hour of departure, give or take."""
        spread = self.settings["habits"]["habit_spread_h"]
        return self.population.habit_h[self.vehicle] + self.rng.normal(0, spread, self.n)

    def new_hours(self, name: str = "") -> Floats:
        """Hours of departure without a habit."""
        return draw_hours(mixture=self.settings["departures"][name or self.role], n=self.n, rng=self.rng)

    def node(self, purpose: str) -> Nodes:
        """A node for each, by a column of network_nodes.csv."""
        return draw_nodes(place=self.place, purpose=purpose, n=self.n, rng=self.rng)

    def stop(self, kind: str) -> Floats:
        """Seconds of a stop of one kind."""
        median, sigma = self.settings["stops"][kind]
        return np.asarray(median * self.rng.lognormal(0, sigma, self.n))

    def mixed(self, shares: dict[str, float]) -> Floats:
        """Seconds of a stop whose kind is drawn."""
        weight = np.array(list(shares.values()))
        which = self.rng.choice(len(weight), size=self.n, p=weight / weight.sum())
        return np.stack([self.stop(kind) for kind in shares])[which, np.arange(self.n)]

    def chance(self, habit: str) -> NDArray[np.bool_]:
        """Who has a habit today."""
        return self.rng.random(self.n) < float(self.settings["habits"][habit])


def draw_tours(drivers: Drivers) -> Tours:
    """Nodes (n, trips + 1) with -1 after the last, stops (n, trips) in seconds, departures (n,) in local hours."""
    return _ROLES[drivers.role](drivers)


def _resident(d: Drivers) -> Tours:
    habits = d.settings["habits"]
    works = d.chance("resident_works_inside")
    hours = np.where(works, d.usual_hours(), d.new_hours())
    shares = np.array(habits["resident_tours"])
    tour = d.rng.choice(3, size=d.n, p=shares / shares.sum())
    home, second, over = d.home, d.node("shopping"), np.full(d.n, -1, np.int16)
    # a working day that starts after noon is half a one
    long = np.where(hours < 12, d.stop("work"), d.stop("half_day"))
    stay = np.where(works, long, d.mixed(habits["resident_stops"]))
    again = d.mixed(habits["resident_stops"])
    nodes = [
        home,
        np.where(works, d.work, d.node("shopping")),
        np.choose(tour, [home, second, home]),
        np.choose(tour, [over, home, second]),
        np.choose(tour, [over, over, home]),
    ]
    none = np.zeros(d.n)
    stops = [stay, np.choose(tour, [none, again, d.stop("social")]), np.where(tour == 2, again, 0.0), none]
    return np.stack(nodes, 1), np.stack(stops, 1), hours


def _commuter_in(d: Drivers) -> Tours:
    return _closed_up(
        nodes=[d.home, d.node("living"), d.work, d.node("shopping"), d.home],
        stops=[d.stop("kiss"), d.stop("work"), d.mixed(d.settings["habits"]["commuter_shop_stops"])],
        keep=[_all(d), d.chance("commuter_drops"), _all(d), d.chance("commuter_shops"), _all(d)],
        hours=d.usual_hours(),
    )


def _commuter_out(d: Drivers) -> Tours:
    return _closed_up(
        nodes=[d.home, d.node("shopping"), d.work, d.home],
        stops=[d.stop("kiss"), d.stop("work")],
        keep=[_all(d), d.chance("commuter_drops"), _all(d), _all(d)],
        hours=d.usual_hours(),
    )


def _through(d: Drivers) -> Tours:
    start = d.place.day_start.hour
    return _closed_up(
        nodes=[d.home, d.node("shopping"), d.work, d.home],
        stops=[d.stop("errand"), d.stop("half_day")],
        keep=[_all(d), d.chance("through_stops"), _all(d), d.chance("through_returns")],
        # who drives in the night before 04:00 belongs to the service day before
        hours=start + (d.new_hours() - start) % 24,
    )


def _visitor(d: Drivers) -> Tours:
    place = np.where(d.chance("visitor_works"), d.work, d.node("shopping"))
    return _closed_up(
        nodes=[d.home, place, d.node("shopping"), d.home],
        stops=[d.mixed(d.settings["habits"]["visitor_stops"]), d.mixed(d.settings["habits"]["visitor_second_stops"])],
        keep=[_all(d), _all(d), d.chance("visitor_second"), _all(d)],
        hours=d.new_hours(),
    )


def _rounds(d: Drivers) -> Tours:
    low, high = d.settings["habits"][f"{d.role}_stops"]
    count = d.rng.integers(low, high + 1, d.n)
    purposes = ("living", "shopping", "working") if d.role == "van" else ("working",)
    stop = "delivery" if d.role == "van" else "loading"
    return _closed_up(
        nodes=[d.home, *(d.node(purposes[k % len(purposes)]) for k in range(high)), d.home],
        stops=[d.stop(stop) for _ in range(high)],
        keep=[_all(d), *(count > k for k in range(high)), _all(d)],
        hours=d.usual_hours(),
    )


def _bus(d: Drivers) -> Tours:
    trips = d.settings["habits"]["bus_trips"]
    number = {n: i for i, n in enumerate(d.place.nodes.node_id)}
    lines = np.array([[number[n] for n in line] for line in d.settings["habits"]["bus_lines"]], np.int16)
    line = lines[d.vehicle % len(lines)]
    nodes = [line[:, (0, 1, 2, 1)[k % 4]] for k in range(trips + 1)]
    stops = [d.stop("layover") for _ in range(trips - 1)]
    return np.stack(nodes, 1), np.stack([*stops, np.zeros(d.n)], 1), d.usual_hours()


def _guest(d: Drivers) -> Tours:
    comes = d.turn == 0
    nodes = [np.where(comes, d.home, d.work), np.where(comes, d.work, d.home)]
    hours = np.where(comes, d.usual_hours(), d.new_hours("guest_leaves"))
    return np.stack(nodes, 1), np.zeros((d.n, 1)), hours


_ROLES: dict[str, Callable[[Drivers], Tours]] = {
    "resident": _resident,
    "commuter_in": _commuter_in,
    "commuter_out": _commuter_out,
    "through": _through,
    "visitor": _visitor,
    "van": _rounds,
    "truck": _rounds,
    "bus": _bus,
    "guest": _guest,
}


def _all(d: Drivers) -> NDArray[np.bool_]:
    return np.ones(d.n, bool)


def _closed_up(*, nodes: list[Nodes], stops: list[Floats], keep: list[NDArray[np.bool_]], hours: Floats) -> Tours:
    """Leave out the nodes that are not kept, with their stops, and close the gaps.

    The stops are those at the nodes between the first and the last.
    """
    kept, none = np.stack(keep, 1), np.zeros(len(hours))
    order = np.argsort(~kept, axis=1, kind="stable")
    route = np.take_along_axis(np.where(kept, np.stack(nodes, 1), -1), order, axis=1)
    after = np.take_along_axis(np.where(kept, np.stack([none, *stops, none], 1), 0.0), order, axis=1)[:, 1:]
    # nothing follows the last node, so nobody waits there
    last = (route >= 0).sum(1) - 2
    after[np.arange(len(last)), last] = 0.0
    return route.astype(np.int16), after, hours
