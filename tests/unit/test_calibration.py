"""Calibration: many days know more than one, and which snapshot a day looks back on never depends on when it is computed."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from jobs.calibration import pooled_q
from jobs.detection_day import added_up, frames, q_of
from kordon import days, snapshots
from kordon.cli import cli
from kordon.lake import Lake
from kordon.run import Run
from models.pooling import on_many_days
from tests.cityfolder import LOADED_AT, SOURCE, city_folder
from tests.lakes import fill

DAY = dt.date(2026, 3, 10)
CELL = {"site": ["s1"], "vehicle_class": ["car"], "part": ["day"]}


def cell(q, se, method):
    return pd.DataFrame({**CELL, "q": [q], "q_se": [se], "method": [method]})


def test_a_day_leans_on_many_days_by_how_much_either_errs():
    many = cell(0.9, 0.002, "continuity")
    poor = on_many_days(cell(0.8, 0.05, "bracketing"), pooled=many).iloc[0]
    assert 0.88 < poor.q < 0.9
    assert poor.q_se < 0.02
    sure = on_many_days(cell(0.8, 0.003, "continuity"), pooled=many).iloc[0]
    assert 0.8 < sure.q < 0.81


@pytest.mark.parametrize("method", ["unidentified", "network"])
def test_what_the_day_does_not_know_is_taken_from_many_days_with_the_error_of_a_day(method):
    blank = cell(np.nan if method == "unidentified" else 0.85, np.nan, method)
    found = on_many_days(blank, pooled=cell(0.9, 0.001, "continuity")).iloc[0]
    assert found.method == "pooled"
    assert found.q == pytest.approx(0.9)
    # A fifth of the odds of missing, 1/9, times q squared.
    assert found.q_se == pytest.approx(0.2 / 9 * 0.81, rel=0.01)


@pytest.mark.parametrize("method", ["counts", "below_floor", "continuity_leaking"])
def test_a_count_of_the_day_and_what_is_in_doubt_stay_as_they_are(method):
    own = cell(np.nan if method == "below_floor" else 0.7, 0.01, method)
    pd.testing.assert_frame_equal(on_many_days(own, pooled=cell(0.9, 0.001, "continuity")), own)


def test_who_sees_everybody_has_half_a_miss_over_many_days_too():
    found = on_many_days(cell(np.nan, np.nan, "unidentified"), pooled=cell(1.0, 0.001, "continuity")).iloc[0]
    assert 0.999 < found.q < 1
    assert found.q + 2 * found.q_se >= 1


def day_of(sites, *, passed, missed):
    """Vehicles from s1 over s2 back to s1, of which some were not seen at s2."""
    common = {"vehicle_class": "car", "part": "day", "part_b": "day", "half": 0, "is_near": True, "down": ""}
    return [
        {"kind": "pair", "a": "s1", "b": "", "c": "s2", "n": passed, **common},
        {"kind": "pair", "a": "s2", "b": "", "c": "s3", "n": passed, **common},
        {"kind": "pair", "a": "s1", "b": "", "c": "s3", "n": missed, **common},
        {"kind": "triple", "a": "s1", "b": "s2", "c": "s3", "n": passed, **common},
        *({"kind": "passage", "a": "", "b": "", "c": site, "n": passed, **common} for site in sites),
    ]


@pytest.fixture
def city(tmp_path):
    return city_folder(tmp_path / "city", sources={"alfa": SOURCE}, cameras=["a1,alfa,1,s1,,"])


def lake_of(spark, folder, *, states):
    """A day a state: what followed what on it, and the state."""
    lake = Lake(spark, str(folder / "lake"))
    rows, life = [], []
    for day in states:
        rows += [{"service_day": day, **row} for row in day_of(("s1", "s2"), passed=9, missed=1)]
    version = fill(lake, "core_detection_day", rows, days=states)
    for day, state in states.items():
        life.append(days.Day(day, state, "r0", "c", "0", {"core_detection_day": version}))
    days.write(lake, life, metadata={})
    return lake


def later(day, *, by):
    return day + dt.timedelta(days=by)


def test_days_that_say_nothing_alone_add_up_to_a_q(spark, city, tmp_path):
    lake = lake_of(spark, tmp_path, states={later(DAY, by=n): "complete" for n in range(4)} | {later(DAY, by=4): "stale"})
    told = lake.read("core_detection_day")
    one = q_of(told.filter(f"service_day = '{DAY}'").toPandas(), city=city).set_index("site_id")
    assert set(one.method) == {"unidentified"}
    made = pooled_q(lake, city=city, days=[later(DAY, by=n) for n in range(5)])
    assert made is not None
    # The stale day is left out.
    assert (made.number, len(made.days)) == (1, 4)
    cars = made.rows[(made.rows.vehicle_class == "car") & (made.rows.day_part == "day")].set_index("site_id")
    assert cars.method["s2"] == "continuity"
    assert cars.q["s2"] == pytest.approx(0.9, abs=0.02)
    assert cars.n["s2"] == 4 * 9


def test_counts_of_different_days_stay_apart(spark, tmp_path):
    lake = Lake(spark, str(tmp_path / "lake"))
    rows = [
        {"service_day": later(DAY, by=n), "kind": "count", "a": "", "b": "", "c": "s1", "n": 90, "counted": 100}
        for n in range(2)
    ]
    fill(lake, "core_detection_day", rows)
    counts = frames(added_up(lake.read("core_detection_day")).toPandas())["counts"]
    assert counts.to_dict("records") == [{"site": "s1", "matched": 90, "count": 100}] * 2


def test_a_day_takes_the_newest_snapshot_before_it_and_a_rerun_the_same(spark, city, tmp_path):
    states = {later(DAY, by=n): "complete" for n in range(3)} | {later(DAY, by=n): "open" for n in (3, 4)}
    lake = lake_of(spark, tmp_path, states=states)

    def chosen(*wanted):
        run = Run(
            spark=spark,
            lake=lake,
            city=city,
            days=[later(DAY, by=n) for n in wanted],
            run_id="r1",
            started_at=LOADED_AT,
            keystore=tmp_path / "keys",
        )
        return list(snapshots.of_days(run, "core_pooled_q").values())

    assert chosen(3, 4) == [snapshots.NONE, snapshots.NONE]
    pooled_q(lake, city=city, days=[DAY, later(DAY, by=1)])
    # A period that is not over before the day is no past of it.
    assert chosen(1, 2, 3) == [snapshots.NONE, 1, 1]
    pooled_q(lake, city=city, days=[DAY, later(DAY, by=1), later(DAY, by=2)])
    assert chosen(2, 3, 4) == [1, 1, 2]
    known = days.known(lake)
    assert [known[later(DAY, by=n)].snapshots for n in (1, 3, 4)] == [{"core_pooled_q": n} for n in (0, 1, 2)]
    assert known[later(DAY, by=3)].state == "open"


def test_a_period_without_a_complete_day_is_refused(spark, city, tmp_path):
    assert pooled_q(Lake(spark, str(tmp_path / "lake")), city=city, days=[DAY]) is None
    told = CliRunner().invoke(
        cli, ["calibrate", "--city", str(tmp_path / "city"), "--lake", str(tmp_path), "--period", "yesterday"]
    )
    assert told.exit_code == 2
