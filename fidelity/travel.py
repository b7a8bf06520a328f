"""Travel times: hourly percentiles of links against true drives."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fidelity.place import hour_of
from fidelity.product import has

LINK = ["from_site_id", "to_site_id", "hour"]


@dataclass(frozen=True)
class Percentile:
    """A share of the drives, its column in ``flow_travel_time_hour``, and the fewest legs behind one that is judged."""

    share: float
    column: str
    least: int


MEDIAN = Percentile(0.5, "p50_s", 20)
TAIL = Percentile(0.95, "p95_s", 40)


def of_table(table: pd.DataFrame | None, which: Percentile, *, days: tuple[int, ...]) -> pd.Series | None:
    """A percentile of ``flow_travel_time_hour`` (class ``all``) by pair of sites and hour, of enough legs."""
    keys = ("service_day", "hour_ts", "from_site_id", "to_site_id", "vehicle_class", "n")
    if table is None or not has(table, *keys, which.column):
        return None
    rows = table[table.service_day.isin(days) & (table.vehicle_class == "all") & (table.n >= which.least)]
    return rows.assign(hour=hour_of(rows.hour_ts)).drop_duplicates(LINK).set_index(LINK)[which.column].astype(float)


def of_legs(leg: pd.DataFrame | None, which: Percentile) -> pd.Series | None:
    """The same of legs (from_site_id, to_site_id, depart_ts, gap_s) that are not cut."""
    if leg is None or not has(leg, "from_site_id", "to_site_id", "depart_ts", "gap_s"):
        return None
    driven = leg[~leg.is_cut]
    return _percentile(driven.assign(hour=hour_of(driven.depart_ts)), which)


def error(shown: pd.Series | None, pair: pd.DataFrame, which: Percentile) -> tuple[float, int]:
    """Mean absolute relative error in % of a percentile against true gaps without any stop, and the number of links and hours.

    Args:
        pair: true pairs of :func:`fidelity.boundaries.pairs`.
    """
    if shown is None:
        return np.nan, 0
    free = pair[pair.stop_s == 0]
    true = _percentile(free.assign(hour=hour_of(free.t)), which)
    both = shown.to_frame("shown").join(true.rename("true"), how="inner").dropna()
    return (100 * float(((both.shown - both.true).abs() / both.true).mean()) if len(both) else np.nan), len(both)


def _percentile(rows: pd.DataFrame, which: Percentile) -> pd.Series:
    gap = rows.gap_s.astype(float).groupby([rows[key] for key in LINK])
    return gap.quantile(which.share)[gap.size() >= which.least]
