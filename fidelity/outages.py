"""Outages: are cameras that were down flagged, and those that were up left alone? (methods.md 1g and 6, Silence)"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fidelity.clocks import true_hours
from fidelity.place import hour_of
from fidelity.truth import Truth

WHOLE_S = 3599.0  # rounding of instants aside, a whole hour
FLAGGED_S = 3000.0  # so much of an hour down says as much as is_up = false
CLOSE_S = 300.0
BUSY = 20  # expected passages in an hour from which a silence cannot be chance


@dataclass(frozen=True)
class Outages:
    """Counts of camera-hours. ``dead``: truly down the whole hour; ``busy_dead``: such hours of a camera that 20 vehicles
    or more truly passed; ``partial``: down for at least 300 s, not the whole hour; ``close``: of these, the estimate is
    within 300 s; ``up``: up the whole hour; ``false``: of these, flagged; ``false_partial``: down 300 s or more by the
    product."""

    dead: int
    dead_flagged: int
    busy_dead: int
    busy_dead_flagged: int
    partial: int
    close: int | None
    up: int
    false: int
    false_partial: int | None


def _score(hours: pd.DataFrame, *, flagged: pd.Series, down_s: pd.Series | None, truth: Truth) -> Outages:
    passage = truth.passage
    passed = passage.groupby([passage.camera_id, hour_of(passage.t)]).size()
    busy = passed.reindex(hours.index).fillna(0) >= BUSY
    whole = hours.seconds >= WHOLE_S
    dead, up = whole & (hours.down_s >= WHOLE_S), whole & (hours.down_s <= 3600 - WHOLE_S)
    partial = whole & ~dead & (hours.down_s >= CLOSE_S)
    return Outages(
        dead=int(dead.sum()),
        dead_flagged=int((dead & flagged).sum()),
        busy_dead=int((dead & busy).sum()),
        busy_dead_flagged=int((dead & busy & flagged).sum()),
        partial=int(partial.sum()),
        close=None if down_s is None else int((partial & ((down_s - hours.down_s).abs() <= CLOSE_S)).sum()),
        up=int(up.sum()),
        false=int((up & flagged).sum()),
        false_partial=None if down_s is None else int((up & (down_s >= CLOSE_S)).sum()),
    )


def outages(camera_hour: pd.DataFrame, *, truth: Truth) -> Outages:
    """Score ``core_camera_hour.is_up`` and ``down_s``; an hour without a row is not flagged."""
    hours = true_hours(truth)
    given = (
        camera_hour.assign(hour=hour_of(camera_hour.hour_ts))
        .drop_duplicates(["camera_id", "hour"])
        .set_index(["camera_id", "hour"])
    )
    given = given.reindex(hours.index)
    flagged = pd.Series(False, index=hours.index)
    down_s = None
    if "is_up" in given:
        flagged |= given.is_up.eq(False)
    if "down_s" in given:
        down_s = given.down_s.astype(float).fillna(0.0)
        flagged |= down_s >= FLAGGED_S
    return _score(hours, flagged=flagged, down_s=down_s, truth=truth)


def naive_outages(read: pd.DataFrame, *, truth: Truth) -> Outages:
    """The same for the rule that an hour without a read is an outage."""
    hours = true_hours(truth)
    counted = read.groupby([read.camera_id, hour_of(read.captured_at)]).size()
    silent = ~np.isin(np.arange(len(hours)), np.flatnonzero(counted.reindex(hours.index).fillna(0) > 0))
    return _score(hours, flagged=pd.Series(silent, index=hours.index), down_s=None, truth=truth)
