"""Service days: 04:00 to 04:00 local time, whatever the clock does in between."""

from datetime import date
from typing import TYPE_CHECKING, cast

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from kordon.spark import small_frame

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

START_HOUR = 4


def service_day(instant: Column, *, timezone: str) -> Column:
    """The service day of a UTC instant."""
    local = F.from_utc_timestamp(instant, timezone)
    return F.to_date(local - F.expr(f"INTERVAL {START_HOUR} HOURS"))


def day_start(day: Column, *, timezone: str) -> Column:
    """The UTC instant at which a service day begins."""
    return F.to_utc_timestamp(F.to_timestamp(day) + F.expr(f"INTERVAL {START_HOUR} HOURS"), timezone)


def hours(spark: "SparkSession", *, days: list[date], timezone: str) -> DataFrame:
    """Every hour of some service days: ``service_day``, ``hour_ts`` (UTC); 23 or 25 where the clock changes."""
    frame = small_frame(spark, [(day,) for day in days], "service_day date")
    last = day_start(F.date_add("service_day", 1), timezone=timezone) - F.expr("INTERVAL 1 HOUR")
    starts = F.sequence(day_start(F.col("service_day"), timezone=timezone), last, F.expr("INTERVAL 1 HOUR"))
    return frame.select("service_day", F.explode(starts).alias("hour_ts"))


def hour_of(instant: Column) -> Column:
    """The start of the hour of a UTC instant."""
    return F.date_trunc("hour", instant)


def by_day(rows: "pd.DataFrame") -> "dict[date, pd.DataFrame]":
    """The rows of each service day, in order. A column of days compared with one day after the other is read whole each time."""
    return {cast("date", day): of for day, of in rows.groupby("service_day")}
