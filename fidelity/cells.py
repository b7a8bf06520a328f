"""Counts in cells, estimate against truth: total error, MAPE, GEH and the coverage of intervals (methods.md 2 and 6)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fidelity.place import Floats

LARGE = 20  # a relative error of a smaller cell is mostly chance
Z95 = 1.96
SIZES = [1, 5, 10, 20, 50, 100, np.inf]
ESTIMATES = [0, 5, 20, 50, 100, 200, np.inf]


@dataclass(frozen=True)
class Comparison:
    """``cells``: the compared cells (columns truth, estimate, low, high); the rest as :func:`compare` says, NaN or None
    where there is nothing to say it of."""

    cells: pd.DataFrame
    total_error_pct: float
    mape_pct: float
    large: int
    geh5_pct: float
    counted: int
    coverage_pct: float
    covered: int


def compare(
    *, truth: pd.Series, estimate: pd.Series, low: pd.Series | None = None, high: pd.Series | None = None
) -> Comparison:
    """Compare cells by index. A cell that only one side has is 0 on the other; an estimate of NaN is no estimate, and the
    cell is left out of everything.

    ``mape_pct``: mean of abs(estimate - truth) / truth over the ``large`` cells with a truth of at least 20. ``geh5_pct``:
    share of the ``counted`` cells, where either side is above 0, with GEH = sqrt(2 (M - C)^2 / (M + C)) < 5.
    ``coverage_pct``: share of the ``covered`` cells, where either side is above 0 and there is an interval, that hold the
    truth between low and high.
    """
    cells = pd.DataFrame({"truth": truth, "estimate": estimate.fillna(-1.0)}, dtype=float).fillna(0.0)
    for name, bound in (("low", low), ("high", high)):
        cells[name] = bound.reindex(cells.index) if bound is not None else np.nan
    cells = cells[cells.estimate >= 0]
    error = cells.estimate - cells.truth
    large, some = cells.truth >= LARGE, (cells.truth > 0) | (cells.estimate > 0)
    geh = np.sqrt(2 * error[some] ** 2 / (cells.estimate[some] + cells.truth[some]))
    bounded = cells[some & cells.low.notna() & cells.high.notna()]
    total = cells.truth.sum()
    return Comparison(
        cells=cells,
        total_error_pct=100 * error.sum() / total if total else np.nan,
        mape_pct=100 * float((error[large].abs() / cells.truth[large]).mean()),
        large=int(large.sum()),
        geh5_pct=100 * float((geh < 5).mean()),
        counted=int(some.sum()),
        coverage_pct=100 * float(bounded.truth.between(bounded.low, bounded.high).mean()),
        covered=len(bounded),
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
    some = cells[(cells.low.notna() & cells.high.notna()) & ((cells.truth > 0) | (cells.estimate > 0))]
    inside = some.truth.between(some.low, some.high)
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
    the rows of a cell taken as independent; None without such columns."""
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
