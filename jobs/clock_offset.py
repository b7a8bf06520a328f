"""What a camera's clock shows too much, from delivery times (methods 6, Clocks).

A supplier stamps a read when it receives it. The shortest delays of a camera in an hour are those of an idle line, nearly the same
for all cameras of a supplier; what is shorter or longer at one camera is its clock.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

HOUR_S = 3600
FEWEST_READS = 5
MANY_READS = 20
FEWEST_CAMERAS = 5
WIDEST_S = 10.0
"""Half of an idle line's reads are in so soon after the soonest; a batch spreads over its hour or night."""
FARTHEST_S = 7200.0
"""No clock is further wrong, two hours of summer time included: a supplier who delivers a day late is late."""
STEP_S = 3.0
"""Hours on both sides that differ by more have a step between them."""
NEAR_S = 6 * HOUR_S
CAMERA = ["service_day", "source", "camera_id"]
CAMERA_HOUR = [*CAMERA, "hour_ts"]


def idle_levels(reads: DataFrame) -> DataFrame:
    """The delays of each camera's idle line in each hour by its clock.

    Args:
        reads: ``service_day``, ``source``, ``camera_id``, ``captured_at``, ``received_at``, ``read_id``.

    Returns:
        :data:`CAMERA_HOUR`, ``n`` (reads), ``low_s`` (5th percentile) and ``p50_s``, where the line was idle and is believed.
    """
    return _levels(_delays(reads), key=CAMERA_HOUR)


def clock_offsets(reads: DataFrame, *, hours: DataFrame, levels: DataFrame) -> DataFrame:
    """The offset of each camera's clock in each hour by that clock.

    Args:
        reads: as :func:`idle_levels` takes them.
        hours: the hours to answer for: ``service_day``, ``source``, ``camera_id``, ``hour_ts``.
        levels: as :func:`idle_levels` gives them, best persisted.

    Returns:
        Of suppliers who stamp deliveries :data:`CAMERA_HOUR`, ``step_at`` (by ``received_at``; NULL where the clock ran evenly),
        ``offset_s`` (camera minus true time; NULL where delivery does not tell), ``offset_after_s``, that after the step, and
        ``share_after``, the share of the hour's reads after it.
    """
    # A supplier who stamps no delivery tells nothing about clocks: none of its hours is worth a row.
    told = levels.select("service_day", "source").distinct()
    around = _neighbours(
        hours.join(F.broadcast(told), ["service_day", "source"], "left_semi").join(levels, CAMERA_HOUR, "left")
    )
    stepping = around.filter(F.abs(F.col("before_p50") - F.col("after_p50")) > STEP_S)
    agree = F.abs(F.col("before_low") - F.col("after_low")) <= STEP_S
    quiet = F.coalesce("low_s", F.when(agree, (F.col("before_low") + F.col("after_low")) / 2))
    quiet = F.coalesce(
        quiet, F.when(F.col("before_low").isNull() | F.col("after_low").isNull(), F.coalesce("before_low", "after_low"))
    )
    is_step = F.col("step_at").isNotNull()
    level = F.when(is_step, F.coalesce("first_low", "before_low")).otherwise(quiet)
    level_after = F.when(is_step, F.coalesce("second_low", "after_low"))
    return (
        around.join(F.broadcast(_steps(_parts(_delays(reads), stepping))), CAMERA_HOUR, "left")
        .join(F.broadcast(_idle_lines(levels)), ["service_day", "source"], "left")
        .select(
            *CAMERA_HOUR,
            "step_at",
            F.round(F.col("idle_s") - level, 1).alias("offset_s"),
            F.round(F.col("idle_s") - level_after, 1).alias("offset_after_s"),
            "share_after",
        )
    )


def _delays(reads: DataFrame) -> DataFrame:
    return reads.filter("received_at IS NOT NULL").select(
        *CAMERA,
        F.date_trunc("hour", "captured_at").alias("hour_ts"),
        "received_at",
        "read_id",
        (F.col("received_at").cast("double") - F.col("captured_at").cast("double")).alias("delay_s"),
    )


