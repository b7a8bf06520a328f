"""Measures of flows: gates, origin-destination, through traffic, dwell, detection, travel times; and their plots."""

import numpy as np
import pandas as pd

from fidelity.cells import Comparison, by_size, coverage_by_size
from fidelity.counts import Flows, gates, naive_gates, naive_od, od, travel_times
from fidelity.place import Place
from fidelity.product import Frames, has
from fidelity.scores import Measure, Measures, number, part_of
from fidelity.stays import detection, dwell, naive_through, through
from fidelity.truth import Truth
from fidelity.view import View

Plots = dict[str, pd.DataFrame]


def flows(
    frames: Frames, view: View | None, naive: View | None, *, truth: Truth, place: Place, pair: pd.DataFrame
) -> tuple[Measures, Plots]:
    """Everything about flows; what has no table is absent. ``pair``: true pairs of seen passages."""
    table = frames["flow_gate_hour"]
    fit = has(table, "hour_ts", "cordon_id", "gate_id", "direction")
    gate = gates(table, truth=truth, place=place) if fit and table is not None else Flows(None, None, None)
    table = frames["flow_od_hour"]
    fit = has(table, "service_day", "origin_site_id", "destination_site_id")
    trip = od(table, truth=truth, place=place) if fit and table is not None else Flows(None, None, None)
    naive_gate = naive_gates(naive, truth=truth, place=place) if naive is not None else None
    naive_trip = naive_od(naive, truth=truth, place=place) if naive is not None else None
    measured = {
        **_cells("gate", gate, naive_gate),
        **_cells("od", trip, naive_trip),
        **_through(frames["flow_through_day"], naive, truth=truth, place=place),
        **_dwell(frames["core_visit"], truth=truth),
        **_detection(frames["core_detection"], frames["core_read"], truth=truth),
    }
    ours, n = travel_times(view.leg, pair) if view is not None else (np.nan, None)
    theirs, naive_n = travel_times(naive.leg, pair) if naive is not None else (np.nan, None)
    measured["travel_median_mape_pct"] = Measure(number(ours), number(theirs), n if n is not None else naive_n)
    return measured, _plots(gate, naive_gate, trip, naive_trip)


def _cells(key: str, found: Flows, naive: Comparison | None) -> Measures:
    measured: Measures = {}
    for label, made in (("counted", found.counted), ("expanded", found.expanded)):
        for name, part, size in (
            ("total", "total_error_pct", "counted"),
            ("mape", "mape_pct", "large"),
            ("geh5", "geh5_pct", "counted"),
        ):
            n = getattr(made if made is not None else naive, size, None)
            measured[f"{key}_{label}_{name}_pct"] = Measure(part_of(made, part), part_of(naive, part), n)
    for label, made in ((key, found.expanded), (f"{key}_class", found.by_class)):
        n = made.covered if made is not None else None
        measured[f"{label}_coverage_pct"] = Measure(part_of(made, "coverage_pct"), None, n)
    return measured


def _plots(gate: Flows, naive_gate: Comparison | None, trip: Flows, naive_trip: Comparison | None) -> Plots:
    plots: Plots = {}
    dots = [("expanded", gate.expanded), ("counted", gate.counted), ("naive", naive_gate)]
    bars = [("expanded", trip.expanded), ("counted", trip.counted), ("naive", naive_trip)]
    covered = [
        ("gates by hour", gate.expanded),
        ("gates by hour and class", gate.by_class),
        ("origin-destination by day", trip.expanded),
    ]
    for name, tables in (
        ("gates", [c.cells.reset_index().assign(method=m) for m, c in dots if c is not None]),
        ("sizes", [by_size(c.cells).assign(method=m) for m, c in bars if c is not None]),
        ("coverage", [coverage_by_size(c.cells).assign(table=m) for m, c in covered if c is not None and c.covered]),
    ):
        if tables:
            plots[name] = pd.concat(tables, ignore_index=True)
    return plots


def _through(table: pd.DataFrame | None, naive: View | None, *, truth: Truth, place: Place) -> Measures:
    fit = has(table, "service_day", "cordon_id") and (has(table, "through_share") or has(table, "through", "entries"))
    if not fit or table is None:
        return {}
    made = through(table, truth=truth, min_stop_s=place.min_stop_s)
    simple = naive_through(naive.passage, gates=place.gates) if naive is not None else None
    made["naive_pct"] = np.nan
    if simple is not None:
        made["naive_pct"] = simple.reindex(pd.MultiIndex.from_frame(made[["cordon_id", "day"]])).to_numpy(float)
    measured: Measures = {}
    for cordon, rows in made.groupby("cordon_id"):
        weight, n = rows.entries / rows.entries.sum(), int(rows.entries.sum())
        for key, true in (("through_points", rows.true_pct), ("through_stop_points", rows.true_stop_pct)):
            error, beside = ((weight * (shown - true)).sum(skipna=False) for shown in (rows.share_pct, rows.naive_pct))
            measured[f"{key}:{cordon}"] = Measure(number(float(error)), number(float(beside)), n)
    bounded = made.dropna(subset=["low_pct", "high_pct"])
    inside = bounded.true_pct.between(bounded.low_pct, bounded.high_pct) | bounded.true_stop_pct.between(
        bounded.low_pct, bounded.high_pct
    )
    measured["through_coverage_pct"] = Measure(number(100 * float(inside.mean())), None, len(bounded))
    return measured


def _dwell(table: pd.DataFrame | None, *, truth: Truth) -> Measures:
    if table is None or not has(table, "service_day", "dwell_s"):
        return {}
    median, true, n = dwell(table, truth=truth)
    return {"dwell_median_pct": Measure(number(100 * (median / true - 1)) if true else None, None, n)}


def _detection(table: pd.DataFrame | None, read: pd.DataFrame | None, *, truth: Truth) -> Measures:
    if table is None or read is None or not has(table, "service_day", "site_id", "q") or not has(read, "vid", "read_id"):
        return {}
    made = detection(table, read=read, truth=truth)
    n = len(made.site)
    return {
        "detection_error": Measure(number(made.mean_error), None, n),
        "detection_coverage_pct": Measure(number(made.coverage_pct), None, n),
    }
