"""Counts against the truth: totals, errors by cell, intervals; missing is not zero."""

import numpy as np
import pandas as pd
import pytest

from fidelity.cells import by_size, compare, coverage_by_size
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
    assert made.mape_pct == pytest.approx((10 + 20) / 2)
    assert (made.large, made.counted) == (2, 4)
    assert made.geh5_pct == 100
    assert (made.coverage_pct, made.covered) == (50, 2)
    assert by_size(made.cells).set_index("low").mape_pct.to_dict() == {5: 100, 50: 20, 100: 10}
    assert coverage_by_size(made.cells).set_index("low").coverage_pct.to_dict() == {50: 50}


def test_too_few_crossings_show_in_total_and_mape(frames, truth):
    tables = judged.product(frames)
    gate = tables["flow_gate_hour"]
    low = gate.assign(passages=(gate.passages * 0.9).round(), passages_expanded=gate.passages * 1.02)
    made = judged.judged(tables | {"flow_gate_hour": low}, truth)
    found = judged.values(made)
    assert found["gate_counted_total_pct"] == pytest.approx(-10, abs=0.5)
    assert found["gate_counted_mape_pct"] == pytest.approx(10, abs=1)
    assert found["gate_expanded_total_pct"] == pytest.approx(2)
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


def test_od_errors_are_of_trips_by_true_first_and_last_camera(frames, truth):
    tables = judged.product(frames)
    od = tables["flow_od_hour"]
    wrong = od.assign(trips=od.trips + np.where(od.origin_site_id == "s3", 6, 0), trips_expanded=od.trips * 1.1)
    found = judged.values(judged.judged(tables | {"flow_od_hour": wrong}, truth))
    assert found["od_counted_total_pct"] == pytest.approx(100 * 6 / 72)
    assert found["od_counted_mape_pct"] == 0, "the only cell of 20 and more is right"
    assert found["od_expanded_mape_pct"] == pytest.approx(10)
    assert found["od_coverage_pct"] < 100


def test_through_share_and_its_interval(frames, truth):
    tables = judged.product(frames)
    table = tables["flow_through_day"]
    found = judged.values(judged.judged(tables, truth))
    assert found["through_points:ring"] == pytest.approx(0)
    assert found["through_stop_points:ring"] == pytest.approx(-20), "a stop of 5 minutes is none of min_stop"
    low = table.assign(through_share=0.5, through_share_low=0.45, through_share_high=0.55)
    found = judged.values(judged.judged(tables | {"flow_through_day": low}, truth))
    assert found["through_points:ring"] == pytest.approx(-10)
    assert found["through_coverage_pct"] == 0
    classes = pd.concat([table.assign(vehicle_class=c, entries=30, through=n) for c, n in (("car", 20), ("van", 10))])
    classes = classes.drop(columns=["through_share", "through_share_low", "through_share_high"])
    found = judged.values(judged.judged(tables | {"flow_through_day": classes}, truth))
    assert found["through_points:ring"] == pytest.approx(-10), "30 of 60 where nobody says all"


def test_dwell_detection_and_travel_times(frames, truth):
    tables = judged.product(frames)
    visit = tables["core_visit"]
    tables["core_visit"] = visit.assign(dwell_s=np.where(visit.dwell_s >= 1800, visit.dwell_s * 1.05, visit.dwell_s * 2))
    tables["core_detection"] = tables["core_detection"].assign(q=0.9)
    leg = tables["core_leg"]
    tables["core_leg"] = leg.assign(gap_s=np.where(leg.to_site_id == "s2", leg.gap_s * 1.3, leg.gap_s))
    made = judged.judged(tables, truth)
    found = judged.values(made)
    assert found["dwell_median_pct"] == pytest.approx(5)
    assert found["detection_error"] == pytest.approx(0.1)
    assert found["detection_coverage_pct"] == 0
    assert found["travel_median_mape_pct"] == pytest.approx(10), "one of three links is 30 % wrong"
    assert judged.naive_values(made)["travel_median_mape_pct"] == 0