def _steps(parts: DataFrame) -> DataFrame:
    """``step_at`` of the hours with a step, ``share_after`` of their reads, and the levels on both sides: ``first_low``, ``second_low``."""
    is_after = F.col("is_after")
    levels = (
        _levels(parts, key=[*CAMERA_HOUR, "is_after"])
        .groupBy(*CAMERA_HOUR)
        .agg(
            F.max(F.when(~is_after, F.col("low_s"))).alias("first_low"),
            F.max(F.when(is_after, F.col("low_s"))).alias("second_low"),
        )
    )
    last_before = F.max(F.when(~is_after, F.col("received_at")))
    step_at = F.coalesce(last_before, F.min("received_at") - F.expr("INTERVAL 1 SECOND"))
    share_after = F.count_if(is_after) / F.count("*")
    steps = parts.groupBy(*CAMERA_HOUR).agg(step_at.alias("step_at"), share_after.alias("share_after"))
    return steps.join(F.broadcast(levels), CAMERA_HOUR, "left")


def offset_of(received_at: Column) -> Column:
    """The offset that holds for a read joined with its row of :func:`clock_offsets`."""
    return F.when(received_at > F.col("step_at"), F.col("offset_after_s")).otherwise(F.col("offset_s"))


def _levels(delays: DataFrame, *, key: list[str]) -> DataFrame:
    """The key, ``n``, ``low_s`` (5th percentile) and ``p50_s`` of delays, where they are those of an idle line.

    From a histogram of tenths of a second: exact percentiles, in the same order whatever the partitions.
    """
    delay = F.col("delay_s")
    coarse = F.when(F.abs(delay) < 300, F.floor(delay * 10) / 10).otherwise(F.floor(delay))
    bins = delays.groupBy(*key, coarse.alias("bin")).agg(F.count("*").alias("rows"))
    place = Window.partitionBy(*key)
    bins = bins.withColumn("below", F.sum("rows").over(place.orderBy("bin"))).withColumn("n", F.sum("rows").over(place))

    def percentile(share: float) -> Column:
        return F.min(F.when(F.col("below") >= share * F.col("n"), F.col("bin")))

    found = bins.groupBy(*key).agg(F.max("n").alias("n"), percentile(0.05).alias("low_s"), percentile(0.5).alias("p50_s"))
    is_idle = (F.col("p50_s") - F.col("low_s") <= WIDEST_S) & (F.abs("low_s") <= FARTHEST_S)
    return found.filter((F.col("n") >= FEWEST_READS) & is_idle)


def _neighbours(hours: DataFrame) -> DataFrame:
    """Each hour with the levels of the nearest known hours before and after it, at most :data:`NEAR_S` away."""
    in_order = Window.partitionBy(*CAMERA).orderBy(F.unix_timestamp("hour_ts"))
    before, after = in_order.rangeBetween(-NEAR_S, -1), in_order.rangeBetween(1, NEAR_S)
    level = F.when(F.col("low_s").isNotNull(), F.struct("low_s", "p50_s"))
    return (
        hours.withColumn("before", F.last(level, ignorenulls=True).over(before))
        .withColumn("after", F.first(level, ignorenulls=True).over(after))
        .withColumns({f"{side}_low": F.col(f"{side}.low_s") for side in ("before", "after")})
        .withColumns({f"{side}_p50": F.col(f"{side}.p50_s") for side in ("before", "after")})
        .drop("before", "after")
    )


def _parts(delays: DataFrame, stepping: DataFrame) -> DataFrame:
    """The reads of hours with a step, divided where the levels before and after explain them best together."""
    levels = stepping.select(*CAMERA_HOUR, "before_p50", "after_p50")
    cost = F.abs(F.col("delay_s") - F.col("before_p50")) - F.abs(F.col("delay_s") - F.col("after_p50"))
    hour = Window.partitionBy(*CAMERA_HOUR)
    in_order = hour.orderBy("received_at", "read_id").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    best = F.min(F.struct("total", "received_at", "read_id")).over(hour)
    return (
        delays.join(F.broadcast(levels), CAMERA_HOUR)
        .withColumn("total", F.sum(cost).over(in_order))
        .withColumn("best", best)
        .withColumn("is_after", (F.col("best.total") >= 0) | (F.col("received_at") > F.col("best.received_at")))
    )


def _idle_lines(known: DataFrame) -> DataFrame:
    """``idle_s``: what an idle line takes, the median of a supplier's camera-hours; of all suppliers' where one has few cameras."""
    busy = known.filter(F.col("n") >= MANY_READS)
    everywhere = busy.groupBy("service_day").agg(F.median("low_s").alias("network_s"))
    own = busy.groupBy("service_day", "source").agg(
        F.median("low_s").alias("own_s"), F.countDistinct("camera_id").alias("cameras")
    )
    return own.join(everywhere, "service_day").select(
        "service_day",
        "source",
        F.when(F.col("cameras") >= FEWEST_CAMERAS, F.col("own_s")).otherwise(F.col("network_s")).alias("idle_s"),
    )
