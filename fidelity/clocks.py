"""Clocks: how wrong is the estimated error of each camera's clock, and the corrected time of each read?

After methods.md section 6 (Clocks). An offset is the camera's clock minus true time, in seconds. Delivery times are usable in
a camera-hour with at least 5 reads of which the quickest twentieth was received within a minute of the true passage: batches
that come hourly or at night tell nothing. That is judged from the truth, not from what the product made of it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fidelity.place import hour_of
from fidelity.product import has
from fidelity.truth import Truth

WRONG_S = 5.0  # a clock that is further off was given an error, or drifted into one
GOOD_S = 2.0
FEW_READS = 5
PROMPT_S = 60.0
PROMPT_QUANTILE = 0.05
TIMED = ("ok", "misread")  # a duplicate is taken seconds after its passage


def true_hours(truth: Truth) -> pd.DataFrame:
    """Per camera and hour: offset_s (mean over time), least_s and most_s, up_s, down_s, day. Index camera_id, hour."""
    piece = truth.camera.assign(weighed=truth.camera.clock_offset_s * truth.camera.seconds)
    piece["up_s"] = piece.seconds.where(piece.is_up, 0.0)
    piece["down_s"] = piece.seconds.where(~piece.is_up, 0.0)
    hours = piece.groupby(["camera_id", "hour"]).agg(
        weighed=("weighed", "sum"),
        seconds=("seconds", "sum"),
        least_s=("clock_offset_s", "min"),
        most_s=("clock_offset_s", "max"),
        up_s=("up_s", "sum"),
        down_s=("down_s", "sum"),
        day=("day", "first"),
    )
    hours["offset_s"] = hours.weighed / hours.seconds
    return hours.drop(columns="weighed")


def true_times(read: pd.DataFrame, *, truth: Truth) -> pd.DataFrame:
    """Reads of a plate at the time of their passage: the given columns and camera_id, t (true), hour (true)."""
    row = truth.rows_of(read.read_id)
    at = truth.read.iloc[np.maximum(row, 0)] if len(truth.read) else truth.read
    timed = (row >= 0) & at.status.isin(TIMED).to_numpy() if len(at) else np.zeros(len(read), bool)
    passage = truth.passage.iloc[at.passage[timed]]
    return read[timed].assign(t=passage.t.to_numpy(), hour=hour_of(passage.t))


def usable(read: pd.DataFrame | None, *, truth: Truth) -> pd.Index | None:
    """Camera-hours whose delivery times are usable; None when the product keeps no delivery times."""
    if read is None or not has(read, "received_at", "camera_id"):
        return None
    timed = true_times(read[["read_id", "camera_id", "received_at"]].dropna(subset="received_at"), truth=truth)
    lag = (timed.received_at - timed.t).groupby([timed.camera_id, timed.hour])
    few, prompt = lag.size(), lag.quantile(PROMPT_QUANTILE)
    return few[(few >= FEW_READS) & (prompt <= PROMPT_S)].index


@dataclass(frozen=True)
class Clocks:
    """``hour``: per camera-hour of :func:`true_hours` estimate_s, error_s (absolute), worst_s (at the worst instant),
    naive_s (the error of no correction), injected, usable (NaN when unknown), reads."""

    hour: pd.DataFrame
    good_cameras: int
    good_corrected: int


def clocks(camera_hour: pd.DataFrame, *, read: pd.DataFrame | None, truth: Truth) -> Clocks:
    """Score ``core_camera_hour.clock_offset_s``; hours of cameras that the truth knows."""
    hours = true_hours(truth)
    given = (
        camera_hour.assign(hour=hour_of(camera_hour.hour_ts))
        .drop_duplicates(["camera_id", "hour"])
        .set_index(["camera_id", "hour"])
    )
    hours["estimate_s"] = given.clock_offset_s.astype(float).reindex(hours.index) if "clock_offset_s" in given else np.nan
    hours["reads"] = given["reads"].reindex(hours.index) if "reads" in given else np.nan
    hours["error_s"] = (hours.estimate_s - hours.offset_s).abs()
    hours["worst_s"] = np.maximum((hours.estimate_s - hours.least_s).abs(), (hours.estimate_s - hours.most_s).abs())
    hours["naive_s"] = hours.offset_s.abs()
    most = hours[["least_s", "most_s"]].abs().max(axis="columns")
    wrong = most.groupby(level="camera_id").max() > WRONG_S
    hours["injected"] = wrong.reindex(hours.index.get_level_values("camera_id")).to_numpy()
    told = usable(read, truth=truth)
    hours["usable"] = hours.index.isin(told) if told is not None else np.nan
    by_day = [hours.index.get_level_values("camera_id"), hours.day]
    good = most.groupby(by_day).max() <= GOOD_S
    corrected = hours.estimate_s.abs().groupby(by_day).max() > WRONG_S
    return Clocks(hours, good_cameras=int(good.sum()), good_corrected=int((good & corrected).sum()))


@dataclass(frozen=True)
class Residual:
    """What is left in the time of reads, in seconds: median and 95th percentile of the absolute error of a read, and the
    worst absolute median error of a camera-hour with at least 5 reads. ``hour``: that median, by camera_id and hour."""

    median_s: float
    p95_s: float
    worst_hour_s: float
    reads: int
    hour: pd.Series


def residual(read: pd.DataFrame, *, column: str, truth: Truth) -> Residual:
    """Compare a time of reads (``read_ts`` or ``captured_at``) with the true time of their passage."""
    timed = true_times(read[["read_id", "camera_id", column]], truth=truth)
    error = timed[column] - timed.t
    by = error.groupby([timed.camera_id, timed.hour])
    hour = by.median()[by.size() >= FEW_READS].abs()
    return Residual(
        median_s=float(error.abs().median()),
        p95_s=float(error.abs().quantile(0.95)),
        worst_hour_s=float(hour.max()) if len(hour) else np.nan,
        reads=len(error),
        hour=hour,
    )
