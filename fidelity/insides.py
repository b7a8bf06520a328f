"""Measures of what goes on inside a cordon: driving through, dwell times, the stock; and their plots."""

import pandas as pd

from fidelity.counts import crossings
from fidelity.place import Place
from fidelity.product import Frames, has
from fidelity.scores import Measure, Measures, number, part_of
from fidelity.stays import QUANTILES, dwell, stock, stock_error_pct, true_stays
from fidelity.through import Pairs, naive_shares, naive_visits, pairs, shares, unknown_hours
from fidelity.truth import Truth
from fidelity.view import View

Plots = dict[str, pd.DataFrame]


def insides(frames: Frames, naive: View | None, *, truth: Truth, place: Place) -> tuple[Measures, Plots]:
    """Everything about cordons, by cordon; what has no table is absent."""
    simple = naive_visits(naive.passage, gates=place.gates) if naive is not None else None
    measured: Measures = {}
    plots: Plots = {}
    for found, drawn in (
        _pairs(frames, simple, truth=truth, place=place),
        (_shares(frames["flow_through_day"], simple, truth=truth, place=place), {}),
        (_dwell(frames["core_visit"], simple, truth=truth), {}),
        _stock(frames["flow_stock_15min"], naive, truth=truth, place=place),
    ):
        measured |= found
        plots |= drawn
    return measured, plots


def _pairs(frames: Frames, simple: pd.DataFrame | None, *, truth: Truth, place: Place) -> tuple[Measures, Plots]:
    unknown = unknown_hours(frames["flow_gate_hour"], truth=truth, place=place)
    found = pairs(frames["flow_gate_pair_hour"], simple, truth=truth, place=place, unknown=unknown)
    measured: Measures = {}
    for cordon, made in found.items():
        some = made.expanded if made.expanded is not None else made.naive
        n = int(some.cells.truth.sum()) if some is not None else None
        for key, part in (("through_total_pct", "total_error_pct"), ("through_pairs_error", "error")):
            measured[f"{key}:{cordon}"] = Measure(part_of(made.expanded, part), part_of(made.naive, part), n)
        ours, beside = (part_of(c, "total_error_pct") for c in (made.nostop, made.naive_nostop))
        measured[f"through_nostop_pct:{cordon}"] = Measure(ours, beside, n)
        if made.expanded is not None:
            measured[f"through_left_out_pct:{cordon}"] = Measure(number(made.left_out_pct), None, n)
    return measured, _pair_dots(found)


def _pair_dots(found: dict[str, Pairs]) -> Plots:
    tables = [
        made.cells.reset_index().assign(method=method)
        for pair in found.values()
        for method, made in (("expanded", pair.expanded), ("naive", pair.naive))
        if made is not None
    ]
    return {"pairs": pd.concat(tables, ignore_index=True)} if any(p.expanded is not None for p in found.values()) else {}


def _shares(table: pd.DataFrame | None, simple: pd.DataFrame | None, *, truth: Truth, place: Place) -> Measures:
    if table is None or not has(table, "service_day", "cordon_id", "vehicle_class", "through_share"):
        return {}
    made = shares(table, truth=truth, min_stop_s=place.min_stop_s)
    beside = pd.Series(float("nan"), index=made.index)
    if simple is not None:
        keys = pd.MultiIndex.from_frame(made[["cordon_id", "day"]])
        beside = pd.Series(naive_shares(simple).reindex(keys).to_numpy(float), index=made.index)
    measured: Measures = {}
    for cordon, rows in made.groupby("cordon_id"):
        for key, true in (("through_points", rows.true_pct), ("through_nostop_points", rows.true_nostop_pct)):
            ours, theirs = (_worst(shown - true) for shown in (rows.share_pct, beside[rows.index]))
            measured[f"{key}:{cordon}"] = Measure(number(ours), number(theirs), int(rows.entries.sum()))
    sure = made.dropna(subset=["low_pct", "high_pct"])
    inside = sure.true_pct.between(sure.low_pct, sure.high_pct)
    measured["through_coverage_pct"] = Measure(number(100 * float(inside.mean())), None, len(sure))
    return measured


def _worst(errors: pd.Series) -> float:
    """The error that is furthest from 0, with its sign."""
    known = errors.dropna()
    return float(known.loc[known.abs().idxmax()]) if len(known) else float("nan")


def _dwell(table: pd.DataFrame | None, simple: pd.DataFrame | None, *, truth: Truth) -> Measures:
    if table is None or not has(table, "service_day", "cordon_id", "dwell_s"):
        return {}
    true = dwell(true_stays(truth))
    ours = dwell(table[table.service_day.isin(truth.days)]).reindex(true.index)
    theirs = None
    if simple is not None:
        theirs = dwell(simple.assign(dwell_s=simple.exit - simple.entry)).reindex(true.index)
    measured: Measures = {}
    for name in QUANTILES:
        error, beside = (100 * (made[name] / true[name] - 1) if made is not None else None for made in (ours, theirs))
        for cordon, n in true.n.items():
            value, simply = (number(float(e[str(cordon)])) if e is not None else None for e in (error, beside))
            measured[f"dwell_{name}_pct:{cordon}"] = Measure(value, simply, int(n))
    return measured


def _stock(table: pd.DataFrame | None, naive: View | None, *, truth: Truth, place: Place) -> tuple[Measures, Plots]:
    if table is None or not has(table, "service_day", "slot_ts", "cordon_id", "vehicles_inside"):
        return {}, {}
    crossed = crossings(naive.passage, place=place) if naive is not None else None
    found = stock(table, crossed, truth=truth)
    measured: Measures = {}
    for cordon, rows in found.groupby("cordon_id"):
        n = int(rows["product"].notna().sum())
        for key, true in (("stock_error_pct", "truth"), ("stock_all_error_pct", "truth_all")):
            ours, theirs = (number(stock_error_pct(rows, shown=shown, true=true)) for shown in ("product", "naive"))
            measured[f"{key}:{cordon}"] = Measure(ours, theirs, n)
    return measured, {"stock": found} if len(found) else {}
