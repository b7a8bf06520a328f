"""Cells pooled over days: how many vehicles there were is not known beyond one key period, so the threshold takes the fullest one.

With daily keys a commuter of 22 days looks like 22 vehicles. The most that were seen within one period is a number of vehicles
for certain; the sum over periods is not.
"""

from collections.abc import Sequence

import pandas as pd

SHARES = ("largest_share", "top_two_share")


def pooled(cells: pd.DataFrame, *, keys: Sequence[str], measure: str) -> pd.DataFrame:
    """Add up the cells of several key periods.

    Args:
        cells: a row a key and period, with ``measure``, ``vehicles`` and perhaps ``largest_share`` and ``top_two_share``.
        keys: what names a pooled row.

    Returns:
        A row a key: the sum of ``measure``, the largest ``vehicles`` of a single period, and for each share the largest that one
        vehicle can have of the pooled count: as if it were the same one in all periods.
    """
    rows = cells.copy()
    shares = [name for name in SHARES if name in rows]
    for name in shares:
        rows[name] = rows[name].astype("Float64").fillna(0) * rows[measure].fillna(0)
    found = rows.groupby(list(keys), sort=False, dropna=False).agg(
        **{measure: (measure, "sum"), "vehicles": ("vehicles", "max")}, **{name: (name, "sum") for name in shares}
    )
    for name in shares:
        found[name] = found[name] / found[measure].where(found[measure] > 0)
    return found.reset_index()
