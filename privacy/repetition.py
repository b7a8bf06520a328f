"""Which rows of a later version show a new figure, and which repeat what the version before showed.

A figure that moved by one tells of one vehicle, whatever the threshold. So a row changes only where each of its counts, and of
its numbers of vehicles, moved by at least ``k``. And as the parts that changed, taken from a whole that did, give the movement of
all the others together, that too must be ``k`` or more: or else one more row repeats. This is complementary suppression once
more, of movements instead of counts, which may be negative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from privacy.bounds import Sum
from privacy.day_relations import COUNT, COUNTED, Crossing, day_system
from privacy.disclosure import CONTRIBUTORS
from privacy.elimination import PRIME, reduced_sums, shown_in
from privacy.relations import NEVER_SHOWN, Bools, Ints, System

COUNTS = {
    **{product: (count,) for product, count in COUNT.items()},
    "through_day": ("entries", "through"),
    "travel_time_hour": ("n",),
    "od_month_hour": ("trips",),
}
"""The exact counts of each product that counts vehicles."""
EXACT = {product: (*counts, *CONTRIBUTORS[product]) for product, counts in COUNTS.items()}
"""What must be known of a version's rows to judge the next: counts, and numbers of vehicles."""


def moved_enough(product: str, now: pd.DataFrame, before: pd.DataFrame, *, k: int) -> Bools:
    """The rows of which every count and every number of vehicles moved by at least ``k``, up or down.

    Args:
        now, before: the same rows, with the columns of :data:`EXACT`; what is not there counts as 0.
    """
    found = np.ones(len(now), bool)
    for moved in _movements(product, now, before):
        found &= np.abs(moved) >= k
    return found


def _movements(product: str, now: pd.DataFrame, before: pd.DataFrame) -> list[Ints]:
    def counts(table: pd.DataFrame) -> list[Ints]:
        known = {name: table[name].fillna(0).to_numpy(np.int64) for name in EXACT[product]}
        # What a row tells by subtraction is a count of it as well.
        rest = [known["entries"] - known["through"]] if product == "through_day" else []
        return [*known.values(), *rest]

    return [one - other for one, other in zip(counts(now), counts(before), strict=True)]


def settled(
    now: Mapping[str, pd.DataFrame],
    before: Mapping[str, pd.DataFrame],
    *,
    changes: Mapping[str, Bools],
    known: Sequence[Crossing],
    zone_of: Mapping[str, str],
    k: int,
) -> dict[str, Bools]:
    """The rows that may show a new figure: those of ``changes`` but for the ones that would tell a movement of less than ``k``.

    Args:
        now: per product its dense rows of the new version: keys with ``date``, exact counts, status of the cells.
        before: the same rows, with the counts that the figures of the version before rest on.
        changes: per product, the rows that would show a new figure.
        known, zone_of: as :func:`privacy.day_relations.day_system` takes them.
    """
    found = {product: mask.copy() for product, mask in changes.items()}
    tied = [product for product in now if product in COUNT]
    for day in sorted({day for product in tied for day in now[product]["date"]}):
        of_day = {product: (now[product]["date"] == day).to_numpy() for product in tied}
        tables = {product: now[product][of_day[product]] for product in tied}
        earlier = {p: _with_counts(p, tables[p], before[p][of_day[p]]) for p in tied}
        after, then = (day_system(given, known=known, zone_of=zone_of) for given in (tables, earlier))
        is_new = np.zeros(len(after.system.costs), bool)
        for product in tied:
            numbers, mask = after.rows[product], found[product][of_day[product]]
            is_new[numbers[mask & (numbers >= 0)]] = True
            # Rows that show one count, such as those of a gate of two cordons, change together or not at all.
            is_new[numbers[~mask & (numbers >= 0)]] = False
        totals = set(after.totals.values())
        size = next(
            (n for n, row in enumerate(after.system.row_of) if row == NEVER_SHOWN or row in totals), len(after.system.row_of)
        )
        moved = after.system.values[:size] - then.system.values[:size]
        is_new = _hold_back(_of_rows(after.system, size=size), moved=moved, is_new=is_new, k=k)
        for product in tied:
            numbers = after.rows[product]
            found[product][of_day[product]] &= (numbers < 0) | is_new[numbers]
    return found


def _with_counts(product: str, table: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """The rows with the counts of the version before, where they have a value now."""
    has_value = table["status"].isin(COUNTED).to_numpy()
    counts = {name: before[name].fillna(0).to_numpy(np.int64) for name in COUNTS[product]}
    return table.assign(**{name: np.where(has_value, values, 0) for name, values in counts.items()})


def _of_rows(system: System, *, size: int) -> System:
    """The relations between counts that rows show: any other takes whatever moves."""
    relations = tuple(known for known in system.relations if known.variables.max() < size)
    return replace(system, values=system.values[:size], row_of=system.row_of[:size], relations=relations)


def _hold_back(system: System, *, moved: Ints, is_new: Bools, k: int) -> Bools:
    """Let rows repeat, the cheapest first, until no sum tells that what it does not show moved by less than ``k``."""
    found = is_new.copy()
    while True:
        shown = found[system.row_of]
        told = [
            int(known.coefficients[shown[known.variables]] @ moved[known.variables[shown[known.variables]]])
            for known in system.relations
        ]
        sums = [
            Sum(
                known.variables[~shown[known.variables]],
                known.coefficients[~shown[known.variables]],
                -told[number],
                {number: 1},
            )
            for number, known in enumerate(system.relations)
            if not shown[known.variables].all()
        ]
        chosen = _choices(system, sums, told=told, found=found, k=k) or _choices(
            system, reduced_sums(system, sums), told=told, found=found, k=k
        )
        if not chosen:
            return found
        found[list(chosen)] = False


def _choices(system: System, sums: Sequence[Sum], *, told: Sequence[int], found: Bools, k: int) -> set[int]:
    chosen: set[int] = set()
    for known in sums:
        rest = sum(weight * told[relation] for relation, weight in known.weights.items()) % PRIME
        if min(rest, PRIME - rest) >= k:
            continue
        rows = {int(row) for row in system.row_of[shown_in(system, known.weights)]}
        candidates = {row for row in rows if found[row]}
        if candidates and not candidates & chosen:
            chosen.add(min(candidates, key=lambda row: (system.costs[row], row)))
    return chosen
