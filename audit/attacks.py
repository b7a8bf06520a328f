"""The attacks on a release (privacy.md 4.2): each gives a number and a threshold that it must not pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from audit import schema
from audit.files import HIDDEN, SHOWN, Release
from audit.intervals import SOLVED, UNSOLVED, Intervals, intervals, whole_numbers
from audit.system import Builder, System
from kordon.errors import InputError

SECONDS = 900.0
"""Of a release's programs; what is unsolved then fails."""
EXAMPLES = 10
FLOOR = 10
"""No release of the shared tier shows fewer, whatever it declares."""
TRAVEL_TIME_VEHICLES = 30
"""Fewest drives behind a shown travel time: its percentiles are single vehicles."""
PER_VEHICLE_DAY = {"od_day": 2, "od_month_hour": 2, "gate_hour": 4, "gate_pair_day": 2, "dwell_day": 2}
"""The most that one vehicle may count in a cell of the open tier (trips of an OD, crossings and visits of a cordon)."""


@dataclass(frozen=True)
class Finding:
    """What an attack achieved.

    Attributes:
        number: of the list in privacy.md 4.2.
        reached: the figures; each of ``limits`` among them must not be larger (``at_least``: smaller) than allowed.
        examples: where, as text; never a value.
        applies: whether there was anything to attack.
    """

    number: int
    name: str
    reached: dict[str, float | int | None]
    limits: Mapping[str, float | int]
    examples: list[str] = field(default_factory=list)
    applies: bool = True
    at_least: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        def holds(name: str, limit: float) -> bool:
            value = self.reached.get(name)
            if value is None:
                return name in self.at_least  # nothing is hidden, so nothing is narrow
            return value >= limit if name in self.at_least else value <= limit

        return not self.applies or all(holds(name, limit) for name, limit in self.limits.items())


def schema_allow_list(releases: Sequence[Release]) -> Finding:
    """Attack 8: files, columns, types and values that have no place in a release; files of a product that differ."""
    found = [f"{release.folder.name}: {line}" for release in releases for line in schema.violations(release.folder)]
    found += [f"{r.folder.name}: the files of {product} differ" for r in releases for product in r.disagreeing]
    return Finding(8, "Nothing but what the contract lists", {"violations": len(found)}, {"violations": 0}, found[:EXAMPLES])


def contribution_bound(cells: Mapping[str, pd.DataFrame]) -> Finding:
    """Attack 9: cells of the open tier in which one vehicle counts more often than allowed. Needs the lake.

    Args:
        cells: per product its ``out_*_cell`` rows with ``vehicles`` and ``bounded``, the count after bounding. A bounded count
            above the bound times the vehicles of its cell proves that some vehicle was not bounded.
    """
    over: list[str] = []
    worst = 0.0
    judged = {product: bound for product, bound in PER_VEHICLE_DAY.items() if product in cells and "bounded" in cells[product]}
    for product, bound in judged.items():
        table = cells[product]
        each = table["bounded"].fillna(0) / table["vehicles"].where(table["vehicles"] > 0)
        each = each.fillna((table["bounded"].fillna(0) > 0).map({True: np.inf, False: 0.0}))
        worst = max(worst, float((each / bound).max()) if len(each) else 0.0)
        over += [f"{product}, cell {place}" for place in np.flatnonzero((each > bound).to_numpy())]
    reached: dict[str, float | int | None] = {"cells_over_bound": len(over), "most_times_bound": round(worst, 3)}
    return Finding(9, "No vehicle counts too often", reached, {"cells_over_bound": 0}, over[:EXAMPLES], applies=bool(judged))


def differencing(releases: Sequence[Release], *, k: int, seconds: float = SECONDS) -> Finding:
    """Attack 12: what can be worked out of hidden rows from everything that is published, of all products and versions.

    ``hidden`` counts; ``exact``: found to the unit; ``narrow``: to less than ``k``; ``unsolved``; ``small_shown``: shown rows of
    fewer than ``k``, and small differences of shown figures; ``values_in_hidden``: measures that were left in hidden rows.
    """
    shared = [release for release in releases if release.tier == "shared"]
    name = "Hidden counts stay hidden"
    if not shared:
        return Finding(12, name, {}, {}, applies=False)
    system = Builder(shared).build()
    solved = intervals(system, k=k, seconds=seconds)
    for slack in (k - 1, np.inf) if _has_versions(shared) else ():
        if not solved.infeasible:
            break
        # A later version repeats figures that moved little, and those whose movement would tell that of others: its sums hold to
        # within less than k, or only where it shows new figures.
        system = Builder(shared, slack=slack).build()
        solved = intervals(system, k=k, seconds=seconds)
    return _judged(system, solved, shared, k=k, name=name)


