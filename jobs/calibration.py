"""Calibration: snapshots from the daily statistics of complete days; ``kordon calibrate`` runs it, no step does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import kordon
from jobs.detection_day import added_up, q_of
from jobs.s09_detection import POOLED_Q
from kordon import snapshots
from kordon.spark import small_frame
from kordon.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from kordon.city import City
    from kordon.lake import Lake


@dataclass(frozen=True)
class Calibrated:
    """A snapshot: its number, the complete days that it was made of, and its rows."""

    name: str
    number: int
    days: list[date]
    rows: "pd.DataFrame"


def pooled_q(lake: "Lake", *, city: "City", days: Sequence[date]) -> Calibrated | None:
    """Add a snapshot of q from all complete days of a period together; None when no day is complete."""
    told = lake.read_whole("core_detection_day", days)
    used = sorted(row.service_day for row in told.select("service_day").distinct().collect())
    if not used:
        return None
    last = max(days)
    rows = q_of(added_up(told).toPandas(), city=city).assign(first_day=min(days), days=len(used))
    columns = [c for c in TABLES[POOLED_Q].columns if c.name not in ("service_day", "snapshot")]
    schema = ", ".join(f"{c.name} {c.type}" for c in columns)
    values = [tuple(row) for row in rows[[c.name for c in columns]].to_numpy()]
    number = snapshots.add(
        lake,
        POOLED_Q,
        small_frame(lake.spark, values, schema),
        last_day=last,
        metadata={
            "run_id": "calibrate",
            "days": [str(last)],
            "first_day": str(min(days)),
            "config_hash": city.config_hash,
            "code_version": kordon.__version__,
        },
    )
    return Calibrated(POOLED_Q, number, used, rows)
