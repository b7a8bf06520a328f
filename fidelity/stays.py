"""Stays inside a cordon: how long they last, and how many vehicles are inside."""

from itertools import product

import numpy as np
import pandas as pd

from fidelity.place import Floats
from fidelity.truth import Truth

LONG_STAY_S = 1800  # dwell has two humps, driving through and staying: only stays are judged (methods.md 6)
QUANTILES = {"median": 0.5, "p90": 0.9}
QUARTER_S = 900


def dwell(stays: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of stays of 30 minutes and more by cordon: columns median, p90, in seconds, and n.

    Args:
        stays: cordon_id, dwell_s (NaN without an entry or an exit).
    """
    long = stays[stays.dwell_s.astype(float) >= LONG_STAY_S]
    by = long.dwell_s.astype(float).groupby(long.cordon_id)
    return pd.DataFrame({**{name: by.quantile(q) for name, q in QUANTILES.items()}, "n": by.size()})


def true_stays(truth: Truth) -> pd.DataFrame:
    """Visits of the truth as :func:`dwell` takes them."""
    return pd.DataFrame({"cordon_id": truth.visit.cordon_id, "dwell_s": truth.visit.exit - truth.visit.entry})


def inside(ends: pd.DataFrame, *, at: Floats) -> Floats:
    """How many vehicles are inside at some instants (epoch seconds, shape (n,)).

    A vehicle whose first event leads out was inside from the beginning; after an event it is where that event leads, so that
    a visit without an exit and a later one without an entry are one stay. Vehicles without an event are nowhere.

    Args:
        ends: events of one cordon: vehicle, t, inwards.
    """
    rows = ends.sort_values(["vehicle", "t"], kind="stable")
    goes_in, first = rows.inwards.to_numpy(bool), (rows.vehicle.diff() != 0).to_numpy()
    before = np.where(first, ~goes_in, np.append(False, goes_in[:-1]))
    change = goes_in.astype(float) - before
    order = np.argsort(rows.t.to_numpy(), kind="stable")
    total = np.append(0.0, np.cumsum(change[order]))
    found: Floats = (first & before).sum() + total[np.searchsorted(rows.t.to_numpy()[order], at, side="right")]
    return found


def stock(table: pd.DataFrame | None, crossed: pd.DataFrame | None, *, truth: Truth) -> pd.DataFrame:
    """Vehicles inside by cordon and quarter of an hour: cordon_id, day, t, truth (of vehicles that cross the cordon that
    service day), truth_all (of all that the truth folder knows to be inside, whatever day they move), product, naive.

    A vehicle that does not move all day is known to nobody when keys last a day, and to the truth only when the folder has
    another day on which it moves. The naive method adds up ins and outs as they were counted since 04:00, lifted so far that
    nobody is missing at the lowest point.

    Args:
        table: ``flow_stock_15min``.
        crossed: crossings of gates of the naive method: cordon_id, direction, service_day, first_ts.
    """
    parts = []
    for cordon, day in product(sorted(truth.end.cordon_id.unique()), truth.days):
        events = truth.end[truth.end.cordon_id == cordon]
        at = np.arange(truth.day_starts[day], truth.day_starts[day + 1], QUARTER_S, dtype=np.float64)
        part = pd.DataFrame({"cordon_id": cordon, "day": day, "t": at})
        part["truth"], part["truth_all"] = inside(events[events.day == day], at=at), inside(events, at=at)
        part["product"] = part["naive"] = np.nan
        if table is not None:
            rows = table[(table.cordon_id == cordon) & (table.service_day == day)].drop_duplicates("slot_ts")
            part["product"] = rows.set_index("slot_ts").vehicles_inside.astype(float).reindex(at).to_numpy()
        if crossed is not None:
            counted = crossed[(crossed.cordon_id == cordon) & (crossed.service_day == day)]
            net = _before(counted[counted.direction == "in"], at=at) - _before(counted[counted.direction == "out"], at=at)
            part["naive"] = net - min(net.min(), 0.0)
        parts.append(part)
    columns = ["cordon_id", "day", "t", "truth", "truth_all", "product", "naive"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _before(rows: pd.DataFrame, *, at: Floats) -> Floats:
    counted: Floats = np.searchsorted(np.sort(rows.first_ts.to_numpy(float)), at, side="right").astype(float)
    return counted


def stock_error_pct(found: pd.DataFrame, *, shown: str, true: str) -> float:
    """Mean absolute error of a column of :func:`stock` over the quarters that have it, in % of the true maximum."""
    some = found.dropna(subset=[shown])
    top = found[true].max()
    return 100 * float((some[shown] - some[true]).abs().mean()) / top if top > 0 else np.nan
