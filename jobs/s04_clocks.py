"""Clocks: reads at their true time, and what each camera did in each hour."""

from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.clock_offset import CAMERA_HOUR, clock_offsets, idle_levels, offset_of
from jobs.service_day import day_start, hours
from jobs.silence import silences
from kordon.accounts import all_accounts, counted
from kordon.persist import persisted
from kordon.run import Run
from kordon.spark import small_frame

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import SparkSession

    from kordon.city import City

READS, WRITES = ("core_read",), ("core_read", "core_camera_hour")

HOUR_S = 3600
CLOCK = ["offset_s", "offset_after_s", "share_after", "step_at"]


def on_time(reads: DataFrame, *, offsets: DataFrame, timezone: str) -> DataFrame:
    """Set ``read_ts`` to ``captured_at`` minus what the camera's clock showed too much; as it is where that is not known.

    A read stays within the service day that its camera's clock gave it, for its pseudonym is of that day: at 04:00 it is moved to
    the first or last moment of the day and no further.

    Args:
        reads: rows of ``core_read``.
        offsets: as :func:`jobs.clock_offset.clock_offsets` gives them.
    """
    first = day_start(F.col("service_day"), timezone=timezone)
    last = day_start(F.date_add("service_day", 1), timezone=timezone) - F.expr("INTERVAL 1 MICROSECOND")
    micros = F.round(F.coalesce(offset_of(F.col("received_at")), F.lit(0.0)) * 1_000_000).cast("bigint")
    return (
        reads.withColumn("hour_ts", F.date_trunc("hour", "captured_at"))
        .join(F.broadcast(offsets), CAMERA_HOUR, "left")
        .withColumn("read_ts", F.timestamp_micros(F.unix_micros("captured_at") - micros))
        .withColumn("read_ts", F.greatest(F.least("read_ts", last), first))
        .drop("hour_ts", *CLOCK)
    )


def valid_hours(spark: "SparkSession", city: "City", *, days: "list[date]") -> DataFrame:
    """Every hour in which a camera hung there for some time: :data:`CAMERA_HOUR`, ``valid_from_s`` and ``valid_to_s``."""
    spans = [(c.camera_id, c.source, c.valid_from, c.valid_to) for c in city.cameras]
    cameras = small_frame(spark, spans, "camera_id string, source string, valid_from timestamp, valid_to timestamp")
    start = F.unix_timestamp("hour_ts")
    grid = hours(spark, days=days, timezone=city.timezone).crossJoin(F.broadcast(cameras))
    return (
        grid.withColumn("valid_from_s", F.greatest(start, F.coalesce(F.unix_timestamp("valid_from"), start)))
        .withColumn("valid_to_s", F.least(start + HOUR_S, F.coalesce(F.unix_timestamp("valid_to"), start + HOUR_S)))
        .filter("valid_to_s > valid_from_s")
        .select(*CAMERA_HOUR, "valid_from_s", "valid_to_s")
    )


def declared(spark: "SparkSession", city: "City") -> DataFrame:
    """The outages that the city declares: ``camera_id``, ``down_from_s``, ``down_to_s``."""
    rows = [(o.camera_id, o.start.timestamp(), o.end.timestamp()) for o in city.outages]
    return small_frame(spark, rows, "camera_id string, down_from_s double, down_to_s double")


def camera_hours(reads: DataFrame, *, valid: DataFrame, offsets: DataFrame, silent: DataFrame, outages: DataFrame) -> DataFrame:
    """What each camera did in each hour.

    Args:
        reads: rows of ``core_read`` with their corrected ``read_ts``.
        valid: as :func:`valid_hours` gives it.
        offsets: as :func:`jobs.clock_offset.clock_offsets` gives them.
        silent: as :func:`jobs.silence.silences` gives them.
        outages: as :func:`declared` gives them.

    Returns:
        Rows of ``core_camera_hour``, dense over ``valid``. Time in which a camera did not hang there counts as down.
    """
    seen = reads.groupBy("service_day", "camera_id", F.date_trunc("hour", "read_ts").alias("hour_ts")).agg(
        F.count("*").alias("reads"),
        F.count_if(F.col("plate_quality") == "unread").alias("unread"),
        F.count_if(F.col("plate_quality") == "invalid").alias("invalid"),
    )
    key = ["service_day", "camera_id", "hour_ts"]
    found = _down_s(valid.join(F.broadcast(silent), ["service_day", "camera_id"])).groupBy(*key)
    told = _down_s(valid.join(F.broadcast(outages), "camera_id")).groupBy(*key)
    away = HOUR_S - (F.col("valid_to_s") - F.col("valid_from_s"))
    mean = F.col("offset_s") * (1 - F.col("share_after")) + F.col("offset_after_s") * F.col("share_after")
    clock = F.when(F.col("step_at").isNull(), F.col("offset_s")).otherwise(F.round(mean, 1))
    return (
        valid.join(F.broadcast(seen), key, "left")
        .join(F.broadcast(found.agg(F.sum("s").alias("found_s"))), key, "left")
        .join(F.broadcast(told.agg(F.sum("s").alias("told_s"))), key, "left")
        .join(F.broadcast(offsets), CAMERA_HOUR, "left")
        .fillna(0, ["reads", "unread", "invalid", "found_s", "told_s"])
        .withColumn("down_s", F.least(away + F.round(F.greatest("found_s", "told_s")), F.lit(HOUR_S)).cast("int"))
        .select(
            "service_day",
            "hour_ts",
            "camera_id",
            "source",
            "reads",
            "unread",
            "invalid",
            (F.col("down_s") < HOUR_S).alias("is_up"),
            "down_s",
            clock.alias("clock_offset_s"),
        )
    )


def _down_s(spans: DataFrame) -> DataFrame:
    """``s``: how long a span of ``down_from_s`` to ``down_to_s`` lies within its row's hour."""

    lasts = F.least("valid_to_s", "down_to_s") - F.greatest("valid_from_s", "down_from_s")
    return spans.withColumn("s", lasts).filter("s > 0")


def main(run: Run) -> None:
    reads = run.table("core_read")
    valid = valid_hours(run.spark, run.city, days=run.days)
    # Rows per camera and hour, asked for more than once; what they are made from is all reads.
    levels, held_levels = persisted(idle_levels(reads))
    offsets, held = persisted(clock_offsets(reads, hours=valid.select(*CAMERA_HOUR), levels=levels))
    rows = run.write("core_read", on_time(reads, offsets=offsets, timezone=run.city.timezone))
    spans = valid.groupBy("service_day", "camera_id").agg(
        F.min("valid_from_s").cast("double").alias("valid_from_s"), F.max("valid_to_s").cast("double").alias("valid_to_s")
    )
    silent = silences(rows.select("service_day", "camera_id", "read_ts"), valid=spans)
    outages = declared(run.spark, run.city)
    run.write("core_camera_hour", camera_hours(rows, valid=valid, offsets=offsets, silent=silent, outages=outages))
    run.account(all_accounts(counted(reads, reason="in"), counted(rows, reason="out")))
    for frame in (held_levels, held):
        frame.unpersist()


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
