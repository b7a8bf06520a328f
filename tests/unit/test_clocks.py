"""Clocks and silence on made-up cameras: what is known, what is not, and what is left alone."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F

from jobs.clock_offset import CAMERA_HOUR, clock_offsets, idle_levels
from jobs.s04_clocks import on_time
from jobs.silence import silences

DAY = dt.date(2026, 3, 10)
START = pd.Timestamp("2026-03-10T03:00:00Z")
HOURS = 24


def reads_of(camera, rng, *, per_hour=60, offset=lambda t: 0.0, delay=None, keep=lambda t: True):
    """Reads of a camera over the day: true seconds since its start, its clock's stamp, the supplier's stamp."""
    t = np.sort(rng.uniform(100, HOURS * 3600 - 100, per_hour * HOURS))
    t = t[[bool(keep(x)) for x in t]]
    takes = 0.2 + 1.4 * rng.lognormal(0, 0.45, len(t)) if delay is None else delay(t)
    return pd.DataFrame(
        {
            "service_day": DAY,
            "source": "alfa",
            "camera_id": camera,
            "read_id": [f"{camera}{n}" for n in range(len(t))],
            "t": t,
            "captured_at": START + pd.to_timedelta(t + np.array([offset(x) for x in t]), unit="s"),
            "received_at": START + pd.to_timedelta(t + takes, unit="s"),
        }
    )


def _drifting(t):
    """1.5 s an hour, set right two hours after the day began, 24 hours after it was set right before."""
    return 1.5 * (t / 3600 + (22 if t < 7200 else -2))


def hourly(t):
    return (np.floor(t / 3600) + 1) * 3600 - t + 30


@pytest.fixture(scope="module")
def clocks(spark):
    rng = np.random.default_rng(5)
    made = [reads_of(f"good{n}", rng, offset=lambda _: 0.8) for n in range(4)]
    made += [reads_of(f"good{n}", rng, offset=lambda _: -0.8) for n in range(4, 8)]
    made.append(reads_of("ahead", rng, offset=lambda _: 83.0))
    made.append(reads_of("drifts", rng, offset=_drifting))
    made.append(reads_of("jumps", rng, offset=lambda t: 0.0 if t < 40_000 else -25.0))
    made.append(reads_of("batch", rng, offset=lambda _: 40.0, delay=hourly))
    made.append(reads_of("late", rng, offset=lambda _: 0.8, delay=lambda t: 72_000 + rng.uniform(0, 2, len(t))))
    made.append(reads_of("rare", rng, per_hour=1, offset=lambda _: 30.0))
    pandas = pd.concat(made)
    frame = spark.createDataFrame(pandas)
    hours = spark.createDataFrame(
        [
            (DAY, "alfa", c, (START + pd.Timedelta(hours=h)).to_pydatetime())
            for c in pandas.camera_id.unique()
            for h in range(HOURS)
        ],
        "service_day date, source string, camera_id string, hour_ts timestamp",
    )
    offsets = clock_offsets(frame, hours=hours, levels=idle_levels(frame)).cache()
    fixed = on_time(frame.withColumn("read_ts", F.col("captured_at")), offsets=offsets, timezone="Europe/Brussels").toPandas()
    fixed["error_s"] = (fixed.read_ts.dt.tz_localize("UTC") - START).dt.total_seconds() - fixed.t
    return offsets.toPandas(), fixed


def test_offsets_drifts_and_jumps_are_taken_out(clocks):
    _, fixed = clocks
    worst = fixed.groupby("camera_id").error_s.agg(lambda e: e.abs().max())
    print(worst.round(2).to_dict())
    assert worst[[c for c in worst.index if c.startswith("good")]].max() < 1.5
    assert worst["ahead"] < 1.5
    assert worst["drifts"] < 2.5, "a clock that was set right at 06:00 is right on both sides"
    late = fixed[(fixed.camera_id == "jumps") & (fixed.error_s.abs() > 3)]
    assert len(late) <= 2, "only reads at the very moment of the jump may fall on the wrong side"


def test_where_delivery_does_not_tell_the_clock_stays_unknown_and_the_read_as_it_was(clocks):
    offsets, fixed = clocks
    assert offsets[offsets.camera_id.isin(["batch", "late", "rare"])].offset_s.isna().all()
    assert offsets[~offsets.camera_id.isin(["batch", "late", "rare"])].offset_s.notna().all()
    assert fixed[fixed.camera_id == "batch"].error_s.round(3).unique().tolist() == [40.0]
    assert fixed[fixed.camera_id == "late"].error_s.abs().max() < 1, "twenty hours late is no clock"


def test_an_hour_has_one_row(clocks):
    assert not clocks[0].duplicated(CAMERA_HOUR).any()


@pytest.fixture(scope="module")
def quiet(spark):
    rng = np.random.default_rng(6)
    made = [reads_of(f"busy{n}", rng, per_hour=120) for n in range(6)]
    made.append(reads_of("dead", rng, per_hour=120, keep=lambda t: not 4 * 3600 <= t < 6 * 3600))
    stray = reads_of("stray", rng, per_hour=120, keep=lambda t: not 4 * 3600 <= t < 6 * 3600 or 17_900 < t < 17_930)
    made.append(stray)
    made.append(reads_of("pulsed", rng, per_hour=120, keep=lambda t: t % 10_800 < 1800))
    made.append(reads_of("late", rng, offset=lambda _: 0.8, delay=lambda t: 72_000 + rng.uniform(0, 2, len(t))))
    made.append(reads_of("rare", rng, per_hour=1))
    made.append(reads_of("own_hours", rng, per_hour=4, keep=lambda t: not 6 * 3600 <= t < 13 * 3600))
    frame = spark.createDataFrame(pd.concat(made)).withColumn("read_ts", F.col("captured_at"))
    edges = START.timestamp(), START.timestamp() + HOURS * 3600
    cameras = [*(m.camera_id.iloc[0] for m in made), "never"]
    valid = spark.createDataFrame(
        [(DAY, c, *edges) for c in cameras], "service_day date, camera_id string, valid_from_s double, valid_to_s double"
    )
    found = silences(frame, valid=valid).toPandas()
    for column in ("down_from_s", "down_to_s"):
        found[column] -= START.timestamp()
    return found.sort_values(["camera_id", "down_from_s"])


def test_two_dead_hours_are_found_and_a_stray_read_does_not_split_them(quiet):
    assert set(quiet.camera_id) == {"dead", "stray"}, "traffic that is pulsed, rare or has hours of its own is no outage"
    lasts = (quiet.down_to_s - quiet.down_from_s).groupby(quiet.camera_id).sum()
    assert lasts.between(6900, 7500).all()
    assert quiet.down_from_s.min() > 4 * 3600 - 300
    assert quiet.down_to_s.max() < 6 * 3600 + 300
