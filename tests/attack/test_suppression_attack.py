"""An outsider with the files of a shared release and a solver. Shares no code with the suppression that it attacks.

What the attacker knows: the published rows, ``gates.geojson`` and ``sites.geojson``, what Kordon's documentation says the
columns mean, and that nothing counts below zero. From these follow sums; each hidden row is an unknown in them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from kordon.city import City
from privacy.disclosure import CONTRIBUTORS, disclose
from publication.cells import tables
from publication.published import publish_all
from tests.attack.test_suppression_city import DAY, cells, small, vliet

K = 10
EXACT = 1e-6


@dataclass
class Attacker:
    """Sums over unknown counts: ``rows[i] @ unknowns == constants[i]``."""

    names: dict[tuple, int] = field(default_factory=dict)
    known: dict[tuple, float] = field(default_factory=dict)
    rows: list[dict[int, float]] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)

    def says(self, name: tuple, value: float | None) -> None:
        """A count that a file shows, or that it hides (None)."""
        if value is not None:
            self.known[name] = value
        self.names.setdefault(name, len(self.names))

    def adds_up(self, parts: Iterable[tuple], whole: Iterable[tuple], rest: tuple | None = None) -> None:
        """The parts, and a rest that nobody publishes, add up to the whole."""
        row: dict[int, float] = defaultdict(float)
        constant = 0.0
        signed = [(p, 1) for p in parts] + [(w, -1) for w in whole] + ([(rest, 1)] if rest else [])
        if rest:
            self.says(rest, None)
        for name, sign in signed:
            if name in self.known:
                constant -= sign * self.known[name]
            else:
                row[self.names[name]] += sign
        row = {column: value for column, value in row.items() if value}
        if row:
            self.rows.append(row)
            self.constants.append(constant)

    def unknowns(self) -> list[tuple]:
        return [name for name in self.names if name not in self.known]

    def by_subtraction(self) -> set[tuple]:
        """One sum at a time: a single unknown, or several that must all be 0."""
        name = {number: key for key, number in self.names.items()}
        found = set()
        for row, constant in zip(self.rows, self.constants, strict=True):
            if len(row) == 1 or (abs(constant) < EXACT and len({np.sign(v) for v in row.values()}) == 1):
                found |= {name[column] for column in row}
        return found

    def by_algebra(self) -> set[tuple]:
        """All sums together: an unknown is determined when its unit vector lies in their row space."""
        columns = sorted({column for row in self.rows for column in row})
        pattern = defaultdict(list)
        for column in columns:
            pattern[tuple((i, row[column]) for i, row in enumerate(self.rows) if column in row)].append(column)
        matrix = np.zeros((len(self.rows), len(pattern)))
        for place, entries in enumerate(pattern):
            for i, value in entries:
                matrix[i, place] = value
        _, size, space = np.linalg.svd(matrix, full_matrices=False)
        space = space[size > 1e-9 * size.max()]
        share = (space**2).sum(axis=0)
        name = {number: key for key, number in self.names.items()}
        # Unknowns that stand in the same sums can be exchanged: none of them is determined.
        return {
            name[members[0]] for members, s in zip(pattern.values(), share, strict=True) if len(members) == 1 and s > 1 - 1e-7
        }

    def widths(self, wanted: Iterable[tuple]) -> dict[tuple, tuple[float, float]]:
        """Linear programs: the least and the most that a count can be, given every sum and that nothing is below zero."""
        entries = [(i, column, value) for i, row in enumerate(self.rows) for column, value in row.items()]
        i, j, v = zip(*entries, strict=True)
        matrix = csr_array((v, (i, j)), shape=(len(self.rows), len(self.names)))
        found = {}
        for name in wanted:
            ends = []
            for sign in (1, -1):
                objective = np.zeros(len(self.names))
                objective[self.names[name]] = sign
                solved = linprog(objective, A_eq=matrix, b_eq=self.constants, bounds=(0, None), method="highs")
                assert solved.status in (0, 3), solved.message
                ends.append(sign * solved.fun if solved.status == 0 else np.inf)
            found[name] = (ends[0], ends[1])
        return found


def attacker(published: dict[str, pd.DataFrame], *, city: City) -> Attacker:
    """What the files of one day and the documentation tell."""
    it = Attacker()
    streams = defaultdict(set)
    for gate in city.gates:
        for way in ("in", "out") if gate.direction == "both" else (gate.direction,):
            streams[gate.cordon_id, gate.gate_id, way] |= (
                {(gate.site_id, way)} if gate.direction == "both" else {(gate.site_id, "in"), (gate.site_id, "out")}
            )

    def value(row, measure):
        number = getattr(row, measure)
        return 0.0 if row.status in ("missing", "structural_zero") else None if pd.isna(number) else float(number)

    gates, by = [], defaultdict(list)
    for row in published["gate_hour"].itertuples():
        place = frozenset(streams[row.cordon_id, row.gate_id, row.direction])
        name = ("passages", place, row.hour, row.vehicle_class)
        it.says(name, value(row, "passages"))
        gates.append((row.cordon_id, row.gate_id, row.direction, row.vehicle_class, place, name))
    for cordon, gate, way, cls, place, name in gates:
        by["gate", cordon, gate, way].append(name)
        by["class", cordon, cls, way].append(name)
        by["place", place, cls].append(name)
    for row in published["through_day"].itertuples():
        key = (row.cordon_id, row.vehicle_class)
        for measure in ("entries", "through"):
            it.says((measure, *key), value(row, measure))
        entered, through = value(row, "entries"), value(row, "through")
        it.says(("other", *key), None if entered is None else entered - through)
        by["cordons"].append(row.cordon_id)
        by["classes", row.cordon_id].append(row.vehicle_class)
        it.adds_up([("through", *key), ("other", *key)], [("entries", *key)])
    for row in published["gate_pair_day"].itertuples():
        name = ("visits", row.cordon_id, row.entry_gate_id, row.exit_gate_id, row.kind)
        it.says(name, value(row, "visits"))
        by["kind", row.cordon_id, row.kind].append(name)
        by["pairs", row.cordon_id, row.entry_gate_id, "in"].append(name)
        by["pairs", row.cordon_id, row.exit_gate_id, "out"].append(name)
        by["ends", row.cordon_id, row.entry_gate_id, row.exit_gate_id].append(name)
    for cordon in dict.fromkeys(by["cordons"]):
        classes = [c for c in by["classes", cordon] if c != "all"]
        for measure in ("entries", "through", "other"):
            it.adds_up([(measure, cordon, c) for c in classes], [(measure, cordon, "all")])
        for c in classes:
            if by["class", cordon, c, "in"]:
                it.adds_up(by["class", cordon, c, "in"], [("entries", cordon, c)])
        it.adds_up(by["kind", cordon, "through"], [("through", cordon, "all")])
        it.adds_up(by["kind", cordon, "stay"], [("other", cordon, "all")], ("not left", cordon))
        entries = [(c, g, w) for c, g, w in streams if c == cordon]
        for _, gate, way in entries:
            it.adds_up(by["pairs", cordon, gate, way], by["gate", cordon, gate, way], ("one end", cordon, gate, way))
    # The same gates of two cordons: whoever uses both ends for the one cordon does so for the other.
    ends = [
        (key, (frozenset(streams[key[1], key[2], "in"]), frozenset(streams[key[1], key[3], "out"])))
        for key in by
        if key[0] == "ends"
    ]
    for (one, place), (other, same) in combinations(ends, 2):
        if place == same:
            fewer, more = sorted((by[one], by[other]), key=lambda names: sum(it.known.get(n, 0) for n in names))
            it.adds_up(fewer, more, ("more visits", one, other))
    zone_of = {(s.site_id, way): s.zone_id for s in city.sites for way in ("in", "out")}
    for row in published["od_day"].itertuples():
        name = ("trips", row.origin_zone_id, row.destination_zone_id, row.vehicle_class)
        it.says(name, value(row, "trips"))
        by["from", row.origin_zone_id, row.vehicle_class].append(name)
        by["to", row.destination_zone_id, row.vehicle_class].append(name)
    watched = {stream for place in streams.values() for stream in place}
    for zone in set(zone_of.values()):
        here = {stream for stream, z in zone_of.items() if z == zone}
        if here <= watched:
            places = {frozenset(p) for p in streams.values() if p & here}
            for cls in city.vehicle_classes:
                passed = [name for p in places for name in by["place", p, cls]]
                for end in ("from", "to"):
                    it.adds_up(by[end, zone, cls], set(passed), ("surplus", end, zone, cls))
    return it


def release(day_cells: dict[str, pd.DataFrame], city: City, *, complementary: bool) -> dict[str, pd.DataFrame]:
    """The published rows of a day; without complementary suppression as the positive control."""
    rows = tables(day_cells, city=city, days=[DAY])
    if complementary:
        status = disclose(
            rows,
            gates=[(g.cordon_id, g.gate_id, g.site_id, g.direction) for g in city.gates],
            zone_of={s.site_id: s.zone_id for s in city.sites},
            k=K,
        ).status
    else:
        status = {}
        for product, table in rows.items():
            few = table[list(CONTRIBUTORS.get(product, ()))].fillna(0).min(axis=1) < K
            status[product] = table["status"].mask(few & (table["status"] != "missing"), "suppressed")
    return publish_all(rows, status=status)


def cannot_occur(it: Attacker) -> set[tuple]:
    """Driving through a cordon of which no two gates can be entered and left: known from the map, of no vehicle."""
    driven = {name[1] for name in it.names if name[0] == "visits" and name[4] == "through"}
    return {name for name in it.names if name[0] == "through" and name[1] not in driven}


def one_of_each(it: Attacker) -> list[tuple]:
    """One unknown of all that stand in the same sums: they can be exchanged, so their bounds are the same."""
    sums = defaultdict(list)
    for number, row in enumerate(it.rows):
        for column, value in row.items():
            sums[column].append((number, value))
    first: dict[tuple, tuple] = {}
    for name, column in it.names.items():
        if name not in it.known and sums[column]:
            first.setdefault(tuple(sums[column]), name)
    return list(first.values())


@pytest.mark.parametrize(("vehicles", "seed"), [(300, 1), (3000, 3)])
def test_nothing_hidden_in_a_release_of_vliet_is_found_by_subtraction_algebra_or_programming(vehicles, seed):
    city = vliet()
    it = attacker(release(cells(city, days=[DAY], vehicles=vehicles, seed=seed), city, complementary=True), city=city)
    assert it.by_subtraction() == set()
    assert it.by_algebra() == set()
    unknown = it.unknowns()
    sample = [unknown[n] for n in np.random.default_rng(seed).choice(len(unknown), 40, replace=False)]
    assert min(high - low for low, high in it.widths(sample).values()) >= K


def test_a_gate_that_was_down_is_known_to_have_counted_nothing_and_helps_nobody():
    city = vliet()
    day = cells(city, days=[DAY], vehicles=3000, seed=3)
    rows = tables(day, city=city, days=[DAY])["gate_hour"]
    down = rows[(rows["passages"] == 0) & (rows["hour"].dt.hour < 9)].assign(status="missing", passages=None, vehicles=None)
    found = down.rename(columns={"date": "service_day", "hour": "hour_ts"})[day["gate_hour"].columns]
    published = release({**day, "gate_hour": pd.concat([day["gate_hour"], found])}, city, complementary=True)
    assert (published["gate_hour"]["status"] == "missing").sum() == len(down) > 1000
    it = attacker(published, city=city)
    assert it.by_subtraction() | it.by_algebra() == set()
    assert min(high - low for low, high in it.widths(it.unknowns()[::150]).values()) >= K


def test_control_the_threshold_alone_is_caught():
    city = vliet()
    it = attacker(release(cells(city, days=[DAY], vehicles=3000, seed=3), city, complementary=False), city=city)
    found = it.by_subtraction()
    assert ("through", "ring", "other") in found
    assert found <= it.by_algebra()
    low, high = it.widths([("through", "ring", "other")])["through", "ring", "other"]
    assert high - low < EXACT


def test_control_a_hidden_zero_is_caught_without_complementary_suppression_and_not_with_it():
    city = vliet()
    day = cells(city, days=[DAY], vehicles=20_000, seed=4, absent=("other", "motorcycle"))
    zeros = {("entries", "ring", "other"), ("entries", "ring", "motorcycle")}
    bare, covered = (attacker(release(day, city, complementary=c), city=city) for c in (False, True))
    assert zeros <= bare.by_subtraction()
    assert not covered.by_subtraction()
    assert min(high - low for low, high in covered.widths(zeros).values()) >= K


@pytest.mark.parametrize("seed", range(1, 7))
def test_in_small_tangled_cities_no_hidden_count_can_be_bounded_to_less_than_k(seed):
    city = small(seed=seed)
    day = cells(city, days=[DAY], vehicles=[15, 60, 200, 800][seed % 4], seed=seed)
    it = attacker(release(day, city, complementary=True), city=city)
    structural = cannot_occur(it)
    assert it.by_subtraction() <= structural
    assert it.by_algebra() <= structural
    narrow = {name for name, (low, high) in it.widths(one_of_each(it)).items() if high - low < K}
    assert all(name[0] == "through" and name[1] in {s[1] for s in structural} for name in narrow)


def test_control_small_tangled_cities_leak_without_complementary_suppression():
    leaks = 0
    for seed in range(1, 7):
        city = small(seed=seed)
        day = cells(city, days=[DAY], vehicles=[15, 60, 200, 800][seed % 4], seed=seed)
        it = attacker(release(day, city, complementary=False), city=city)
        leaks += bool((it.by_subtraction() | it.by_algebra()) - cannot_occur(it))
    assert leaks >= 2
