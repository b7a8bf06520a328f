"""When a camera was down: silence where its other hours and its neighbours say that there was traffic (methods 6, Silence)."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

MINUTE_S, SLOT_S = 60, 1800
"""A camera whose traffic comes at its own hours does not fit by the half hour; by the quarter what chance does hides it."""
SURE = 14.0
"""So many reads must be missing for each unit of dispersion: a Poisson silence of 14 has a chance of one in a million."""
LONE_READS = 2
"""So many reads in a minute between two silences are a stray vehicle or a phantom, not the end of an outage."""
PART = 0.2
CAMERA = ["service_day", "camera_id"]


def silences(reads: DataFrame, *, valid: DataFrame) -> DataFrame:
    """The intervals in which a camera was silent against expectation.

    The expectation is the camera's own total, spread over the day as the reads of all cameras are. How badly that fits the
    camera's half hours is its dispersion; pulsed traffic fits badly, and needs a longer silence.

    Args:
        reads: ``service_day``, ``camera_id``, ``read_ts``.
        valid: ``service_day``, ``camera_id``, ``valid_from_s``, ``valid_to_s``: epoch seconds in which the camera hung there that day.

    Returns:
        ``service_day``, ``camera_id``, ``down_from_s``, ``down_to_s``, in epoch seconds; none for a camera without any read.
    """
    seconds = F.col("read_ts").cast("double")
    minutes = reads.groupBy(*CAMERA, F.floor(seconds / MINUTE_S).alias("minute")).agg(
        F.min(seconds).alias("from_s"), F.max(seconds).alias("to_s"), F.count("*").alias("n")
    )
    network = _network(minutes, valid=valid)
    cameras = _cameras(minutes, network=network, valid=valid)
    edges = valid.select(*CAMERA, F.explode(F.array("valid_from_s", "valid_to_s")).alias("from_s"), F.lit(None).alias("n"))
    points = minutes.drop("minute").unionByName(edges.withColumn("to_s", F.col("from_s")))
    points = _with_passed(_with_passed(points, "from_s", network=network), "to_s", network=network)
    in_order = Window.partitionBy(*CAMERA).orderBy("from_s", F.col("n").desc_nulls_last())
    quiet = F.col("from_s_passed") - F.lag("to_s_passed").over(in_order)
    gaps = (
        points.join(F.broadcast(cameras), CAMERA)
        .withColumn("missing", F.coalesce(F.col("share") * quiet, F.lit(0.0)))
        .withColumn("down_from_s", F.lag("to_s").over(in_order))
        .withColumn("after_lone", F.lag("n").over(in_order) <= LONE_READS)
        .withColumn("missing_before", F.lag("missing").over(in_order))
        .withColumn("missing_next", F.lead("missing").over(in_order))
        # Spark refuses a window function in a filter, and puts it there when it merges the two steps.
        .select(*CAMERA, "down_from_s", "from_s", "n", "dispersion", "after_lone", "missing", "missing_before", "missing_next")
    )
    limit = SURE * F.col("dispersion")

    def bridged(other: str, lone: Column) -> Column:
        both = (F.col("missing") + F.col(other) > limit) & (F.least("missing", other) > PART * limit)
        return F.coalesce(both & lone, F.lit(False))

    silent = (F.col("missing") > limit) | bridged("missing_before", F.col("after_lone"))
    silent = silent | bridged("missing_next", F.col("n") <= LONE_READS)
    return gaps.filter(silent & F.col("down_from_s").isNotNull()).select(
        *CAMERA, "down_from_s", F.col("from_s").alias("down_to_s")
    )


def _slot(second: Column) -> Column:
    return F.floor(second / SLOT_S)


def _network(minutes: DataFrame, *, valid: DataFrame) -> DataFrame:
    """Each half hour (``slot``) of the days: ``network``, the reads of all cameras in it, and ``before``, since the day began."""
    days = valid.groupBy("service_day").agg(
        _slot(F.min("valid_from_s")).alias("first"), _slot(F.max("valid_to_s")).alias("last")
    )
    found = minutes.groupBy("service_day", _slot(F.col("minute") * MINUTE_S).alias("slot")).agg(F.sum("n").alias("network"))
    day = Window.partitionBy("service_day").orderBy("slot")
    return (
        days.select("service_day", F.explode(F.sequence("first", "last")).alias("slot"))
        .join(F.broadcast(found), ["service_day", "slot"], "left")
        .fillna(0, ["network"])
        .withColumn("before", F.sum("network").over(day) - F.col("network"))
    )


def _with_passed(points: DataFrame, column: str, *, network: DataFrame) -> DataFrame:
    """Add ``<column>_passed``: how many reads of all cameras the day had seen by that second."""
    within = (F.col(column) - F.col("slot") * SLOT_S) / SLOT_S
    return (
        points.withColumn("slot", _slot(F.col(column)))
        .join(F.broadcast(network), ["service_day", "slot"])
        .withColumn(f"{column}_passed", F.col("before") + F.col("network") * within)
        .drop("slot", "network", "before")
    )


def _cameras(minutes: DataFrame, *, network: DataFrame, valid: DataFrame) -> DataFrame:
    """Each camera with reads: ``share``, of the reads of all cameras while it hung there, and the ``dispersion`` about it.

    The dispersion is the mean over slots of (n - e)^2 / e for e expected reads. As the e of a camera add up to its reads, that is
    the sum of n^2 / e less its reads, over the slots with any traffic: silent slots need no rows.
    """
    own = minutes.groupBy(*CAMERA, _slot(F.col("minute") * MINUTE_S).alias("slot")).agg(F.sum("n").alias("n"))
    while_there = (
        valid.join(F.broadcast(network), "service_day")
        .filter(F.col("slot").between(_slot(F.col("valid_from_s")), _slot(F.col("valid_to_s") - 1)))
        .groupBy(*CAMERA)
        .agg(F.sum("network").alias("all_reads"), F.count_if(F.col("network") > 0).alias("slots"))
    )
    sums = (
        own.join(F.broadcast(network), ["service_day", "slot"])
        .groupBy(*CAMERA)
        .agg(F.sum("n").alias("total"), F.sum(F.col("n") ** 2 / F.col("network")).alias("squares"))
    )
    return (
        while_there.join(F.broadcast(sums), CAMERA)
        .withColumn("share", F.col("total") / F.col("all_reads"))
        .withColumn("misfit", (F.col("squares") / F.col("share") - F.col("total")) / F.col("slots"))
        .select(*CAMERA, "share", F.greatest("misfit", F.lit(1.0)).alias("dispersion"))
    )
