"""The report: every statistic is there, absent ones say so, and nothing is fetched from elsewhere."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from fidelity.catalogue import STATISTICS
from fidelity.product import prepared
from fidelity.report import Report, as_date, shown
from fidelity.scores import Goal
from tests import judged


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    frames = judged.truth_frames()
    return frames, judged.load(frames, tmp_path_factory.mktemp("truth"))


def _report(tables, truth):
    return Report(
        city="Testville",
        timezone="Europe/Brussels",
        min_stop_s=600,
        days=[as_date(day) for day in truth.days],
        truth="truth",
        lake="lake",
        made_at=datetime(2026, 3, 12, tzinfo=UTC),
        passages=len(truth.passage),
        reads=len(truth.read),
        vehicles=60,
        judgement=judged.judged(tables, truth),
    )


def test_a_lake_without_tables_leaves_every_statistic_absent(world):
    _, truth = world
    report = _report({}, truth)
    assert {s.key.partition(":")[0] for s in report.scores} == {s.key for s in STATISTICS}
    assert all(s.value is None and s.naive is None and s.is_met is None for s in report.scores)
    assert "absent" in report.html()


@pytest.mark.parametrize("gone", sorted(judged.product(judged.truth_frames())))
def test_any_table_may_be_absent_or_empty(world, gone):
    frames, truth = world
    tables = judged.product(frames)
    without = tables | {gone: tables[gone].head(0)}
    assert prepared(without)[gone] is None, "an empty table is as good as none"
    assert len(_report(without, truth).scores) >= len(STATISTICS)


def test_without_raw_reads_there_is_no_naive_method(world):
    frames, truth = world
    report = _report(judged.product(frames) | {"raw_read": None}, truth)
    assert report["boundary_f1"].naive is None
    assert report["boundary_f1"].value == 1
    assert report["read_time_median_s"].naive == 0, "core_read still has the camera's own time"


def test_columns_that_a_product_lacks_are_absent(world):
    frames, truth = world
    tables = judged.product(frames)
    bare = {
        "flow_gate_hour": tables["flow_gate_hour"].drop(columns=["passages_expanded", "passages_se", "status"]),
        "core_camera_hour": tables["core_camera_hour"].drop(columns=["down_s", "clock_offset_s", "reads"]),
    }
    report = _report(tables | bare, truth)
    assert report["gate_expanded_mape_pct"].value is None
    assert report["gate_counted_mape_pct"].value == 0
    assert report["clock_median_s"].value is None
    assert report["false_outage_pct"].value == 0


@pytest.fixture(scope="module")
def report(world):
    frames, truth = world
    return _report(judged.product(frames), truth)


@pytest.fixture(scope="module")
def page(report):
    return report.html()


def test_the_table_the_json_and_the_page_tell_the_same(report, page):
    text, data = report.as_text(), json.loads(report.as_json())
    by_key = {s["key"]: s for s in data["scores"]}
    assert by_key["boundary_f1"]["value"] == 1
    assert by_key["boundary_f1"]["is_met"] is True
    assert by_key["boundary_f1"]["goal"] == "≥ 0.97"
    for score in report.scores:
        assert score.statistic.strip() in text
        assert score.explanation
    assert page.count("<svg") == 11
    assert "http://" not in page.replace("http://www.w3.org", ""), "nothing is fetched"
    assert data["plots"]["by_stop"]


def test_no_plate_and_no_vehicle_reaches_the_report(world, report, page):
    frames, _ = world
    for text in (page, report.as_json(), report.as_text()):
        assert "1ABC0" not in text
        assert "v00" not in text
    assert pd.Series(frames["vehicle"].plate).str.startswith("1ABC0").all()


def test_goals_and_numbers_read_as_meant():
    assert Goal("at least", 0.97).met(0.97)
    assert not Goal("within", 5).met(-5.1)
    assert not Goal("at most", 0).met(1)
    assert [shown(v) for v in (None, 0.0, 3, 0.98765, 12.345, 1234.56)] == ["absent", "0", "3", "0.988", "12.35", "1,234.6"]
