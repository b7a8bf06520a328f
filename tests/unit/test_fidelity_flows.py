"""Counts against the truth: totals, errors by cell, intervals; missing is not zero."""

import numpy as np
import pandas as pd
import pytest

from fidelity.cells import by_size, compare, coverage, coverage_by_size
from tests import judged


@pytest.fixture(scope="module")
def frames():
    return judged.truth_frames()


@pytest.fixture(scope="module")
def truth(frames, tmp_path_factory):
    return judged.load(frames, tmp_path_factory.mktemp("truth"))


def test_cells_are_compared_as_defined():
    made = compare(
        truth=pd.Series({"a": 100, "b": 50, "c": 4, "d": 7}),
        estimate=pd.Series({"a": 90.0, "b": 60.0, "c": np.nan, "e": 3.0}),
        low=pd.Series({"a": 80.0, "b": 55.0}),
        high=pd.Series({"a": 105.0, "b": 65.0}),
    )
    assert made.total_error_pct == pytest.approx(100 * (153 - 157) / 157), "c has no estimate; d is 0, e is not there truly"
    assert made.error == pytest.approx((10 + 10 + 7 + 3) / 157)
    assert made.mape_pct == pytest.approx((10 + 20) / 2)
    assert (made.large, made.counted) == (2, 4)
    assert made.geh5_pct == 100
    assert (list(made.left_out), made.left_out_pct) == (["c"], pytest.approx(100 * 4 / 161))
    assert (made.coverage.coverage_pct, made.coverage.cells) == (50, 2)
    assert by_size(made.cells).set_index("low").mape_pct.to_dict() == {5: 100, 50: 20, 100: 10}
    assert coverage_by_size(made.cells).set_index("low").coverage_pct.to_dict() == {50: 50}
    beside = compare(truth=pd.Series({"a": 100, "b": 50}), estimate=pd.Series({"a": 50}), without=made.left_out.union(["b"]))
    assert beside.total_error_pct == -50, "b is left out of both"


def test_half_widths_are_held_against_what_covers_exactly_95_percent():
    cells = pd.DataFrame({"truth": 100.0, "estimate": 100.0 + np.arange(1, 101)})  # errors of 1, 2, ... 100
    for half, share, too_wide in ((95, 95, 0), (190, 100, 100), (47.5, 47, -50)):
        made = coverage(cells.assign(low=cells.estimate - half, high=cells.estimate + half))
        assert made.coverage_pct == share
        assert made.too_wide_pct == pytest.approx(too_wide)
    small = pd.DataFrame({"truth": [2.0, 9.0], "estimate": [7.0, 1.5], "low": 0.0, "high": 10.0})
    assert coverage(small).cells == 1, "5.25 on average is enough, 4.5 is not"
    lopsided = pd.DataFrame({"truth": [12.0], "estimate": [10.0], "low": [9.0], "high": [14.0]})
    assert coverage(lopsided).too_wide_pct == pytest.approx(100), "the half on which the truth lies is 4"


def test_too_few_crossings_show_in_total_and_mape(frames, truth):
    tables = judged.product(frames)
    gate = tables["flow_gate_hour"]
    low = gate.assign(passages=(gate.passages * 0.9).round(), passages_expanded=gate.passages * 1.02)
    made = judged.judged(tables | {"flow_gate_hour": low}, truth)
    found = judged.values(made)
    assert found["gate_counted_total_pct"] == pytest.approx(-10, abs=0.5)
    assert found["gate_counted_mape_pct"] == pytest.approx(10, abs=1)
    assert found["gate_expanded_total_pct"] == pytest.approx(2)
    assert found["gate_total_pct:in"] == found["gate_total_pct:out"] == pytest.approx(2)
    assert found["gate_coverage_pct"] == 100
    assert judged.naive_values(made)["gate_counted_total_pct"] == 0
    narrow = judged.values(judged.judged(tables | {"flow_gate_hour": low.assign(passages_se=0.1)}, truth))
    assert narrow["gate_coverage_pct"] < 100


def test_classes_add_up_and_their_errors_in_quadrature(frames, truth):
    tables = judged.product(frames)
    gate = tables["flow_gate_hour"]
    half = gate.assign(passages=gate.passages / 2, passages_expanded=gate.passages_expanded / 2)
    both = pd.concat([half, half.assign(vehicle_class="van")])
    found = judged.values(judged.judged(tables | {"flow_gate_hour": both}, truth))
    assert found["gate_expanded_total_pct"] == found["gate_counted_total_pct"] == 0
    assert found["gate_coverage_pct"] == 100
    assert found["gate_class_coverage_pct"] < 100, "no vehicle was a van"


def test_a_missing_cell_is_no_zero(frames, truth):
    tables = judged.product(frames)
    gate = tables["flow_gate_hour"]
    gone = gate.direction == "in"
    missing = gate.assign(
        passages=gate.passages.mask(gone),
        passages_expanded=gate.passages_expanded.mask(gone),
        status=gate.status.mask(gone, "missing"),
    )
    zero = gate.assign(passages=gate.passages.mask(gone, 0), passages_expanded=gate.passages_expanded.mask(gone, 0.0))
    as_missing = judged.values(judged.judged(tables | {"flow_gate_hour": missing}, truth))
    as_zero = judged.values(judged.judged(tables | {"flow_gate_hour": zero}, truth))
    assert as_missing["gate_counted_total_pct"] == as_missing["gate_expanded_total_pct"] == 0
    assert (as_missing["gate_left_out_pct"], as_zero["gate_left_out_pct"]) == (50, 0), "what is not said is not hidden"
    assert (as_missing.get("gate_total_pct:in"), as_zero["gate_total_pct:in"]) == (None, -100)
    assert as_zero["gate_counted_total_pct"] == as_zero["gate_expanded_total_pct"] == -50


