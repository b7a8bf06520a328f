"""Trips: chains of legs without a stop, from first seen to last seen."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.clones import CLONE_SUSPECT, is_impossible
from jobs.counting import most_frequent_class
from jobs.service_day import day_start
from kordon.accounts import all_accounts, counted, summed
from kordon.run import Run

READS, WRITES = ("core_passage", "core_leg"), ("core_trip",)


def trips(passages: DataFrame, legs: DataFrame, *, day_edge_s: int, timezone: str) -> DataFrame:
    """Chain the passages of a vehicle into trips.

    Args:
        passages: rows of ``core_passage``.
        legs: rows of ``core_leg``; those with ``is_cut`` end a trip before their second passage, and one that is
            too fast for anybody flags all trips of the vehicle that day.
        day_edge_s: a trip that starts or ends within this many seconds of 04:00 may have been cut there, and is flagged.
        timezone: the city's, IANA name.

    Returns:
        Rows of ``core_trip``; their ``passages`` add up to the passages that came in.
    """
    key = ["service_day", "vid", "passage_id"]
    cuts = legs.select(
        "service_day", "vid", F.col("to_passage_id").alias("passage_id"), "is_cut", is_impossible().alias("is_impossible")
    )
    vehicle_day = Window.partitionBy("vid", "service_day")
    in_order = vehicle_day.orderBy("first_ts", "passage_id")
    starts = F.col("is_cut").isNull() | F.col("is_cut")
    chained = (
        # Both sides lie together by vehicle; hashing one side spares the sort that a merge would ask of both.
        passages.join(cuts.hint("shuffle_hash"), key, "left")
        .withColumn("first_passage", F.when(starts, F.col("passage_id")))
        .withColumn("trip_id", F.last("first_passage", ignorenulls=True).over(in_order))
        .withColumn("is_suspect", F.max("is_impossible").over(vehicle_day))
    )
    in_time = F.struct("first_ts", "passage_id", "site_id")
    whole = chained.groupBy("service_day", "vid", "trip_id").agg(
        most_frequent_class().alias("vehicle_class"),
        F.sort_array(F.collect_list(in_time)).alias("every"),
        F.max("last_ts").alias("end_ts"),
        F.count("*").cast("int").alias("passages"),
        F.max("is_suspect").alias("is_suspect"),
    )
    first, last = F.element_at("every", 1), F.element_at("every", -1)
    start, end = F.unix_timestamp(first["first_ts"]), F.unix_timestamp("end_ts")
    opened = F.unix_timestamp(day_start(F.col("service_day"), timezone=timezone))
    closed = F.unix_timestamp(day_start(F.date_add("service_day", 1), timezone=timezone))
    flags = F.array_compact(
        F.array(
            F.when(F.col("passages") == 1, "single_passage"),
            F.when(start - opened < day_edge_s, "day_start"),
            F.when(closed - end < day_edge_s, "day_end"),
            F.when(F.col("is_suspect"), CLONE_SUSPECT),
        )
    )
    return whole.select(
        "service_day",
        "trip_id",
        "vid",
        "vehicle_class",
        first["site_id"].alias("first_site_id"),
        last["site_id"].alias("last_site_id"),
        first["first_ts"].alias("start_ts"),
        "end_ts",
        (end - start).cast("int").alias("duration_s"),
        "passages",
        F.col("every.site_id").alias("site_ids"),
        flags.alias("flags"),
    )


def main(run: Run) -> None:
    passages = run.table("core_passage")
    rows = trips(passages, run.table("core_leg"), day_edge_s=run.city.methods.day_edge_s, timezone=run.city.timezone)
    run.write("core_trip", rows)
    run.account(all_accounts(counted(passages, reason="in"), summed(run.table("core_trip"), "passages", reason="out")))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
