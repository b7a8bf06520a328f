"""Complementary suppression: hide more rows, the cheapest first, until no hidden count can be worked out.

Three looks, the dearer one only when the cheaper one finds nothing: bounds of single sums, row reduction, linear programs.
Greedy, after the usual practice of secondary cell suppression (Hundepool et al., "Statistical Disclosure Control", 2012,
chapter 4): not the least possible loss, but every step is one that a reader can follow.
"""

from collections.abc import Sequence

import numpy as np

from privacy.bounds import Bounds, Sum, hidden_sums, tightened
from privacy.elimination import reduced_sums, shown_in
from privacy.programming import held
from privacy.relations import NEVER_SHOWN, Bools, System


def hide_more(system: System, *, hidden_rows: Bools, k: int) -> Bools:
    """The rows to hide, so that the interval of every hidden count is at least ``k`` wide.

    Args:
        hidden_rows: the rows that hold too few vehicles.

    Returns:
        These and the complementary ones. A count that stays narrow although nothing more can be hidden follows from what
        everybody knows, such as a gate that is down all day, and tells nothing of vehicles.
    """
    hidden = hidden_rows.copy()
    wide = np.zeros(len(system.values), bool)
    while True:
        variables = system.hidden_variables(hidden)
        sums = hidden_sums(system, variables)
        chosen = _choices(system, sums, hidden=hidden, variables=variables, k=k)
        if not chosen:
            # The dearer look, only when the plain one finds nothing.
            everything = [*sums, *reduced_sums(system, sums)]
            chosen = _choices(system, everything, hidden=hidden, variables=variables, k=k)
        if not chosen:
            chosen = _choices_by_program(system, sums, hidden=hidden, k=k, wide=wide)
        if not chosen:
            return hidden
        hidden[list(chosen)] = True


def too_narrow(system: System, *, hidden_rows: Bools, k: int) -> list[int]:
    """The hidden counts whose interval is narrower than ``k``."""
    variables = system.hidden_variables(hidden_rows)
    sums = hidden_sums(system, variables)
    bounds = tightened([*sums, *reduced_sums(system, sums)], size=len(system.values))
    return _narrow(bounds, variables, k=k)


def _narrow(bounds: Bounds, variables: Bools, *, k: int) -> list[int]:
    with np.errstate(invalid="ignore"):
        width = bounds.high - bounds.low
    return [int(number) for number in np.flatnonzero(variables & (width < k))]


def _choices(system: System, sums: Sequence[Sum], *, hidden: Bools, variables: Bools, k: int) -> set[int]:
    """A row to hide for each sum that makes some count too narrow; each sum asks once, as one row mends it for all."""
    bounds = tightened(sums, size=len(system.values))
    asked: set[int] = set()
    chosen: set[int] = set()
    for variable in _narrow(bounds, variables, k=k):
        row = _row_to_hide(system, sums, bounds=bounds, variable=variable, hidden=hidden, asked=asked)
        if row is not None:
            chosen.add(row)
    return chosen


def _choices_by_program(system: System, sums: Sequence[Sum], *, hidden: Bools, k: int, wide: Bools) -> set[int]:
    """The cheapest row that loosens each count which linear programs find too narrow; one row may loosen several."""
    chosen: set[int] = set()
    for narrow in held(system, sums, k=k, wide=wide):
        candidates = {
            int(row) for holders in narrow.holders for row in system.row_of[holders] if row != NEVER_SHOWN and not hidden[row]
        }
        if candidates and not candidates & chosen:
            chosen.add(min(candidates, key=lambda row: (system.costs[row], row)))
    return chosen


def _row_to_hide(
    system: System, sums: Sequence[Sum], *, bounds: Bounds, variable: int, hidden: Bools, asked: set[int]
) -> int | None:
    """The cheapest shown row of the sums that bound a variable, or else of the sums that bound the counts beside it."""
    seen: set[int] = set()
    here = [variable]
    while here:
        numbers = {int(by[v]) for v in here for by in (bounds.low_by, bounds.high_by)} - {-1} - seen
        if numbers & asked:
            return None
        candidates = {
            int(row)
            for number in numbers
            for row in system.row_of[shown_in(system, sums[number].weights)]
            if row != NEVER_SHOWN and not hidden[row]
        }
        if candidates:
            asked |= numbers
            return min(candidates, key=lambda row: (system.costs[row], row))
        seen |= numbers
        here = sorted({int(v) for number in numbers for v in sums[number].variables})
    return None
