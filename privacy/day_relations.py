"""The sums that tie the products of one service day together, as a reader of those that are published can know them.

Rows of a day, by product:

- ``through_day``: entries = through + other, for each class and for all classes; the row ``all`` is the sum of the classes.
- ``through_day`` and ``gate_hour``: entries of a class = its crossings inwards over gates and hours.
- ``through_day`` and ``gate_pair_day``: through of all classes = pairs of kind ``through``; the other entries = pairs of kind
  ``stay`` and entries that were not seen leaving.
- ``gate_hour`` and ``gate_pair_day``: crossings inwards at a gate = its pairs as gate of entry, and entries that were not
  seen leaving; outwards alike.
- ``dwell_day`` and ``gate_pair_day``: visits with both ends, over bins and over pairs and kinds; where pairs are not published, at
  most the entries, or the crossings inwards.
- Two cordons: gates at the same sites count the same crossings (one variable, hidden together); who enters and leaves the
  inner cordon at such gates does the same at the outer one, which sees more. Where gates share only some of their sites,
  the later gate of ``gates.csv`` is withheld, for the difference of the two is a count of its own.
- ``od_day`` and ``gate_hour``: trips that start in a zone are at most the passages at its sites, where every site of the zone
  is a gate; the same for the end of trips.
- The total of each product on each day, from the share of it that the report gives.

Nothing else is shared: visits by gate pair have no class, trips have no gate, vehicles are not published, and no product
adds up over days. ``travel_time_hour`` counts drives between consecutive sites, at least 30 where it shows any: they say that
as many passages were at both sites, which hides no less of a row of fewer than ``k``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from privacy.relations import Bools, Ints, System, SystemBuilder

ALL = "all"
WAYS = ("in", "out")
COUNTED = ("ok", "low_n", "partial")
"""The statuses of cells that have a value. The value of any other is known: nothing was counted."""

COUNT = {
    "gate_hour": "passages",
    "od_day": "trips",
    "gate_pair_day": "visits",
    "through_day": "entries",
    "dwell_day": "visits",
}
"""The products that share sums, and the count that a product's total and the cost of hiding a row go by."""


KEYS = {
    "gate_hour": ("hour", "cordon_id", "gate_id", "direction", "vehicle_class"),
    "od_day": ("origin_zone_id", "destination_zone_id", "vehicle_class"),
    "gate_pair_day": ("cordon_id", "entry_gate_id", "exit_gate_id", "kind"),
    "through_day": ("cordon_id", "vehicle_class", "through"),
    "dwell_day": ("cordon_id",),
}
"""The columns by which rows are tied, beside the count."""


@dataclass(frozen=True)
class Crossing:
    """The streams of passages that cross a gate in one direction.

    A stream is a site and a way, ``s01/in``. A gate of one direction takes every passage at its sites, both streams, so that
    a site between two cordons, out of one and into the other, is known to count the same for both.
    """

    cordon_id: str
    gate_id: str
    direction: str
    streams: frozenset[str]


@dataclass(frozen=True)
class DaySystem:
    """The relations of a day, and which of their rows shows which row of which product.

    Attributes:
        rows: per product, the number of each row; -1 where a row has no value to hide.
        totals: per product, the row that stands for its total.
    """

    system: System
    rows: dict[str, Ints]
    totals: dict[str, int]


def crossings(gates: Iterable[tuple[str, str, str, str]]) -> list[Crossing]:
    """The crossings of gates given as (cordon_id, gate_id, site_id, direction ``in``, ``out`` or ``both``), in file order."""
    streams: dict[tuple[str, str, str], set[str]] = {}
    for cordon, gate, site, direction in gates:
        for way in WAYS if direction == "both" else (direction,):
            ways = (way,) if direction == "both" else WAYS
            streams.setdefault((cordon, gate, way), set()).update(f"{site}/{each}" for each in ways)
    return [Crossing(*key, frozenset(found)) for key, found in streams.items()]


def withheld(known: Sequence[Crossing]) -> set[tuple[str, str, str]]:
    """The crossings that share some streams, but not all, with an earlier one."""
    return {
        (later.cordon_id, later.gate_id, later.direction)
        for number, later in enumerate(known)
        for earlier in known[:number]
        if earlier.streams & later.streams and earlier.streams != later.streams
    }


def day_system(tables: Mapping[str, pd.DataFrame], *, known: Sequence[Crossing], zone_of: Mapping[str, str]) -> DaySystem:
    """The relations of one service day.

    Args:
        tables: per product that is published its dense cells of that day, with true counts and the status of the cells.
        known: every crossing of the city's gates.
        zone_of: the zone of every site.
    """
    return _DayBuilder(tables, known=known, zone_of=zone_of).build()


