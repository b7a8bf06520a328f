"""Legs: two consecutive passages of a vehicle, with the time they should take and whether a trip ends between them."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.distance import site_points, with_distance
from jobs.reference import times_of, with_reference
from jobs.stops import is_stop
from kordon.accounts import all_accounts, counted
from kordon.run import Run

READS, WRITES = ("core_passage",), ("core_leg",)

KMH = 3.6


def legs(passages: DataFrame, *, points: DataFrame) -> DataFrame:
    """Pair each passage of a vehicle with the one before it in the service day.

    Returns:
        One row per passage that has one before it, with ``gap_s`` and ``distance_m``. A passage that begins before the one
        before it has ended (overlapping sites) has a gap of 0.
    """
    in_order = Window.partitionBy("vid", "service_day").orderBy("first_ts", "passage_id")
    gap = F.unix_timestamp("first_ts") - F.unix_timestamp("depart_ts")
    pairs = (
        passages.withColumn("from_passage_id", F.lag("passage_id").over(in_order))
        .withColumn("from_site_id", F.lag("site_id").over(in_order))
        .withColumn("depart_ts", F.lag("last_ts").over(in_order))
        .filter(F.col("from_passage_id").isNotNull())
        .select(
            "service_day",
            "vid",
            "from_passage_id",
            F.col("passage_id").alias("to_passage_id"),
            "from_site_id",
            F.col("site_id").alias("to_site_id"),
            "vehicle_class",
            "depart_ts",
            F.col("first_ts").alias("arrive_ts"),
            F.greatest(gap, F.lit(0)).cast("int").alias("gap_s"),
        )
    )
    return with_distance(pairs, points=points, start="from_site_id", end="to_site_id")


def cut(legs: DataFrame, *, min_stop_s: int, longest_gap_s: int, max_speed_kmh: float, clock_tolerance_s: int) -> DataFrame:
    """Decide at which legs a trip ends; by time alone, never by the structure of the route (methods section 6).

    Args:
        legs: rows with ``gap_s``, ``reference_s``, ``distance_m``.
        min_stop_s: the city's definition of a stop, in seconds.
        longest_gap_s: a longer gap always ends a trip, in seconds.
        max_speed_kmh: nobody drives faster, measured on the straight line.
        clock_tolerance_s: how far two cameras' clocks may disagree before a leg counts as too fast, in seconds.

    Returns:
        Rows of ``core_leg``.
    """
    gap, stopped = F.col("gap_s"), is_stop(min_stop_s=min_stop_s)
    too_fast = gap + clock_tolerance_s < F.col("distance_m") / (max_speed_kmh / KMH)
    reason = F.when(too_fast, "too_fast").when(gap > longest_gap_s, "longest_gap").when(stopped, "stop")
    return legs.withColumn("cut_reason", reason).withColumn("is_cut", reason.isNotNull()).drop("distance_m")


def main(run: Run) -> None:
    passages = run.table("core_passage")
    methods = run.city.methods
    paired = legs(passages, points=site_points(run.spark, run.city))
    pair, depart = ("from_site_id", "to_site_id"), "depart_ts"
    expected = with_reference(
        paired,
        times=run.once("leg_times", lambda: times_of(paired, pair=pair, depart=depart, seconds="gap_s")),
        pair=pair,
        depart=depart,
        least_n=methods.reference_min_n,
        cap_speed_ms=methods.cap_speed_ms,
        cap_offset_s=methods.cap_offset_s,
    )
    run.write(
        "core_leg",
        cut(
            expected,
            min_stop_s=methods.min_stop_s,
            longest_gap_s=methods.longest_gap_s,
            max_speed_kmh=methods.max_speed_kmh,
            clock_tolerance_s=methods.clock_tolerance_s,
        ),
    )
    first = passages.groupBy("service_day").agg(F.countDistinct("vid").alias("rows"))
    run.account(
        all_accounts(
            counted(passages, reason="in"),
            first.select("service_day", F.lit("first").alias("reason"), "rows"),
            counted(run.table("core_leg"), reason="out"),
        )
    )


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
