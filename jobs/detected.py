"""What the step ``detection`` found, as the flows use it."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from kordon.run import Run

STARTS = ((6, "night"), (10, "morning"), (15, "day"), (19, "evening"), (22, "late"))


def day_part(instant: Column, *, timezone: str) -> Column:
    """The part of the day of a UTC instant: each ends at a local hour, and what is left is night again."""
    hour = F.hour(F.from_utc_timestamp(instant, timezone))
    part = F.when(hour < STARTS[0][0], STARTS[0][1])
    for end, name in STARTS[1:]:
        part = part.when(hour < end, name)
    return part.otherwise("night")


def detection_of(run: Run) -> DataFrame:
    """The chance to be read and matched: ``service_day``, ``site_id``, ``vehicle_class``, ``day_part``, ``q``, ``q_se``, ``method``."""
    columns = ("service_day", "site_id", "vehicle_class", "day_part", "q", "q_se", "method")
    return run.table("core_detection").select(*columns)
