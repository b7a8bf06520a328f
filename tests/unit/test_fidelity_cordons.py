"""Driving through, stays and the stock: right figures score full marks, and planted errors cost what they should."""

import numpy as np
import pandas as pd
import pytest

from fidelity.stays import inside
from tests import judged

THROUGH, STAYS = 48, 12  # of 60 vehicles 12 stop for 30 minutes; 12 for 5 minutes, which is no stop


@pytest.fixture(scope="module")
def frames():
    return judged.truth_frames()


@pytest.fixture(scope="module")
def truth(frames, tmp_path_factory):
    return judged.load(frames, tmp_path_factory.mktemp("truth"))


def _with(frames, truth, **tables):
    return judged.values(judged.judged(judged.product(frames) | tables, truth))


def test_vehicles_that_drove_through_are_those_without_a_stop_that_counts(frames, truth):
    pairs = judged.product(frames)["flow_gate_pair_hour"]
    right = _with(frames, truth)
    assert right["through_total_pct:ring"] == right["through_pairs_error:ring"] == right["through_left_out_pct:ring"] == 0
    assert right["through_nostop_pct:ring"] == pytest.approx(100 * 12 / 36), "36 did not stop at all"
    low = pairs.assign(visits_expanded=pairs.visits_expanded * 0.75)
    assert _with(frames, truth, flow_gate_pair_hour=low)["through_total_pct:ring"] == pytest.approx(-25)
    swapped = pairs.assign(entry_gate_id=pairs.exit_gate_id, exit_gate_id=pairs.entry_gate_id)
    found = _with(frames, truth, flow_gate_pair_hour=swapped)
    assert found["through_total_pct:ring"] == 0, "as many"
    assert found["through_pairs_error:ring"] == 2, "but all of them between the wrong gates"


def test_the_naive_method_loses_who_was_missed_at_either_end(frames, truth):
    tables = judged.product(frames)
    raw = tables["raw_read"]
    missed = raw[~raw.read_id.isin(["r002-0", "r003-3"])]
    made = judged.judged(tables | {"raw_read": missed}, truth)
    assert judged.naive_values(made)["through_total_pct:ring"] == pytest.approx(-100 * 2 / THROUGH)
    assert judged.values(made)["through_total_pct:ring"] == 0


def test_hours_that_the_product_does_not_know_are_left_out_of_both_and_counted(frames, truth):
    tables = judged.product(frames)
    gate, pairs = tables["flow_gate_hour"], tables["flow_gate_pair_hour"]
    dead = (gate.gate_id == "east") & (gate.hour_ts.dt.hour == 8)  # exits from 08:00 UTC on
    silent = gate.assign(passages_expanded=gate.passages_expanded.mask(dead), status=gate.status.mask(dead, "missing"))
    late = frames["visit"].merge(judged.visits(frames)[["vehicle_key", "through"]])
    gone = int((late.through & (late.exit >= judged.DAY + pd.Timedelta(hours=8))).sum())
    assert 0 < gone < 10
    through = pairs.visit_class == "through"
    seen = pairs.assign(visits_expanded=pairs.visits_expanded - np.where(through, gone, 0))
    found = _with(frames, truth, flow_gate_hour=silent, flow_gate_pair_hour=seen)
    assert found["through_total_pct:ring"] == 0
    assert found["through_left_out_pct:ring"] == pytest.approx(100 * gone / THROUGH)
    pretending = _with(frames, truth, flow_gate_pair_hour=seen)
    assert pretending["through_total_pct:ring"] == pytest.approx(-100 * gone / THROUGH), (
        "an hour that is said to be known counts"
    )


def test_a_cell_without_a_value_is_no_zero(frames, truth):
    pairs = judged.product(frames)["flow_gate_pair_hour"]
    found = _with(
        frames, truth, flow_gate_pair_hour=pairs.assign(visits_expanded=pairs.visits_expanded.mask(pairs.visits > 40))
    )
    assert found["through_left_out_pct:ring"] == 100


def test_through_share_of_the_worst_day_and_its_interval(frames, truth):
    table = judged.product(frames)["flow_through_day"]
    right = _with(frames, truth)
    assert right["through_points:ring"] == pytest.approx(0)
    assert right["through_nostop_points:ring"] == pytest.approx(20), "36 of 60 did not stop at all"
    assert right["through_coverage_pct"] == 100
    low = table.assign(through_share=0.7, through_share_low=0.65, through_share_high=0.75)
    found = _with(frames, truth, flow_through_day=low)
    assert found["through_points:ring"] == pytest.approx(-10)
    assert found["through_coverage_pct"] == 0
    unknown = _with(frames, truth, flow_through_day=table.assign(through_share=np.nan))
    assert unknown["through_points"] is None, "raw counts are no share"


