"""The judgement: every statistic measured on the product and on the naive method, and the tables behind the plots."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from fidelity import naive as plain
from fidelity.boundaries import Seen, boundaries, pairs, seen, true_trips
from fidelity.catalogue import scores
from fidelity.clocks import FEW_READS, Residual, clocks, residual
from fidelity.clones import clones
from fidelity.flows import flows
from fidelity.identity import identity
from fidelity.insides import Plots
from fidelity.outages import naive_outages, outages
from fidelity.passages import passages
from fidelity.place import Place
from fidelity.product import Frames, has
from fidelity.scores import Measure, Measures, Score, number, part_of, share
from fidelity.truth import Truth
from fidelity.view import View, of_product


@dataclass(frozen=True)
class Judgement:
    """``scores`` in the order of the report; ``plots``: table by name of the plot, only those with something to show."""

    scores: list[Score]
    plots: Plots


def judge(frames: Frames, *, truth: Truth, place: Place, progress: Callable[[str], None] | None = None) -> Judgement:
    """Score a product.

    Args:
        frames: as :func:`fidelity.product.prepared` gives them; what is None is absent, and so is what follows from it.
        truth: of the service days that the product knows.
    """
    base = seen(truth)
    pair = pairs(base.crossing, truth=truth)
    view = of_product(frames, truth=truth)
    naive_reads = plain.reads(frames)
    naive = plain.moves(naive_reads, truth=truth) if naive_reads is not None else None
    measured: Measures = {}
    plots: Plots = {}
    steps: tuple[tuple[str, Callable[[], tuple[Measures, Plots]]], ...] = (
        ("trips", lambda: _trips(view, naive, truth=truth, place=place, base=base)),
        ("identity", lambda: _identity(frames["core_read"], naive_reads, truth=truth)),
        ("clones", lambda: _clones(frames["core_trip"], frames["core_read"], truth=truth)),
        ("clocks", lambda: _clocks(frames["core_camera_hour"], frames["core_read"], truth=truth)),
        ("times", lambda: _times(frames["core_read"], frames["raw_read"], truth=truth)),
        ("outages", lambda: _outages(frames["core_camera_hour"], naive_reads, truth=truth)),
        ("passages", lambda: _passages(view, naive, truth=truth, base=base)),
        ("flows", lambda: flows(frames, view, naive, truth=truth, place=place, pair=pair)),
    )
    for name, measure in steps:
        if progress is not None:
            progress(f"  {name}")
        found, drawn = measure()
        measured |= found
        plots |= drawn
    made = scores(measured)
    rows = [(s.key, s.statistic, s.value, s.naive) for s in made if s.group == "Identity"]
    if any(value is not None or beside is not None for _, _, value, beside in rows):
        plots["identity"] = pd.DataFrame(rows, columns=["key", "statistic", "value", "naive"])
    return Judgement(made, plots)


def _trips(view: View | None, naive: View | None, *, truth: Truth, place: Place, base: Seen) -> tuple[Measures, Plots]:
    ours, theirs = (
        boundaries(v, truth=truth, place=place, base=base) if v is not None and (v.passage.trip >= 0).any() else None
        for v in (view, naive)
    )
    true = len(true_trips(truth, crossing=base.crossing, min_stop_s=place.min_stop_s))

    def excess(v: View | None) -> float | None:
        return 100 * (float(v.trips.sum()) / true - 1) if v is not None and v.trips is not None and true else None

    found: Measures = {"trips_error_pct": Measure(excess(view), excess(naive), true)}
    for key, definition, part in (
        ("boundary_f1", "clear", "f1"),
        ("boundary_f1_strict", "strict", "f1"),
        ("boundary_precision", "clear", "precision"),
        ("boundary_recall", "clear", "recall"),
        ("boundary_f1_identity", "identity", "f1"),
        ("boundary_f1_bridged", "bridged", "f1"),
        ("boundary_f1_legs", "legs", "f1"),
    ):
        value, beside = (number(getattr(b, definition)[part]) if b is not None else None for b in (ours, theirs))
        some = ours or theirs
        found[key] = Measure(value, beside, int(getattr(some, definition)["n"]) if some is not None else None)
    plots = {}
    for name in ("by_distance", "by_stop"):
        tables = [getattr(b, name).assign(method=m) for b, m in ((ours, "product"), (theirs, "naive")) if b is not None]
        if tables:
            plots[name] = pd.concat(tables, ignore_index=True)
    return found, plots


def _shares(ours: object | None, theirs: object | None, wanted: tuple[tuple[str, str, str], ...]) -> Measures:
    """Shares in % of (key, part, whole), attributes of two results that may not be there."""
    return {
        key: Measure(
            share(part_of(ours, part), part_of(ours, whole)),
            share(part_of(theirs, part), part_of(theirs, whole)),
            getattr(ours if ours is not None else theirs, whole, None),
        )
        for key, part, whole in wanted
    }


def _identity(read: pd.DataFrame | None, naive: pd.DataFrame | None, *, truth: Truth) -> tuple[Measures, Plots]:
    ours, theirs = (
        identity(table[table.service_day.isin(truth.days)], truth=truth)
        if table is not None and has(table, "read_id", "vid", "service_day")
        else None
        for table in (read, naive)
    )
    wanted = (
        ("misreads_joined_pct", "joined", "misreads"),
        ("misreads_elsewhere_pct", "joined_elsewhere", "misreads"),
        ("misreads_set_aside_pct", "set_aside", "misreads"),
        ("damaged_pct", "damaged", "vehicle_days"),
        ("split_pct", "split", "vehicle_days"),
        ("shared_pct", "shared", "vehicle_days"),
        ("swallowed_pct", "swallowed", "vehicle_days"),
        ("ok_set_aside_pct", "ok_set_aside", "ok_reads"),
        ("twins_apart_pct", "twins_apart", "twin_days"),
    )
    return _shares(ours, theirs, wanted), {}


def _clones(trip: pd.DataFrame | None, read: pd.DataFrame | None, *, truth: Truth) -> tuple[Measures, Plots]:
    fit = has(trip, "service_day", "vid", "flags") and has(read, "read_id", "vid", "service_day")
    if trip is None or read is None or not fit:
        return {}, {}
    made = clones(trip, read=read, truth=truth)
    return {
        "clones_flagged_pct": Measure(share(made.flagged, made.plates), None, made.plates),
        "clones_wrong": Measure(made.wrong, None, made.vehicle_days),
    }, {}


def _clocks(table: pd.DataFrame | None, read: pd.DataFrame | None, *, truth: Truth) -> tuple[Measures, Plots]:
    if table is None or not has(table, "hour_ts", "camera_id", "clock_offset_s"):
        return {}, {}
    found = clocks(table, read=read, truth=truth)
    hour = found.hour
    told = hour.estimate_s.notna()
    wrong = hour[hour.injected & told & (hour.usable != 0)]
    made: Measures = {
        "clock_median_s": Measure(number(wrong.error_s.median()), number(wrong.naive_s.median()), len(wrong)),
        "clock_worst_s": Measure(number(wrong.error_s.max()), number(wrong.naive_s.max()), len(wrong)),
        "clock_instant_s": Measure(number(wrong.worst_s.max()), None, len(wrong)),
        "good_clocks_corrected": Measure(found.good_corrected, None, found.good_cameras),
        "clock_told_pct": Measure(share(int(told.sum()), len(hour)), None, len(hour)),
    }
    for key, which, known in (
        ("clock_usable_told_pct", hour.usable == 1, hour.usable.notna().any()),
        ("clock_few_told_pct", hour["reads"] >= FEW_READS, hour["reads"].notna().any()),
    ):
        if known:
            made[key] = Measure(share(int((told & which).sum()), int(which.sum())), None, int(which.sum()))
    return made, {"clocks": hour.error_s.reset_index()[["camera_id", "hour", "error_s"]]} if told.any() else {}


def _times(read: pd.DataFrame | None, raw: pd.DataFrame | None, *, truth: Truth) -> tuple[Measures, Plots]:
    def left(table: pd.DataFrame | None, column: str) -> Residual | None:
        fit = table is not None and has(table, "read_id", "camera_id", column)
        return residual(table, column=column, truth=truth) if fit and table is not None else None

    ours = left(read, "read_ts")
    # core_read keeps the camera's own time for as long as there are reads
    theirs = left(read, "captured_at") or left(raw, "captured_at")
    some = ours or theirs
    n = some.reads if some is not None else None
    made = {
        key: Measure(part_of(ours, part), part_of(theirs, part), n)
        for key, part in (
            ("read_time_median_s", "median_s"),
            ("read_time_p95_s", "p95_s"),
            ("read_time_worst_s", "worst_hour_s"),
        )
    }
    both = {name: r.hour for name, r in (("product", ours), ("naive", theirs)) if r is not None}
    return made, {"read_times": pd.DataFrame(both).reset_index()} if ours is not None and len(ours.hour) else {}


def _outages(table: pd.DataFrame | None, naive: pd.DataFrame | None, *, truth: Truth) -> tuple[Measures, Plots]:
    fit = has(table, "hour_ts", "camera_id") and (has(table, "is_up") or has(table, "down_s"))
    ours = outages(table, truth=truth) if fit and table is not None else None
    theirs = naive_outages(naive, truth=truth) if naive is not None else None
    wanted = (
        ("dead_busy_flagged_pct", "busy_dead_flagged", "busy_dead"),
        ("dead_flagged_pct", "dead_flagged", "dead"),
        ("partial_close_pct", "close", "partial"),
        ("false_outage_pct", "false", "up"),
        ("false_partial_pct", "false_partial", "up"),
    )
    return _shares(ours, theirs, wanted), {}


def _passages(view: View | None, naive: View | None, *, truth: Truth, base: Seen) -> tuple[Measures, Plots]:
    ours, theirs = (passages(v, truth=truth, base=base) if v is not None else None for v in (view, naive))
    made = {}
    for key, part, whole in (
        ("left_per_1000", "left", "rows"),
        ("double_per_1000", "double", "rows"),
        ("opposite_per_1000", "opposite", "rows"),
        ("phantom_per_1000", "phantom", "rows"),
        ("lost_per_1000", "lost", "crossings"),
        ("unknown_per_1000", "unknown", "rows"),
    ):
        value, beside = (share(part_of(p, part), part_of(p, whole), per=1000) for p in (ours, theirs))
        made[key] = Measure(value, beside, getattr(ours or theirs, whole, None))
    return made, {}