def _judged(system: System, solved: Intervals, releases: Sequence[Release], *, k: int, name: str) -> Finding:
    unknown = np.isnan(system.values)
    cell = system.is_cell & ~system.is_public
    how = np.array(solved.how, object)
    low, high = whole_numbers(np.nan_to_num(solved.low), np.nan_to_num(solved.high, posinf=np.inf))
    width = np.where(unknown, high - low, 0.0)
    judged = unknown & (how == SOLVED) & ~system.is_public
    # Counts that no row shows matter when they may be few: who drove out of 50 and 45 are five.
    matters = cell | (system.is_rest & (low < k) & (high > 0))
    known_cells = cell & ~unknown
    exact = (judged & (width < 1) & matters) | known_cells
    narrow = (judged & (width < k) & matters) | known_cells
    unsolved = (how == UNSOLVED) & (cell | system.is_rest)
    small, small_where = small_shown(releases, k=k)
    left, left_where = values_in_hidden(releases)
    examples = [system.names[place] for place in (*np.flatnonzero(narrow)[:EXAMPLES], *np.flatnonzero(unsolved)[:EXAMPLES])]
    hidden_widths = width[judged & cell]
    reached: dict[str, float | int | None] = {
        "hidden": int(cell.sum()),
        "certified": int((cell & (how == "certified")).sum()),
        "solved": int((cell & (how == SOLVED)).sum()),
        "unsolved": int(unsolved.sum()),
        "exact": int(exact.sum()),
        "narrow": int(narrow.sum()),
        "narrowest": 0 if known_cells.any() else int(hidden_widths.min()) if len(hidden_widths) else None,
        "small_shown": small,
        "values_in_hidden": left,
        "sums": int(system.matrix.shape[0]),
        "sums_contradicted": len(system.dropped),
        "programs": solved.programs,
    }
    limits = dict.fromkeys(("exact", "narrow", "unsolved", "small_shown", "values_in_hidden"), 0)
    return Finding(12, name, reached, limits, [*examples, *small_where, *left_where][: 2 * EXAMPLES])


def small_shown(releases: Sequence[Release], *, k: int) -> tuple[int, list[str]]:
    """Shown rows that count fewer than ``k``, 0 included, also by subtracting two figures of the row."""
    found = []
    for release in releases:
        for product, table in release.tables.items():
            names = [name for name in schema.COUNTS.get(product, ()) if name in table]
            if not names:
                continue
            least = table[names].min(axis=1)
            if product == "through_day" and len(names) == 2:
                least = least.combine(table["entries"] - table["through"], np.fmin)
            # Of travel times the threshold is their own; a 0 that cannot be otherwise tells nothing.
            threshold = max(k, TRAVEL_TIME_VEHICLES) if product == "travel_time_hour" else k
            few = (least < threshold) & table["status"].isin(SHOWN)
            found += [f"{product}: {_where(product, row)}" for row in table[few].to_dict("records")]
    return len(found), found[:EXAMPLES]


def values_in_hidden(releases: Sequence[Release]) -> tuple[int, list[str]]:
    """Rows that hide one measure and show another, or write a value, such as 0, where nothing may stand."""
    found = []
    for release in releases:
        for product, table in release.tables.items():
            measures = [name for name in schema.MEASURES[product] if name in table]
            told = ~table["status"].isin(SHOWN) & table[measures].notna().any(axis=1)
            counts = [name for name in schema.COUNTS.get(product, ()) if name in table]
            if counts:
                told |= table[counts].isna().any(axis=1) & table[measures].notna().any(axis=1)
            found += [f"{product}: {_where(product, row)}" for row in table[told].to_dict("records")]
    return len(found), found[:EXAMPLES]


