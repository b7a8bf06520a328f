"""Retention: raw reads of days that are whole and past their time are deleted, and with them every old version."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kordon import days
from kordon.lake import among
from kordon.tables import TABLES

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.lake import Lake


def apply(*, lake: "Lake", city: "City", now: datetime) -> list[dict[str, Any]]:
    """Delete the reads with plates of complete days past ``[retention] raw_hours``; the days become closed, and are never replaced.

    The age of a day's reads counts from when the last of its files was loaded.

    Returns:
        One record per day: ``service_day``, ``rows`` deleted.
    """
    from pyspark.sql import functions as F

    known = days.known(lake)
    limit = now - timedelta(hours=city.retention.raw_hours)
    loads = lake.read("ops_load").select("file", "loaded_at")
    by_day = lake.read("raw_read").join(F.broadcast(loads), "file", "left").groupBy("service_day")
    aged = by_day.agg(F.count("*").alias("rows"), F.max("loaded_at").alias("last"))
    past = aged.filter(F.col("last") < F.lit(limit)).collect()
    # A closed day that still has reads is one whose deletion died half way.
    whole = {day for day, was in known.items() if was.state in (days.COMPLETE, days.CLOSED)}
    due = {row.service_day: int(row.rows) for row in past if row.service_day in whole}
    if not due:
        return []
    metadata: dict[str, object] = {"days": [str(day) for day in sorted(due)], "reason": "retention"}
    # First the state, then the deletion: a day whose reads are half gone must not be recomputed from the other half.
    days.write(lake, [replace(known[day], state=days.CLOSED) for day in sorted(due)], metadata=metadata)
    for name in (name for name in TABLES if name.startswith("raw_")):
        lake.delete(name, where=among(due), metadata=metadata)
    return [{"service_day": str(day), "rows": rows} for day, rows in sorted(due.items())]
