"""Measures of flows: gates, origin-destination, detection, travel times, the intervals of all tables; and their plots."""

import numpy as np
import pandas as pd

from fidelity.cells import Comparison, added_up, by_size, coverage_by_size
from fidelity.counts import Flows, estimated, gates, od, zone_od
from fidelity.detection import detection, summary
from fidelity.insides import Plots, insides
from fidelity.place import Place
from fidelity.product import Frames, has
from fidelity.scores import Measure, Measures, number, part_of
from fidelity.through import PAIR_DAY, true_pair_days
from fidelity.travel import MEDIAN, TAIL, error, of_legs, of_table
from fidelity.truth import Truth
from fidelity.view import View

INTERVALS = {
    "gate": "gates by hour",
    "gate_class": "gates by hour and class",
    "pair": "gate pairs by day",
    "od_hour": "OD by hour",
    "od_day": "zones OD by day",
}


def flows(
    frames: Frames, view: View | None, naive: View | None, *, truth: Truth, place: Place, pair: pd.DataFrame
) -> tuple[Measures, Plots]:
    """Everything about flows; what has no table is absent. ``pair``: true pairs of seen passages."""
    gate = gates(
        _table(frames, "flow_gate_hour", "hour_ts", "cordon_id", "gate_id", "direction"), naive, truth=truth, place=place
    )
    trip = od(
        _table(frames, "flow_od_hour", "service_day", "hour_ts", "origin_site_id", "destination_site_id"),
        naive,
        truth=truth,
        place=place,
    )
    measured, plots = insides(frames, naive, truth=truth, place=place)
    measured |= _gates(gate) | _od(trip) | _travel(frames, view, naive, truth=truth, pair=pair)
    bounded = {
        "gate": gate.expanded,
        "gate_class": gate.by_class,
        "pair": _pair_days(frames, truth=truth, place=place),
        "od_hour": trip.expanded,
        "od_day": _zone_days(frames, truth=truth, place=place),
    }
    covered = []
    for key, made in bounded.items():
        if made is not None and made.coverage.cells:
            n = made.coverage.cells
            measured[f"{key}_coverage_pct"] = Measure(number(made.coverage.coverage_pct), None, n)
            measured[f"{key}_width_pct"] = Measure(number(made.coverage.too_wide_pct), None, n)
            covered.append(coverage_by_size(made.cells).assign(table=INTERVALS[key]))
    found, drawn = _detection(frames["core_detection"], frames["core_read"], truth=truth, place=place)
    dots = [("expanded", gate.expanded), ("counted", gate.counted), ("naive", gate.naive_expanded)]
    bars = [("expanded", trip.expanded), ("counted", trip.counted), ("naive", trip.naive_expanded)]
    for name, tables in (
        ("gates", [c.cells.reset_index().assign(method=m) for m, c in dots if c is not None]),
        ("sizes", [by_size(_over_days(c).cells).assign(method=m) for m, c in bars if c is not None]),
        ("coverage", covered),
    ):
        if tables:
            plots[name] = pd.concat(tables, ignore_index=True)
    return measured | found, plots | drawn


def _table(frames: Frames, name: str, *columns: str) -> pd.DataFrame | None:
    return frames[name] if has(frames[name], *columns) else None


def _gates(found: Flows) -> Measures:
    measured: Measures = {}
    for label, made, naive in (
        ("counted", found.counted, found.naive_counted),
        ("expanded", found.expanded, found.naive_expanded),
    ):
        for name, part, size in (
            ("total_pct", "total_error_pct", "counted"),
            ("mape_pct", "mape_pct", "large"),
            ("geh5_pct", "geh5_pct", "counted"),
        ):
            n = getattr(made if made is not None else naive, size, None)
            measured[f"gate_{label}_{name}"] = Measure(part_of(made, part), part_of(naive, part), n)
    if found.expanded is not None:
        measured["gate_left_out_pct"] = Measure(
            number(found.expanded.left_out_pct), None, int(found.expanded.cells.truth.sum())
        )
        ours, beside = (_totals(c) for c in (found.expanded, found.naive_expanded))
        for direction, total in ours.items():
            measured[f"gate_total_pct:{direction}"] = Measure(number(total), number(beside.get(direction)), None)
    return measured