def versions(releases: Sequence[Release], *, k: int) -> Finding:
    """Attack 13: what two versions of a period tell by their difference.

    ``small_changes``: cells whose figure changed by less than ``k``, and sums of hidden cells that did (a total moved, its shown
    parts did not); ``crossed``: cells that one version hides and another shows.
    """
    name = "Two versions do not tell what came between"
    shared = [release for release in releases if release.tier == "shared"]
    changes: list[str] = []
    crossed: list[str] = []
    compared = 0
    for product in schema.COUNTS:
        tables = [release.tables[product] for release in shared if product in release.tables]
        for one, other in pairwise(tables):
            both = one.merge(other, on=list(schema.KEYS[product]), suffixes=("", "_later"))
            compared += len(both)
            for measure in (name for name in schema.COUNTS[product] if name in one and name in other):
                moved = (both[f"{measure}_later"] - both[measure]).abs()
                few = (moved > 0) & (moved < k)
                changes += [f"{product}: {_where(product, row)}" for row in both[few].to_dict("records")]
            hidden, later = both["status"] == HIDDEN, both["status_later"] == HIDDEN
            apart = (hidden & both["status_later"].isin(SHOWN)) | (later & both["status"].isin(SHOWN))
            crossed += [f"{product}: {_where(product, row)}" for row in both[apart].to_dict("records")]
    sums = small_sums_changed(shared, k=k) if compared else []
    reached: dict[str, float | int | None] = {
        "cells_in_two_versions": compared,
        "small_changes": len(changes),
        "small_sums_changed": len(sums),
        "crossed": len(crossed),
    }
    limits = {"small_changes": 0, "small_sums_changed": 0, "crossed": 0}
    return Finding(13, name, reached, limits, [*changes, *sums, *crossed][:EXAMPLES], applies=compared > 0)


def small_sums_changed(releases: Sequence[Release], *, k: int) -> list[str]:
    """Sums of which the hidden parts together moved by fewer than ``k``, but moved."""
    systems = [Builder([release]).build() for release in releases]
    residues: dict[str, list[float]] = {}
    for system in systems:
        unknown = np.isnan(system.values)
        known = system.matrix @ np.where(unknown, 0.0, system.values)
        hidden = np.diff(system.matrix[:, unknown].tocsr().indptr)
        # A rest that nobody publishes takes whatever moves.
        free = (abs(system.matrix) @ (~system.is_cell & unknown).astype(np.float64)) > 0
        for row in np.flatnonzero((hidden > 0) & ~free):
            span = slice(system.matrix.indptr[row], system.matrix.indptr[row + 1])
            columns = system.matrix.indices[span]
            label = f"{system.relations[system.relation[row]]}: {min(system.names[c] for c in columns if unknown[c])}"
            residues.setdefault(label, []).append(float(known[row]))
    return [
        label for label, found in residues.items() if any(0 < abs(later - earlier) < k for earlier, later in pairwise(found))
    ]


def known_points(releases: Sequence[Release], *, k: int) -> Finding:
    """Attack 17: places and hours that isolate fewer than ``k`` vehicles, exactly counted.

    Whoever saw a vehicle at some points finds its other points where a cell holds few. In the open tier a count is noisy only
    when its row says by how much.
    """
    found = []
    for release in releases:
        for product, table in release.tables.items():
            counts = [name for name in schema.COUNTS.get(product, ()) if name in table]
            if not counts:
                continue
            few = (table[counts] < k).any(axis=1) & table[counts].notna().any(axis=1) & table["status"].isin(SHOWN)
            if release.tier == "open":
                noisy = table["margin95"] > 0 if "margin95" in table else pd.Series(False, index=table.index)
                few &= ~noisy
            found += [f"{product}: {_where(product, row)}" for row in table[few].to_dict("records")]
    return Finding(17, "No place and hour isolates a few", {"isolated": len(found)}, {"isolated": 0}, found[:EXAMPLES])


def _has_versions(releases: Sequence[Release]) -> bool:
    return len({str(release.about.get("period")) for release in releases}) < len(releases)


def _where(product: str, row: Mapping[object, object]) -> str:
    return ", ".join(str(row[key]) for key in schema.KEYS[product])


def suite(
    releases: Sequence[Release],
    *,
    k: int | None = None,
    cells: Mapping[str, pd.DataFrame] | None = None,
    seconds: float = SECONDS,
) -> list[Finding]:
    """All attacks on some releases of the same city together, the one in question first.

    Args:
        k: the threshold; else the largest that the releases declare; the open tier has none.
        cells: the lake's product cells, for what only an insider can check.

    Raises:
        InputError: the releases are of different cities, or none says its threshold.
    """
    if len({str(release.about.get("city")) for release in releases}) > 1:
        raise InputError("The releases are of different cities: nothing adds up between them. Audit each city's alone.")
    ordered = sorted(releases, key=lambda release: int(release.about.get("version", 0) or 0))
    declared = [release.k for release in ordered if release.k is not None]
    threshold = max([*([k] if k else declared), FLOOR])
    if not k and not declared and any(release.tier == "shared" for release in releases):
        raise InputError(f"{releases[0].folder} does not say its threshold: give it with --k.")
    return [
        schema_allow_list(releases),
        contribution_bound(cells or {}),
        differencing(ordered, k=threshold, seconds=seconds),
        versions(ordered, k=threshold),
        known_points(releases, k=threshold),
    ]