class _DayBuilder:
    def __init__(self, tables: Mapping[str, pd.DataFrame], *, known: Sequence[Crossing], zone_of: Mapping[str, str]) -> None:
        self.builder = SystemBuilder()
        self.known = known
        self.zone_of = zone_of
        self.rows = {product: np.full(len(frame), -1, np.int64) for product, frame in tables.items()}
        self.tables = {product: self._counted(tables[product]) if product in tables else _absent(product) for product in COUNT}
        self._gate_rows()
        for product in ("od_day", "gate_pair_day", "through_day", "dwell_day"):
            self._plain_rows(product)

    @staticmethod
    def _counted(frame: pd.DataFrame) -> pd.DataFrame:
        table = frame.reset_index(drop=True)
        return table[table["status"].isin(COUNTED)].copy()

    def _gate_rows(self) -> None:
        """One row and variable for all gates that are crossed at the same sites in the same hour and class."""
        place = {(c.cordon_id, c.gate_id, c.direction): _name(c.streams) for c in self.known}
        table = self.tables["gate_hour"]
        table["streams"] = [place[key] for key in zip(table["cordon_id"], table["gate_id"], table["direction"], strict=True)]
        cell = table.groupby(["streams", "hour", "vehicle_class"], sort=False)
        number = cell.ngroup().to_numpy()
        values = cell["passages"].max().to_numpy(np.int64) if len(table) else np.array([], np.int64)
        rows = self.builder.rows(values.astype(np.float64))
        variables = self.builder.variables(values, rows=rows)
        if len(table):
            self.rows["gate_hour"][table.index] = rows[number]
        self.tables["gate_hour"] = table.assign(variable=variables[number])

    def _plain_rows(self, product: str) -> None:
        table = self.tables[product]
        values = table[COUNT[product]].to_numpy(np.int64)
        rows = self.builder.rows(values.astype(np.float64))
        if len(table):
            self.rows[product][table.index] = rows
        table["variable"] = self.builder.variables(values, rows=rows)
        if product == "through_day":
            through = table["through"].to_numpy(np.int64)
            table["through_variable"] = self.builder.variables(through, rows=rows)
            table["other_variable"] = self.builder.variables(values - through, rows=rows)

    def build(self) -> DaySystem:
        for cordon in dict.fromkeys(c.cordon_id for c in self.known):
            self._cordon(cordon)
        self._nested_pairs()
        for zone in sorted(set(self.zone_of.values())):
            self._zone(zone)
        totals = {product: self._total(product) for product in self.tables}
        return DaySystem(self.builder.build(), self.rows, totals)

    def _cordon(self, cordon: str) -> None:
        builder = self.builder
        gates, pairs, through = (
            table[table["cordon_id"] == cordon]
            for table in (self.tables[name] for name in ("gate_hour", "gate_pair_day", "through_day"))
        )
        inwards, everyone = gates[gates["direction"] == "in"], through["vehicle_class"] == ALL
        for row in through.itertuples():
            parts = [_one(row.through_variable), _one(row.other_variable)]
            builder.relate(f"{cordon} {row.vehicle_class}: entries", parts=parts, whole=[_one(row.variable)])
            entered = _numbers(inwards[inwards["vehicle_class"] == row.vehicle_class])
            if row.vehicle_class == ALL:
                # Follows from the classes; said once more for who adds up without them.
                entered = _numbers(inwards)
            if len(entered):
                builder.relate(f"{cordon} {row.vehicle_class}: gates", parts=[entered], whole=[_one(row.variable)])
        for column in ("variable", "through_variable", "other_variable"):
            classes, whole = _numbers(through[~everyone], column), _numbers(through[everyone], column)
            if len(whole):
                builder.relate(f"{cordon}: {column} of all classes", parts=[classes], whole=[whole])
        driving = pairs["kind"] == "through"
        if everyone.any() and len(pairs):
            all_through = _numbers(through[everyone], "through_variable")
            all_other, stays = _numbers(through[everyone], "other_variable"), _numbers(pairs[~driving])
            not_left = builder.never_shown(builder.value(all_other) - builder.value(stays))
            builder.relate(f"{cordon}: pairs through", parts=[_numbers(pairs[driving])], whole=[all_through])
            builder.relate(f"{cordon}: pairs stay", parts=[stays, not_left], whole=[all_other])
            self._gate_ends(cordon, gates, pairs, not_left=not_left)
        elif len(pairs):
            self._gate_ends(cordon, gates, pairs, not_left=None)
        dwells = self.tables["dwell_day"]
        of_cordon = _numbers(dwells[dwells["cordon_id"] == cordon])
        if len(of_cordon) and len(pairs):
            builder.relate(f"{cordon}: dwell times", parts=[of_cordon], whole=[_numbers(pairs)])
        elif len(of_cordon):
            entered = _numbers(through[everyone]) if everyone.any() else _numbers(inwards)
            if len(entered):
                not_left = builder.never_shown(builder.value(entered) - builder.value(of_cordon))
                builder.relate(f"{cordon}: dwell times", parts=[of_cordon, not_left], whole=[entered])

    def _gate_ends(self, cordon: str, gates: pd.DataFrame, pairs: pd.DataFrame, *, not_left: Ints | None) -> None:
        """Each gate against its pairs; what is over was seen at one end only."""
        left_over = []
        for direction, end in (("in", "entry_gate_id"), ("out", "exit_gate_id")):
            for gate, table in gates[gates["direction"] == direction].groupby("gate_id"):
                crossed, paired = _numbers(table), _numbers(pairs[pairs[end] == gate])
                rest = self.builder.never_shown(self.builder.value(crossed) - self.builder.value(paired))
                self.builder.relate(f"{cordon} {gate} {direction}: pairs", parts=[paired, rest], whole=[crossed])
                if direction == "in":
                    left_over.append(rest)
        if left_over and not_left is not None:
            self.builder.relate(f"{cordon}: not seen leaving", parts=left_over, whole=[not_left])

    def _nested_pairs(self) -> None:
        """Who enters and leaves an inner cordon at gates that it has in common with an outer one does so at both."""
        pairs = self.tables["gate_pair_day"]
        place = {(c.cordon_id, c.gate_id, c.direction): c.streams for c in self.known}
        ends: dict[tuple[frozenset[str], frozenset[str]], list[pd.DataFrame]] = {}
        for key, table in pairs.groupby(["cordon_id", "entry_gate_id", "exit_gate_id"], sort=False):
            cordon, entry, leave = map(str, key)
            ends.setdefault((place[cordon, entry, "in"], place[cordon, leave, "out"]), []).append(table)
        for same in ends.values():
            for number, one in enumerate(same):
                for other in same[number + 1 :]:
                    self._at_most(_numbers(one), _numbers(other), name="pairs at shared gates")

    def _at_most(self, one: Ints, other: Ints, *, name: str) -> None:
        fewer, more = sorted((one, other), key=self.builder.value)
        rest = self.builder.never_shown(self.builder.value(more) - self.builder.value(fewer))
        self.builder.relate(name, parts=[fewer, rest], whole=[more])

    def _zone(self, zone: str) -> None:
        here = {f"{site}/{way}" for site, its_zone in self.zone_of.items() if its_zone == zone for way in WAYS}
        watching = [c.streams for c in self.known if c.streams & here]
        if not here <= frozenset().union(*watching):
            return
        gates, trips = self.tables["gate_hour"], self.tables["od_day"]
        near = gates[gates["streams"].isin({_name(streams) for streams in watching})].drop_duplicates("variable")
        for end in ("origin_zone_id", "destination_zone_id"):
            for vehicle_class, table in trips[trips[end] == zone].groupby("vehicle_class"):
                passed, seen = _numbers(near[near["vehicle_class"] == vehicle_class]), _numbers(table)
                surplus = self.builder.value(passed) - self.builder.value(seen)
                # Fewer passages than trips: the class of a trip is not that of its passages, and nobody can rely on the sum.
                if len(passed) and surplus >= 0:
                    rest = self.builder.never_shown(surplus)
                    self.builder.relate(f"{end} {zone} {vehicle_class}", parts=[seen, rest], whole=[passed])

    def _total(self, product: str) -> int:
        table = self.tables[product]
        if product == "through_day":
            table = table[table["vehicle_class"] != ALL]
        counted = _numbers(table)
        # Dearer than any cell: the share that is shown goes last.
        row = self.builder.rows([np.inf])
        total = self.builder.variables([self.builder.value(counted)], rows=row)
        if len(counted):
            self.builder.relate(f"{product}: total", parts=[counted], whole=[total])
        return int(row[0])


def initially_hidden(day: DaySystem, hidden: Mapping[str, Bools]) -> Bools:
    """The rows of a day's system that are hidden when these rows of the products are."""
    found = np.zeros(len(day.system.costs), bool)
    for product, mask in hidden.items():
        rows = day.rows[product][mask]
        found[rows[rows >= 0]] = True
    return found


def _absent(product: str) -> pd.DataFrame:
    """The table of a product that is not published."""
    return pd.DataFrame(columns=["date", *KEYS[product], COUNT[product], "status"])


def _name(streams: frozenset[str]) -> str:
    return "|".join(sorted(streams))


def _one(variable: object) -> Ints:
    return np.array([variable], np.int64)


def _numbers(table: pd.DataFrame, column: str = "variable") -> Ints:
    return table[column].to_numpy(np.int64)