def test_errors_of_two_days_do_not_cancel(frames, tmp_path):
    day = pd.Timedelta(days=1)
    later = {
        "passage": frames["passage"].assign(t=frames["passage"].t + day, passage_key="next-" + frames["passage"].passage_key),
        "visit": frames["visit"].assign(entry=frames["visit"].entry + day, exit=frames["visit"].exit + day),
        "trip": frames["trip"].assign(depart=frames["trip"].depart + day, arrive=frames["trip"].arrive + day),
    }
    both = frames | {name: pd.concat([frames[name], rows], ignore_index=True) for name, rows in later.items()}
    truth = judged.load(both, tmp_path)
    assert len(truth.days) == 2
    table = judged.product(frames)["flow_through_day"]
    two = [
        table.assign(service_day=(judged.DAY + n * day).date(), through_share=0.8 + error)
        for n, error in ((0, 0.03), (1, -0.05))
    ]
    found = _with(frames, truth, flow_through_day=pd.concat(two))
    assert found["through_points:ring"] == pytest.approx(-5)


def test_pairs_by_day_are_judged_by_their_own_errors_stays_too(frames, truth):
    cell = judged.product(frames)["out_gate_pair_day_cell"]
    assert _with(frames, truth)["pair_coverage_pct"] == 100
    wrong = cell.assign(expanded=cell.expanded.mask(cell.kind == "stay", STAYS * 1.5))
    assert _with(frames, truth, out_gate_pair_day_cell=wrong)["pair_coverage_pct"] == 50


def test_dwell_is_of_stays_of_half_an_hour(frames, truth):
    visit = judged.product(frames)["core_visit"]
    long = visit.dwell_s >= 1800
    spoiled = visit.assign(dwell_s=np.where(long, visit.dwell_s * 1.05, visit.dwell_s * 2))
    found = _with(frames, truth, core_visit=spoiled)
    assert found["dwell_median_pct:ring"] == found["dwell_p90_pct:ring"] == pytest.approx(5)
    tail = visit.assign(dwell_s=visit.dwell_s.mask(long & (long.cumsum() > 8), 20_000))
    found = _with(frames, truth, core_visit=tail)
    assert found["dwell_median_pct:ring"] == 0
    assert found["dwell_p90_pct:ring"] > 100


def test_stock_is_of_who_is_inside_whatever_day_the_truth_tells_it():
    hour = 3600.0
    ends = pd.DataFrame(
        [(1, 9, True), (1, 17, False), (2, 12, False), (3, 10, True), (3, 34, False), (4, 20, True)],
        columns=["vehicle", "t", "inwards"],
    )
    found = inside(ends.assign(t=ends.t * hour), at=np.array([0, 9.5, 11, 13, 18, 21, 35]) * hour)
    assert found.tolist() == [1, 2, 3, 2, 1, 2, 1], "2 was inside from the beginning, 3 over night, 4 stays"
    torn = pd.DataFrame([(1, 9, True), (1, 10, True), (1, 17, False)], columns=["vehicle", "t", "inwards"])
    assert inside(torn, at=np.array([8, 11, 18])).tolist() == [0, 1, 0], "two entries are one vehicle"


def test_stock_against_truth_and_against_counting_on(frames, tmp_path):
    visit = frames["visit"]
    parked = visit.assign(entry=visit.entry.mask(visit.vehicle_key < "v020"))  # 20 were inside since before the first day
    known = frames | {"visit": parked}
    truth = judged.load(known, tmp_path)
    table = judged.stock(parked)
    top = table.vehicles_inside.max()
    tables = judged.product(frames)
    made = judged.judged(tables | {"flow_stock_15min": table}, truth)
    assert judged.values(made)["stock_error_pct:ring"] == judged.values(made)["stock_all_error_pct:ring"] == 0
    high = table.assign(vehicles_inside=table.vehicles_inside + 3)
    assert _with(frames, truth, flow_stock_15min=high)["stock_error_pct:ring"] == pytest.approx(100 * 3 / top)
    without = table.assign(vehicles_inside=table.vehicles_inside - 20 * (table.slot_ts.dt.hour < 7))
    assert _with(frames, truth, flow_stock_15min=without)["stock_error_pct:ring"] > 10, "who is parked is inside"
    assert judged.naive_values(made)["stock_error_pct:ring"] > 10, "the naive method does not know of them"
    some = table.assign(vehicles_inside=high.vehicles_inside.mask(high.slot_ts.dt.hour == 3))
    assert 0 < _with(frames, truth, flow_stock_15min=some)["stock_error_pct:ring"] <= 100 * 3 / top


def test_who_moves_on_another_day_only_is_counted_apart(frames, tmp_path):
    visit = (
        frames["visit"]
        .iloc[:1]
        .assign(
            vehicle_key="v059",
            entry=pd.NaT,
            entry_gate_id=None,
            exit=judged.DAY + pd.Timedelta(days=1, hours=9),
            stopped="true",
        )
    )
    moved = frames | {"visit": pd.concat([frames["visit"][frames["visit"].vehicle_key != "v059"], visit], ignore_index=True)}
    truth = judged.load(moved, tmp_path)
    assert len(truth.days) == 1
    table = judged.stock(frames["visit"][frames["visit"].vehicle_key != "v059"])
    found = _with(frames, truth, flow_stock_15min=table)
    assert found["stock_error_pct:ring"] == 0
    assert found["stock_all_error_pct:ring"] == pytest.approx(100 / (table.vehicles_inside.max() + 1)), (
        "v059 was parked all day"
    )