def test_a_gate_whose_direction_the_vehicle_tells_is_compared_as_a_whole(frames, tmp_path, truth, monkeypatch):
    both = judged.PLACE.gates.assign(direction="both")
    monkeypatch.setattr(judged, "PLACE", judged.Place(**{**vars(judged.PLACE), "gates": both}))
    tables = judged.product(frames)
    gate = tables["flow_gate_hour"]
    shown = gate.assign(direction=np.where(gate.gate_id == "west", "in", "out"))
    found = judged.values(judged.judged(tables | {"flow_gate_hour": shown}, truth))
    assert found["gate_counted_total_pct"] == 0
    assert found["gate_counted_mape_pct"] == 0


def test_two_cameras_of_a_site_see_one_crossing(frames, tmp_path):
    again = frames["passage"][frames["passage"].camera_id == "c1"].assign(t=lambda f: f.t + pd.Timedelta(seconds=2))
    twice = pd.concat([frames["passage"], again.assign(passage_key="again-" + again.passage_key)], ignore_index=True)
    truth = judged.load(frames | {"passage": twice}, tmp_path)
    assert judged.values(judged.judged(judged.product(frames), truth))["gate_expanded_total_pct"] == 0


def test_od_errors_are_of_trips_by_true_first_and_last_camera(frames, truth):
    tables = judged.product(frames)
    od = tables["flow_od_hour"]
    wrong = od.assign(
        trips=od.trips + np.where(od.origin_site_id == "s3", 3, 0), trips_expanded=od.trips * 1.1, trips_se=0.01 * od.trips
    )
    found = judged.values(judged.judged(tables | {"flow_od_hour": wrong}, truth))
    assert found["od_counted_total_pct"] == pytest.approx(100 * 6 / 72)
    assert found["od_counted_error"] == pytest.approx(6 / 72)
    assert found["od_counted_mape_pct"] == 0, "the only cell of 20 and more is right"
    assert found["od_expanded_mape_pct"] == pytest.approx(10)
    assert found["od_expanded_error"] == found["od_expanded_hour_error"] == pytest.approx(0.1)
    assert found["od_hour_coverage_pct"] == 0
    assert found["od_day_coverage_pct"] == 100


def test_an_od_that_is_right_over_the_day_may_be_wrong_by_the_hour(frames, truth):
    tables = judged.product(frames)
    late = tables["flow_od_hour"].assign(hour_ts=lambda f: f.hour_ts + judged.HOUR)
    found = judged.values(judged.judged(tables | {"flow_od_hour": late}, truth))
    assert found["od_expanded_error"] == found["od_expanded_total_pct"] == 0
    # 60 trips are twice wrong; of the 12 from s3, 6 began an hour later: these meet those that moved into their hour
    assert found["od_expanded_hour_error"] == pytest.approx((2 * 60 + 6 + 6) / 72)


def test_zones_of_a_day_are_judged_by_their_own_errors(frames, truth):
    tables = judged.product(frames)
    zone = tables["flow_zone_od_day"]
    found = judged.values(judged.judged(tables | {"flow_zone_od_day": zone.assign(trips_expanded=zone.trips * 1.2)}, truth))
    assert found["od_day_coverage_pct"] == 0
    assert found["od_day_width_pct"] == pytest.approx(100 * (1.96 * 0.03 / 0.2 - 1)), "3 % where it takes 20 %"


def test_travel_times_are_those_of_the_table_where_there_is_one(frames, truth):
    tables = judged.product(frames)
    keys = ["from_site_id", "to_site_id", "hour_ts"]
    leg = tables["core_leg"].assign(hour_ts=lambda f: f.depart_ts.dt.floor("h"))
    hours = (
        leg[~leg.is_cut].groupby(keys).gap_s.agg(p50_s="median", p95_s=lambda gap: gap.quantile(0.95), n="size").reset_index()
    )
    table = hours.assign(service_day=judged.DAY.date(), vehicle_class="all", p50_s=hours.p50_s * 0.9, p95_s=hours.p95_s * 1.2)
    found = judged.values(judged.judged(tables | {"core_leg": leg, "flow_travel_time_hour": table}, truth))
    assert (found["travel_median_mape_pct"], found["travel_tail_mape_pct"]) == pytest.approx((10, 20))
    leg = leg.assign(gap_s=np.where(leg.to_site_id == "s2", leg.gap_s * 1.3, leg.gap_s))
    made = judged.judged(tables | {"core_leg": leg}, truth)
    assert judged.values(made)["travel_median_mape_pct"] == pytest.approx(10), "one of three links is 30 % wrong"
    assert judged.naive_values(made)["travel_median_mape_pct"] == 0


def test_q_is_judged_on_the_cordon_and_elsewhere_and_silence_is_a_miss(frames, truth):
    tables = judged.product(frames)
    table = tables["core_detection"]
    right = judged.values(judged.judged(tables, truth))
    assert right["detection_cordon_error"] == right["detection_elsewhere_error"] == right["detection_unidentified_pct"] == 0
    assert right["detection_coverage_pct"] == 100
    q = table.site_id.map({"s1": 0.9, "s2": 0.97, "s3": np.nan, "s4": 1.0})
    parts = pd.concat([table.assign(q=q, day_part=part, n=30) for part in ("morning", "day")])
    found = judged.values(judged.judged(tables | {"core_detection": parts}, truth))
    assert found["detection_cordon_error"] == pytest.approx(0.05)
    assert found["detection_elsewhere_error"] == pytest.approx(0.03), "s3 has none"
    assert found["detection_unidentified_pct"] == 25
    assert found["detection_coverage_pct"] == 25, "s1 and s2 are further off than 1.96 of .01, s3 is silent"
