"""Clocks and outages: what the judge says of estimates that are right, wrong, and not there."""

import numpy as np
import pandas as pd
import pytest

from tests import judged

SLOW = "c2"
SKEW_S = 83.0


def _skewed(*, right_from: int | None = None):
    """One camera's clock is 83 s ahead, all day or until an hour (UTC) sharp."""
    frames = judged.truth_frames()
    camera = frames["camera"]
    wrong = camera.camera_id == SLOW
    if right_from is not None:
        wrong &= camera["from"] < judged.DAY + pd.Timedelta(hours=right_from)
    return frames | {"camera": camera.assign(clock_offset_s=np.where(wrong, SKEW_S, 0.0))}


def _estimated(tables, **by_camera):
    table = tables["core_camera_hour"]
    given = table.camera_id.map(by_camera)
    return tables | {"core_camera_hour": table.assign(clock_offset_s=given.fillna(0.0))}


def _seen_by_camera(tables):
    """Reads as a clock 83 s ahead stamps them, and as nobody corrects them."""
    read = tables["core_read"]
    late = pd.to_timedelta(np.where(read.camera_id == SLOW, SKEW_S, 0.0), unit="s")
    return tables | {"core_read": read.assign(captured_at=read.captured_at + late)}


def test_the_error_of_a_clock_is_what_is_left_of_it(tmp_path):
    frames = _skewed()
    truth = judged.load(frames, tmp_path)
    tables = _seen_by_camera(judged.product(frames))
    right = judged.judged(_estimated(tables, c2=SKEW_S), truth)
    off = judged.judged(_estimated(tables, c2=SKEW_S - 4), truth)
    assert judged.values(right)["clock_median_s"] == 0
    assert judged.values(off)["clock_median_s"] == judged.values(off)["clock_worst_s"] == 4
    assert judged.naive_values(off)["clock_median_s"] == SKEW_S
    assert judged.values(off)["good_clocks_corrected"] == 0
    assert judged.values(right)["read_time_worst_s"] == 0, "read_ts is right"
    assert judged.naive_values(right)["read_time_worst_s"] == SKEW_S, "captured_at is not"


def test_a_good_clock_that_is_corrected_is_counted(tmp_path):
    frames = _skewed()
    truth = judged.load(frames, tmp_path)
    found = judged.values(judged.judged(_estimated(judged.product(frames), c2=SKEW_S, c3=7.0), truth))
    assert found["good_clocks_corrected"] == 1


def test_hours_without_an_estimate_lower_the_share_alone(tmp_path):
    frames = _skewed()
    truth = judged.load(frames, tmp_path)
    tables = _estimated(judged.product(frames), c2=SKEW_S)
    table = tables["core_camera_hour"]
    unknown = table.assign(clock_offset_s=table.clock_offset_s.mask(table.camera_id == "c3"))
    found = judged.values(judged.judged(tables | {"core_camera_hour": unknown}, truth))
    assert found["clock_told_pct"] == 75
    assert found["clock_median_s"] == 0
    # reads from 07:00 to 09:00 UTC: the four cameras' first hours, and the second ones that have five reads or more
    assert found["clock_usable_told_pct"] == pytest.approx(100 * 4 / 6)


def test_late_deliveries_are_not_usable(tmp_path):
    frames = _skewed()
    truth = judged.load(frames, tmp_path)
    tables = _estimated(judged.product(frames), c2=SKEW_S - 50)
    read = tables["core_read"]
    late = read.received_at + pd.to_timedelta(np.where(read.camera_id == SLOW, 3600, 0), unit="s")
    found = judged.values(judged.judged(tables | {"core_read": read.assign(received_at=late)}, truth))
    assert found["clock_median_s"] is None, "an estimate that delivery times cannot give is not held to them"
    assert found["clock_usable_told_pct"] == 100


def test_a_clock_set_right_within_an_hour_shows_in_the_worst_instant(tmp_path):
    frames = _skewed(right_from=7)
    camera = frames["camera"]
    half = pd.Timedelta(minutes=30)
    first = (camera.camera_id == SLOW) & (camera["from"] == judged.DAY + pd.Timedelta(hours=7))
    early = camera[first].assign(to=lambda c: c["from"] + half, clock_offset_s=SKEW_S)
    late = camera[first].assign(**{"from": camera[first]["from"] + half})
    frames["camera"] = pd.concat([camera[~first], early, late], ignore_index=True)
    truth = judged.load(frames, tmp_path)
    tables = judged.product(frames)
    table = tables["core_camera_hour"].drop_duplicates(["camera_id", "hour_ts"])
    hour = table.hour_ts.dt.hour
    estimate = np.where((table.camera_id == SLOW) & hour.between(3, 6), SKEW_S, 0.0)
    estimate = np.where((table.camera_id == SLOW) & (hour == 7), SKEW_S / 2, estimate)
    found = judged.values(judged.judged(tables | {"core_camera_hour": table.assign(clock_offset_s=estimate)}, truth))
    assert found["clock_worst_s"] == pytest.approx(0), "the mean of the hour is right"
    assert found["clock_instant_s"] == pytest.approx(SKEW_S / 2)


def _dead():
    """c1 is down from 07:00 to 08:00 UTC, when sixty vehicles pass, and c3 for 20 minutes from 12:00."""
    frames = judged.truth_frames()
    camera = frames["camera"]
    dead = (camera.camera_id == "c1") & (camera["from"] == judged.DAY + pd.Timedelta(hours=7))
    part = (camera.camera_id == "c3") & (camera["from"] == judged.DAY + pd.Timedelta(hours=12))
    split = camera["from"] + pd.Timedelta(minutes=20)
    down = camera[part].assign(to=split[part], is_up="false")
    rest = camera[part].assign(**{"from": split[part]})
    camera = camera.assign(is_up=camera.is_up.mask(dead, "false"))[~part]
    return frames | {"camera": pd.concat([camera, down, rest], ignore_index=True)}


def test_outages_are_flagged_measured_and_not_invented(tmp_path):
    frames = _dead()
    truth = judged.load(frames, tmp_path)
    tables = judged.product(frames)
    table = tables["core_camera_hour"].drop_duplicates(["camera_id", "hour_ts"])
    hour = table.hour_ts.dt.hour
    dead, part, quiet = (table.camera_id == c for c in ("c1", "c3", "c4"))
    down = np.where(dead & (hour == 7), 3600, np.where(part & (hour == 12), 1300, 0))
    right = table.assign(is_up=down < 3000, down_s=down)
    found = judged.values(judged.judged(tables | {"core_camera_hour": right}, truth))
    assert found["dead_busy_flagged_pct"] == found["dead_flagged_pct"] == found["partial_close_pct"] == 100
    assert found["false_outage_pct"] == 0

    wrong = table.assign(is_up=~(quiet & (hour < 12)), down_s=0)
    found = judged.values(judged.judged(tables | {"core_camera_hour": wrong}, truth))
    assert found["dead_busy_flagged_pct"] == found["partial_close_pct"] == 0
    assert found["false_outage_pct"] == pytest.approx(100 * 12 / 94), "twelve hours, of 96 camera-hours but two"


def test_the_naive_rule_takes_every_silent_hour_for_an_outage(tmp_path):
    frames = judged.truth_frames()
    naive = judged.naive_values(judged.judged(judged.product(frames), judged.load(frames, tmp_path)))
    assert naive["false_outage_pct"] > 90
