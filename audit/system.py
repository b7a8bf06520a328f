"""The linear system of what is published: one unknown for each count that is not known, one equation for each sum.

A *world* is one consistent set of tables. With several versions of a period there are several: the first versions, and so on; a
cell of a day that has one version is the same unknown in all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from audit.facts import Bools, Floats, Ints, contradicted, public_zeros
from audit.files import KNOWN_EMPTY, SHOWN, Release
from audit.relations import ALL, EVERYTHING_ELSE, RELATIONS, Sum, Term, streams, views
from audit.schema import COUNTS, KEYS

HALF_A_DIGIT = 0.05
"""Reports give shares in percent with one digit."""


@dataclass(frozen=True)
class System:
    """``matrix @ counts == 0``.

    Attributes:
        names: of each count.
        values: of each count that is known, else NaN.
        low, high: what is known beforehand of the others.
        is_cell: counts of hidden rows, which must not be found.
        is_rest: counts that no row shows and that can be worked out, such as entries without an exit. What is neither is of no
            interest: totals, what came late, figures that a later version repeats.
        is_public: counts that everybody knows to be 0, release or not.
        relation: of each row of the matrix, the place of its name in ``relations``.
        dropped: relations of which published values contradict some sums, with the number of those; the others are used.
    """

    matrix: sparse.csr_array
    names: list[str]
    values: Floats
    low: Floats
    high: Floats
    is_cell: Bools
    is_rest: Bools
    is_public: Bools
    relation: Ints
    relations: list[str]
    exact: Bools
    dropped: tuple[str, ...]


class Builder:
    """Collects counts and sums from releases.

    Args:
        slack: how far from the truth a figure may be that a later version repeats; None takes it for the truth.
    """

    def __init__(self, releases: Sequence[Release], *, slack: float | None = None) -> None:
        self.releases = releases
        self.slack = slack
        self.number: dict[tuple[str, ...], int] = {}
        self.values: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.cell: list[bool] = []
        self.rest: list[bool] = []
        self.public: list[bool] = []
        self.rows: list[tuple[Ints, Ints, Floats]] = []
        self.row_names: list[str] = []
        self.row_count = 0
        self.row_relation: list[Ints] = []
        self.layers = {name: layer for release in releases for name, layer in release.layers.items()}
        self.places = streams(self.layers)
        types = (release.about.get("day_types") for release in releases)
        self.day_types = {day: kind for known in types if isinstance(known, dict) for day, kind in known.items()}
        self.tables = self._numbered()

    def _numbered(self) -> dict[str, pd.DataFrame]:
        """Every product of all releases together; the counts replaced by the numbers of their variables."""
        found: dict[str, list[pd.DataFrame]] = {}
        for place, release in enumerate(self.releases):
            for product, table in release.tables.items():
                if product in COUNTS and COUNTS[product][0] in table:
                    found.setdefault(product, []).append(table.assign(release=place))
        tables = {}
        for product, parts in found.items():
            table = pd.concat(parts, ignore_index=True)
            unit = "date" if "date" in table else "month"
            order = table[[unit, "release"]].drop_duplicates().sort_values("release")
            rank = order.groupby(unit).cumcount().rename("rank")
            table = table.merge(order.assign(rank=rank), on=[unit, "release"])
            tables[product] = self._variables(product, table)
        return tables

    def _variables(self, product: str, table: pd.DataFrame) -> pd.DataFrame:
        keys = [table[key] for key in KEYS[product]]
        if product == "gate_hour":
            # The same streams of passages are the same count, whatever cordon they cross.
            keys = [table["date"], table["hour"], self._place(table), table["vehicle_class"]]
        names = list(zip(table["rank"].astype(str), *keys, strict=True))
        out = table[[*KEYS[product], "release", "rank"]].copy()
        out["shown"] = table[COUNTS[product][0]]
        for measure in COUNTS[product]:
            out[measure] = self._counts(product, measure, table, table[measure], names)
        if product == "through_day":
            out["other"] = self._counts(product, "other", table, table["entries"] - table["through"], names)
        return out

    def _counts(
        self, product: str, measure: str, table: pd.DataFrame, values: pd.Series, names: list[tuple[str, ...]]
    ) -> list[int]:
        """The variables of a measure; ``before`` is what the version before showed."""
        ordered = values[table.sort_values("rank", kind="stable").index]
        before = ordered.groupby([table[key] for key in KEYS[product]], sort=False).shift().reindex(values.index)
        return [
            self._count((product, measure, *name), value, status, earlier)
            for name, value, status, earlier in zip(names, values, table["status"], before, strict=True)
        ]

    def _place(self, table: pd.DataFrame) -> pd.Series:
        """The streams that cross at each row's gate; the gate itself where another gate with the same streams shows another count."""
        gates = list(zip(table["cordon_id"], table["gate_id"], table["direction"], strict=True))
        place = pd.Series(
            ["+".join(sorted(self.places.get(gate, frozenset()))) or "/".join(gate) for gate in gates], dtype=object
        )
        shown = table.assign(place=place).groupby(["place", "rank", "hour", "vehicle_class"])["passages"]
        apart = set(place[(shown.transform("max") - shown.transform("min")).to_numpy() > 0])
        return place.where(~place.isin(apart), pd.Series(["/".join(gate) for gate in gates], dtype=object))

    def _count(self, key: tuple[str, ...], value: float, status: str, before: float) -> int:
        """The variable of a cell; a cell that stands in two places is known when either shows it."""
        public = status in KNOWN_EMPTY and np.isnan(value)
        value = 0.0 if public else value
        hidden = status not in (*SHOWN, *KNOWN_EMPTY)
        old = self.number.get(key)
        if old is None:
            number = self.number[key] = len(self.values)
            self.values.append(value)
            repeated = self.slack is not None and key[2] != "0" and value == before and not public
            self.low.append(0.0)
            self.high.append(np.inf)
            if repeated and self.slack is not None:
                low, high = max(0.0, value - self.slack), value + self.slack
                self.values[number], self.low[number], self.high[number] = np.nan, low, high
            self.cell.append(hidden)
            self.rest.append(False)
            self.public.append(public)
            return number
        if np.isnan(self.values[old]) != np.isnan(value):
            self.values[old] = value if np.isnan(self.values[old]) else self.values[old]
        self.cell[old] = self.cell[old] or hidden
        return old

    def _new(self, name: str, low: float = 0.0, high: float = np.inf, *, is_rest: bool = False) -> int:
        number = self.number[(name,)] = len(self.values)
        self.values.append(np.nan)
        self.low.append(low)
        self.high.append(high)
        self.cell.append(False)
        self.rest.append(is_rest)
        self.public.append(False)
        return number

    def build(self) -> System:
        worlds = 1 + max((int(table["rank"].max()) for table in self.tables.values() if len(table)), default=0)
        for world in range(worlds):
            tables = {}
            for product, table in self.tables.items():
                unit = "date" if "date" in table else "month"
                newest = table.groupby(unit)["rank"].transform("max").clip(upper=world)
                tables[product] = table[table["rank"] == newest]
            seen = views(tables, self.layers, day_types=self.day_types)
            for relation in RELATIONS:
                self._sums(relation, seen)
        for release in range(len(self.releases)):
            self._totals(release)
        self._versions()
        return self._finished()

    def _sums(self, relation: Sum, seen: dict[str, pd.DataFrame]) -> None:
        parts, whole = (_terms(term, seen) for term in (relation.parts, relation.whole))
        if whole is None or parts is None:
            return
        if relation.and_part is not None and (more := _terms(relation.and_part, seen)) is not None:
            parts = pd.concat([parts, more], ignore_index=True)
        parts, whole = parts.assign(sign=1.0), whole.assign(sign=-1.0)
        if not relation.empty_is_zero:
            whole = whole[whole["group"].isin(set(parts["group"]))]
        parts = parts[parts["group"].isin(set(whole["group"]))]
        both = pd.concat([parts, whole], ignore_index=True)
        if both.empty:
            return
        place, groups = pd.factorize(both["group"])
        rows, columns, signs = place, both["variable"].to_numpy(np.int64), both["sign"].to_numpy(np.float64)
        if relation.rest:
            label = f"rest of {relation.name}"
            names = [f"{label}: {', '.join(group)} #{len(self.values) + place}" for place, group in enumerate(groups)]
            rest = np.array([self._new(name, is_rest=True) for name in names], np.int64)
            rows = np.concatenate([rows, np.arange(len(groups))])
            columns, signs = np.concatenate([columns, rest]), np.concatenate([signs, np.ones(len(groups))])
        self._add(relation.name, rows, columns, signs, count=len(groups))

    def _add(self, name: str, rows: Ints, columns: Ints, signs: Floats, *, count: int) -> None:
        if name not in self.row_names:
            self.row_names.append(name)
        self.rows.append((rows + self.row_count, columns, signs))
        self.row_relation.append(np.full(count, self.row_names.index(name), np.int64))
        self.row_count += count

    def _totals(self, place: int) -> None:
        """The total of a product lies where the share of it that the report gives allows."""
        report = self.releases[place].about.get("suppression")
        for product, said in report.items() if isinstance(report, dict) else ():
            share = said.get("shown_count_pct") if isinstance(said, dict) else None
            if product not in self.tables or not isinstance(share, int | float) or share <= HALF_A_DIGIT:
                continue
            table = self.tables[product]
            table = table[table["release"] == place]
            if "vehicle_class" in table:
                table = table[table["vehicle_class"] != ALL]
            shown = float(table["shown"].sum())
            least = np.ceil(max(shown, 100 * shown / (share + HALF_A_DIGIT)) - 1e-9)
            most = np.floor(100 * shown / (share - HALF_A_DIGIT) + 1e-9)
            total = self._new(f"total of {product}, release {place + 1}", least, most)
            columns = np.append(table[COUNTS[product][0]].to_numpy(np.int64), total)
            self._add(
                "shares in the report",
                np.zeros(len(columns), np.int64),
                columns,
                np.append(np.ones(len(table)), -1.0),
                count=1,
            )

    def _versions(self) -> None:
        """A later version counts what the earlier one did and what came late.

        Cells that both versions hide, and that can be exchanged in each, grow together: whatever holds for their sums can be
        dealt out so that none of them shrinks.
        """
        if all(table["rank"].max() == 0 for table in self.tables.values()):
            return
        columns = self._matrix().tocsc()
        columns.sort_indices()
        unknown = np.isnan(np.array(self.values))

        def pattern(number: int) -> bytes:
            span = slice(columns.indptr[number], columns.indptr[number + 1])
            return bytes(columns.indices[span].tobytes() + columns.data[span].tobytes())

        rows: dict[tuple[object, ...], list[tuple[int, int]]] = {}
        for product, table in self.tables.items():
            for measure in COUNTS[product]:
                wide = table.pivot_table(index=list(KEYS[product]), columns="rank", values=measure, aggfunc="first")
                for one, other in pairwise(wide.columns):
                    for earlier, later in wide[[one, other]].dropna().drop_duplicates().to_numpy(np.int64).tolist():
                        if unknown[earlier] and unknown[later]:
                            rows.setdefault((pattern(earlier), pattern(later)), []).append((earlier, later))
                        elif unknown[earlier] != unknown[later]:
                            rows[earlier, later] = [(earlier, later)]
        for pairs in rows.values():
            late = self._new(f"late #{len(self.values)}")
            earlier, later = (list(side) for side in zip(*pairs, strict=True))
            members = np.array([*earlier, late, *later], np.int64)
            signs = np.concatenate([np.ones(len(earlier) + 1), -np.ones(len(later))])
            self._add("versions only grow", np.zeros(len(members), np.int64), members, signs, count=1)

    def _matrix(self) -> sparse.csr_array:
        parts = list(zip(*self.rows, strict=True)) or [(np.array([], np.int64),)] * 3
        rows, columns, signs = (np.concatenate(part) for part in parts)
        matrix = sparse.coo_array((signs, (rows, columns)), shape=(self.row_count, len(self.values))).tocsr()
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        return matrix

    def _finished(self) -> System:
        size = len(self.values)
        matrix = self._matrix()
        relation = np.concatenate(self.row_relation) if self.row_relation else np.array([], np.int64)
        inexact = {sum_.name for sum_ in RELATIONS if not sum_.is_exact} | {"versions only grow", "shares in the report"}
        names = [""] * size
        for key, number in self.number.items():
            names[number] = " ".join(key)
        values = np.array(self.values)
        public = public_zeros(matrix, np.array(self.public, bool))
        values = np.where(public & np.isnan(values), 0.0, values)
        low, high = np.array(self.low), np.array(self.high)
        wrong = contradicted(matrix, values, low=low, high=high)
        kept = ~wrong
        dropped = [f"{self.row_names[n]} ({c})" for n, c in zip(*np.unique(relation[wrong], return_counts=True), strict=True)]
        return System(
            matrix=matrix[kept],
            names=names,
            values=values,
            low=low,
            high=high,
            is_cell=np.array(self.cell, bool),
            is_rest=np.array(self.rest, bool),
            is_public=public,
            relation=relation[kept],
            relations=self.row_names,
            exact=np.array([name not in inexact for name in self.row_names], bool),
            dropped=tuple(dropped),
        )


def _terms(term: Term, seen: dict[str, pd.DataFrame]) -> pd.DataFrame | None:
    table = seen.get(term.view)
    if table is None or term.measure not in table or not set(term.by) <= set(table.columns):
        return None
    for column, wanted in term.only:
        table = table[table[column] != ALL] if wanted == EVERYTHING_ELSE else table[table[column] == wanted]
    group = list(zip(*(table[column] for column in term.by), strict=True))
    return pd.DataFrame({"group": pd.Series(group, dtype=object), "variable": table[term.measure].to_numpy(np.int64)})
