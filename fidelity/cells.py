"""Counts in cells, estimate against truth: total error, MAPE, GEH and the coverage of intervals (methods.md 2 and 6)."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from fidelity.place import Floats

LARGE = 20  # a relative error of a smaller cell is mostly chance
EXPECTED = 5  # an interval of +- 1.96 standard errors says nothing of a count that is mostly 0 or 1
Z95 = 1.96
SIZES = [1, 5, 10, 20, 50, 100, np.inf]
ESTIMATES = [0, 10, 20, 50, 100, 200, np.inf]


@dataclass(frozen=True)
class Coverage:
    """Of intervals: how many ``cells``, the share that hold the truth, and ``too_wide_pct``, how much wider the median
    half-width is than what would hold exactly 95 % (negative: narrower); NaN without cells."""

    cells: int
    coverage_pct: float
    too_wide_pct: float


@dataclass(frozen=True)
class Comparison:
    """``cells``: the compared cells (columns truth, estimate, low, high); ``left_out``: those without an estimate; the rest
    as :func:`compare` says, NaN where there is nothing to say it of."""

    cells: pd.DataFrame
    left_out: pd.Index
    left_out_pct: float
    total_error_pct: float
    error: float
    mape_pct: float
    large: int
    geh5_pct: float
    counted: int

    @cached_property
    def coverage(self) -> Coverage:
        """How good the intervals are."""
        return coverage(self.cells)


def compare(
    *,
    truth: pd.Series,
    estimate: pd.Series,
    low: pd.Series | None = None,
    high: pd.Series | None = None,
    without: pd.Index | None = None,
) -> Comparison:
    """Compare cells by index. A cell that only one side has is 0 on the other; an estimate of NaN is no estimate, and the
    cell is left out of everything, as are the cells in ``without``.

    ``left_out_pct``: share of the truth that lies in cells left out. ``total_error_pct``: error of the sum of all cells.
    ``error``: sum of abs(estimate - truth) / sum of truth. ``mape_pct``: mean of abs(estimate - truth) / truth over the
    ``large`` cells with a truth of at least 20. ``geh5_pct``: share of the ``counted`` cells, where either side is above 0,
    with GEH = sqrt(2 (M - C)^2 / (M + C)) < 5.
    """
    every = pd.DataFrame({"truth": truth, "estimate": estimate.fillna(-1.0)}, dtype=float).fillna(0.0)
    for name, bound in (("low", low), ("high", high)):
        every[name] = bound.reindex(every.index) if bound is not None else np.nan
    kept = every.estimate >= 0
    if without is not None:
        kept &= ~every.index.isin(without)
    cells = every[kept]
    error = cells.estimate - cells.truth
    large, some = cells.truth >= LARGE, (cells.truth > 0) | (cells.estimate > 0)
    geh = np.sqrt(2 * error[some] ** 2 / (cells.estimate[some] + cells.truth[some]))
    total, all_of_it = cells.truth.sum(), every.truth.sum()
    return Comparison(
        cells=cells,
        left_out=every.index[~kept],
        left_out_pct=100 * every.truth[~kept].sum() / all_of_it if all_of_it else np.nan,
        total_error_pct=100 * error.sum() / total if total else np.nan,
        error=error.abs().sum() / total if total else np.nan,
        mape_pct=100 * float((error[large].abs() / cells.truth[large]).mean()),
        large=int(large.sum()),
        geh5_pct=100 * float((geh < 5).mean()),
        counted=int(some.sum()),
    )


def added_up(made: Comparison, *, keys: list[str]) -> Comparison:
    """The same cells, those without an estimate left out, added up over all index levels but ``keys``."""
    sums = made.cells.groupby(level=keys)[["truth", "estimate"]].sum()
    return replace(compare(truth=sums.truth, estimate=sums.estimate), left_out_pct=made.left_out_pct)


def bounded(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells with an interval, in which the mean of truth and estimate is at least 5: both, so that neither too many nor too
    few are picked. Adds ``off``: the error in half-widths, of the half on which the truth lies."""
    some = cells[cells.low.notna() & cells.high.notna() & (cells.truth + cells.estimate >= 2 * EXPECTED)]
    half = (some.high - some.estimate).where(some.truth > some.estimate, some.estimate - some.low)
    error = (some.estimate - some.truth).abs()
    return some.assign(off=np.where(error > 0, error / half.where(half > 0, 0.0), 0.0))