def _totals(made: Comparison | None) -> dict[str, float]:
    """Total error in % by direction."""
    if made is None:
        return {}
    sums = made.cells.groupby(level="direction")[["truth", "estimate"]].sum()
    return {str(name): 100 * (row.estimate / row.truth - 1) if row.truth else np.nan for name, row in sums.iterrows()}


def _over_days(made: Comparison) -> Comparison:
    return added_up(made, keys=["origin", "destination"])


def _od(found: Flows) -> Measures:
    measured: Measures = {}
    for label, ours, theirs in (
        ("counted", found.counted, found.naive_counted),
        ("expanded", found.expanded, found.naive_expanded),
    ):
        sums, beside = (_over_days(c) if c is not None else None for c in (ours, theirs))
        for name, part, size in (
            ("total_pct", "total_error_pct", "counted"),
            ("error", "error", "counted"),
            ("mape_pct", "mape_pct", "large"),
        ):
            n = getattr(sums if sums is not None else beside, size, None)
            measured[f"od_{label}_{name}"] = Measure(part_of(sums, part), part_of(beside, part), n)
        n = getattr(ours if ours is not None else theirs, "counted", None)
        measured[f"od_{label}_hour_error"] = Measure(part_of(ours, "error"), part_of(theirs, "error"), n)
    return measured


def _pair_days(frames: Frames, *, truth: Truth, place: Place) -> Comparison | None:
    table = _table(frames, "out_gate_pair_day_cell", "service_day", "cordon_id", "entry_gate_id", "exit_gate_id", "kind")
    if table is None:
        return None
    rows = table[table.service_day.isin(truth.days)].rename(columns={"service_day": "day"})
    true = true_pair_days(truth, min_stop_s=place.min_stop_s)
    return estimated(rows, keys=PAIR_DAY, columns=("expanded", "expanded_se"), true=true)


def _zone_days(frames: Frames, *, truth: Truth, place: Place) -> Comparison | None:
    table = _table(frames, "flow_zone_od_day", "service_day", "origin_zone_id", "destination_zone_id")
    return zone_od(table, truth=truth, place=place) if table is not None else None


def _travel(frames: Frames, view: View | None, naive: View | None, *, truth: Truth, pair: pd.DataFrame) -> Measures:
    measured: Measures = {}
    for name, which in (("median", MEDIAN), ("tail", TAIL)):
        shown = of_table(frames["flow_travel_time_hour"], which, days=truth.days)
        if shown is None and view is not None:
            shown = of_legs(view.leg, which)
        ours, n = error(shown, pair, which)
        theirs, naive_n = error(of_legs(naive.leg, which) if naive is not None else None, pair, which)
        measured[f"travel_{name}_mape_pct"] = Measure(number(ours), number(theirs), n or naive_n)
    return measured


def _detection(table: pd.DataFrame | None, read: pd.DataFrame | None, *, truth: Truth, place: Place) -> tuple[Measures, Plots]:
    fit = has(table, "service_day", "site_id", "q") and has(read, "vid", "read_id", "service_day")
    if table is None or read is None or not fit:
        return {}, {}
    site = detection(table, read=read, truth=truth)
    made = summary(site, gates=place.gates)
    told = has(table, "q_se")
    measured = {
        "detection_cordon_error": Measure(number(made.cordon), None, made.cordon_sites),
        "detection_elsewhere_error": Measure(number(made.elsewhere), None, made.elsewhere_sites),
        "detection_coverage_pct": Measure(number(made.holds_pct) if told else None, None, made.sites),
        "detection_unidentified_pct": Measure(number(made.unidentified_pct), None, made.sites),
    }
    drawn = site.assign(where=np.where(site.site_id.isin(place.gates.site_id), "gates", "elsewhere")).drop(columns="holds")
    return measured, {"detection": drawn} if site.q.notna().any() else {}
