"""Reference times: how long a drive between two places is expected to take, learned from the drives themselves.

A clipped median seeded at the lower quartile, because a plain median becomes the stop itself where most vehicles stop; capped by
distance for the same reason (methods 1c, S7 and section 6).
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.distance import SLOWER_THAN_FREE, free_flow_s

QUARTER_S = 900
LONGEST_S = 7200
PASSES = 3
FINEST = "quarter"
LEVELS = {FINEST: ["quarter", "hour"], "hour": ["hour"], "day": []}
"""Levels of a reference, finest first, with the slots that a level still tells apart."""


def clipped_median(sorted_s: Column) -> Column:
    """Median of a sorted array of seconds after clipping its long tail; NULL for an empty one.

    Starts from the lower quartile b and takes three times the median of what is at most max(1.6 b, b + 180 s).
    """
    quartile = F.get(sorted_s, F.floor((F.size(sorted_s) - 1) / 4).cast("int"))

    def narrowed(b: Column, _: Column) -> Column:
        kept = F.size(F.filter(sorted_s, lambda s: s <= F.greatest(1.6 * b, b + 180)))
        return F.get(sorted_s, F.floor((kept - 1) / 2).cast("int"))

    return F.aggregate(F.sequence(F.lit(1), F.lit(PASSES)), quartile, narrowed)


def times_of(drives: DataFrame, *, pair: tuple[str, ...], depart: str, seconds: str) -> DataFrame:
    """The credible driving times of each pair in each quarter of an hour.

    Args:
        drives: one row per drive, with ``service_day``, ``distance_m`` and the columns that the other arguments name.
        pair: the columns of the two places.
        depart: the column of the departure, a timestamp.
        seconds: the column of the driving time, stops included, in seconds.

    Returns:
        ``service_day``, the pair, ``quarter`` and ``hour`` (since the epoch), ``list`` of seconds; best persisted, for it is asked for
        at each level.
    """
    plausible = F.col(seconds) <= F.least(F.lit(LONGEST_S), 8 * free_flow_s(F.col("distance_m")) + 900)
    timed = _with_slots(drives.filter(plausible), depart)
    return timed.groupBy("service_day", *pair, "quarter", "hour").agg(F.collect_list(seconds).alias("list"))


def _with_slots(drives: DataFrame, depart: str) -> DataFrame:
    slot = F.floor(F.unix_timestamp(depart) / QUARTER_S)
    return drives.withColumn("quarter", slot).withColumn("hour", F.floor(F.col("quarter") / 4))


def with_reference(
    drives: DataFrame,
    *,
    times: DataFrame,
    pair: tuple[str, ...],
    depart: str,
    least_n: int,
    cap_speed_ms: float,
    cap_offset_s: float,
) -> DataFrame:
    """Add ``reference_s`` and ``reference_level`` to drives between two places.

    Args:
        drives, pair, depart: as :func:`times_of` takes them.
        times: as :func:`times_of` gives them.
        least_n: so many drives a quarter of an hour, an hour or a day needs; the finest that has them is taken.
        cap_speed_ms: with ``cap_offset_s`` the longest credible reference: distance / speed + offset.

    Returns:
        The drives, partitioned and ordered as they came.
    """
    keys = ["service_day", *pair]
    learned = _with_slots(drives, depart)
    for level, slots in LEVELS.items():
        if level != FINEST:
            times = times.groupBy(*keys, *slots).agg(F.flatten(F.collect_list("list")).alias("list"))
        enough = times.filter(F.size("list") >= least_n).select(
            *keys, *slots, clipped_median(F.sort_array("list")).alias(f"by_{level}")
        )
        learned = learned.join(F.broadcast(enough), [*keys, *slots], "left")
    by_distance = SLOWER_THAN_FREE * free_flow_s(F.col("distance_m"))
    cap = F.col("distance_m") / cap_speed_ms + cap_offset_s
    found = F.coalesce("by_quarter", "by_hour", "by_day", by_distance)
    level_found = (
        F.when(F.col("by_quarter").isNotNull(), "quarter")
        .when(F.col("by_hour").isNotNull(), "hour")
        .when(F.col("by_day").isNotNull(), "day")
        .otherwise("distance")
    )
    return (
        learned.withColumn("reference_s", F.round(F.least(found, cap)).cast("int"))
        .withColumn("reference_level", level_found)
        .drop("quarter", "hour", "by_quarter", "by_hour", "by_day")
    )
