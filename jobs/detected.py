"""What steps after ``detection`` share of it: the part of the day of an instant, and q as it was found."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from kordon.run import Run


def day_part(instant: Column, *, timezone: str) -> Column:
    """The part of the day of a UTC instant by local time: a string of :data:`kordon.tables.record.DAY_PARTS`."""
    hour = F.hour(F.from_utc_timestamp(instant, timezone))
    return (
        F.when((hour < 6) | (hour >= 22), "night")
        .when(hour < 10, "morning")
        .when(hour < 15, "day")
        .when(hour < 19, "evening")
        .otherwise("late")
    )


def detection_of(run: Run) -> DataFrame:
    """q of this run's days: ``service_day``, ``site_id``, ``vehicle_class``, ``day_part``, ``q``, ``q_se``, ``method``.

    Dense over sites, classes and parts of the day; q is NULL where nothing tells. Small enough to broadcast.
    """
    return run.table("core_detection").select("service_day", "site_id", "vehicle_class", "day_part", "q", "q_se", "method")