def coverage(cells: pd.DataFrame) -> Coverage:
    """Judge intervals. Half-widths times the 95th percentile of ``off`` would hold the truth in exactly 95 % of the cells,
    so that 1 / this percentile - 1 is how much too wide they are."""
    some = bounded(cells)
    if not len(some):
        return Coverage(0, np.nan, np.nan)
    needed = float(np.quantile(some.off, 0.95, method="inverted_cdf"))
    return Coverage(
        cells=len(some),
        coverage_pct=100 * float((some.off <= 1).mean()),
        too_wide_pct=100 * (1 / needed - 1) if needed > 0 else np.nan,
    )


def by_size(cells: pd.DataFrame) -> pd.DataFrame:
    """Mean absolute relative error by true size of the cell: low, high, n, mape_pct."""
    some = cells[cells.truth > 0]
    bins = pd.cut(some.truth, SIZES, right=False, labels=False)
    relative = 100 * (some.estimate - some.truth).abs() / some.truth
    rows = [
        {"low": SIZES[int(number)], "high": SIZES[int(number) + 1], "n": len(part), "mape_pct": part.mean()}
        for number, part in relative.groupby(bins)
    ]
    return pd.DataFrame(rows, columns=["low", "high", "n", "mape_pct"])


def coverage_by_size(cells: pd.DataFrame) -> pd.DataFrame:
    """Coverage of intervals by the size of the estimate: low, high, n, coverage_pct."""
    some = bounded(cells)
    inside = some.off <= 1
    rows = [
        {"low": ESTIMATES[int(number)], "high": ESTIMATES[int(number) + 1], "n": len(part), "coverage_pct": 100 * part.mean()}
        for number, part in inside.groupby(pd.cut(some.estimate, ESTIMATES, right=False, labels=False))
    ]
    return pd.DataFrame(rows, columns=["low", "high", "n", "coverage_pct"])


def summed(table: pd.DataFrame, *, keys: list[str], value: str, usable: pd.Series) -> pd.Series:
    """Sum a column over the rows of each cell; NaN for a cell with a row that is not usable or has no value."""
    known = table[value].astype(float).where(usable)
    groups = known.groupby([table[key] for key in keys])
    return groups.sum().where(groups.count() == groups.size())


def interval(table: pd.DataFrame, *, keys: list[str], value: str, se: str) -> tuple[pd.Series, pd.Series] | None:
    """Low and high of each cell: of the columns low and high where a cell is one row, else value +- 1.96 se, the errors of
    the rows of a cell (classes) added in squares; None without such columns."""
    if value not in table:
        return None
    grouped = [table[key] for key in keys]
    if {"low", "high"} <= set(table) and not table.duplicated(keys).any():
        cell = table.set_index(keys)
        return cell.low.astype(float), cell.high.astype(float)
    if se not in table:
        return None
    every = pd.Series(True, index=table.index)
    middle = summed(table, keys=keys, value=value, usable=every)
    variance = (table[se].astype(float) ** 2).groupby(grouped)
    half: Floats = Z95 * np.sqrt(variance.sum().where(variance.count() == variance.size()))
    return middle - half, middle + half


def estimated_sum(table: pd.DataFrame | None, *, keys: list[str], value: str) -> pd.Series | None:
    """The sum of an estimate by cell, NaN for a cell with a row without a value; None without the table."""
    return None if table is None else summed(table, keys=keys, value=value, usable=pd.Series(True, index=table.index))
