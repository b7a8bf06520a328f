"""Travel times: hourly medians of links against true drives."""

import numpy as np
import pandas as pd

from fidelity.place import hour_of
from fidelity.product import has

LEAST = 20  # legs behind a median
LINK = ["from_site_id", "to_site_id", "hour"]


def of_table(table: pd.DataFrame | None, *, days: tuple[int, ...]) -> pd.Series | None:
    """Medians of ``flow_travel_time_hour`` (class ``all``) by pair of sites and hour, of 20 legs and more."""
    if table is None or not has(table, "service_day", "hour_ts", "from_site_id", "to_site_id", "vehicle_class", "n", "p50_s"):
        return None
    rows = table[table.service_day.isin(days) & (table.vehicle_class == "all") & (table.n >= LEAST)]
    return rows.assign(hour=hour_of(rows.hour_ts)).drop_duplicates(LINK).set_index(LINK).p50_s.astype(float)


def of_legs(leg: pd.DataFrame | None) -> pd.Series | None:
    """The same of legs (from_site_id, to_site_id, depart_ts, gap_s) that are not cut."""
    if leg is None or not has(leg, "from_site_id", "to_site_id", "depart_ts", "gap_s"):
        return None
    driven = leg[~leg.is_cut]
    return _medians(driven.assign(hour=hour_of(driven.depart_ts)))


def medians_error(shown: pd.Series | None, pair: pd.DataFrame) -> tuple[float, int]:
    """Mean absolute relative error in % of medians against true gaps without any stop, and the number of medians.

    Args:
        pair: true pairs of :func:`fidelity.boundaries.pairs`.
    """
    if shown is None:
        return np.nan, 0
    free = pair[pair.stop_s == 0]
    true = _medians(free.assign(hour=hour_of(free.t)))
    both = shown.to_frame("shown").join(true.rename("true"), how="inner").dropna()
    return (100 * float(((both.shown - both.true).abs() / both.true).mean()) if len(both) else np.nan), len(both)


def _medians(rows: pd.DataFrame) -> pd.Series:
    gap = rows.gap_s.astype(float).groupby([rows[key] for key in LINK])
    return gap.median()[gap.size() >= LEAST]
