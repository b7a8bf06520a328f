"""Passages: one vehicle passing one site once, merged from its reads."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.counting import most_frequent_class
from jobs.opposite_lane import roads, with_opposite
from kordon.accounts import all_accounts, counted, summed
from kordon.persist import persisted
from kordon.run import Run

READS, WRITES = ("core_read",), ("core_passage",)


def passages(reads: DataFrame, *, gap_s: int, longest_s: int) -> DataFrame:
    """Merge the reads of a vehicle at a site into passages.

    Args:
        reads: rows of ``core_read`` that have a ``vid``, partitioned by it.
        gap_s: a silence longer than this starts a new passage, in seconds.
        longest_s: a passage is cut after this many seconds, so that a parked car does not last all day.

    Returns:
        Rows of ``core_passage``; their ``reads`` add up to the reads that came in. Directions are never merged: a vehicle
        that turns round at a site passes twice.
    """
    place = ["vid", "service_day", "site_id", "direction"]
    in_order = Window.partitionBy(*place).orderBy("read_ts", "read_id")
    seconds = F.col("read_ts").cast("double")

    def part(at: Column) -> Column:
        return F.floor((at - F.col("island")) / longest_s)

    begins = F.col("before").isNull() | (seconds - F.col("before") > gap_s)
    starts = begins | (part(seconds) > part(F.col("before")))
    return (
        reads.withColumn("before", F.lag(seconds).over(in_order))
        .withColumn("island", F.last(F.when(begins, seconds), ignorenulls=True).over(in_order))
        .withColumn("first_read_id", F.last(F.when(starts, F.col("read_id")), ignorenulls=True).over(in_order))
        # The country is in the vehicle's id, and the same for all its reads. Of text only keys: hashing needs no order then.
        .groupBy(*place, "country", "first_read_id")
        .agg(
            F.min("read_ts").alias("first_ts"),
            F.max("read_ts").alias("last_ts"),
            F.count("*").alias("reads"),
            most_frequent_class().alias("vehicle_class"),
        )
        .withColumn("passage_id", F.xxhash64("first_read_id"))
        # The order that legs, trips and visits need, once. The vehicle is first in it: rows are told apart by eight bytes of that alone,
        # and looked at only where these are equal.
        .sortWithinPartitions("vid", "service_day", "first_ts", "passage_id")
    )


COLUMNS = ["service_day", "vid", "site_id", "read_ts", "read_id", "vehicle_class", "country", "direction"]


def main(run: Run) -> None:
    reads = run.table("core_read")
    methods = run.city.methods
    # Only here are rows shuffled by vehicle; legs, trips and visits follow inside this partitioning.
    by_vehicle = reads.filter(F.col("vid").isNotNull()).select(*COLUMNS).repartition("vid")
    told, kept = persisted(with_opposite(by_vehicle, roads=roads(run.spark, run.city.sites)))
    own = told.filter(~F.col("is_opposite")).drop("is_opposite")
    merged = run.write("core_passage", passages(own, gap_s=methods.dedup_gap_s, longest_s=methods.longest_passage_s))
    run.account(
        all_accounts(
            counted(reads, reason="in"),
            counted(reads.filter(F.col("vid").isNull()), reason="unread"),
            counted(told.filter("is_opposite"), reason="opposite_direction"),
            summed(merged.withColumn("more", F.col("reads") - 1), "more", reason="merged"),
            counted(merged, reason="out"),
        )
    )
    kept.unpersist()


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
