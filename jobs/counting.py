"""Counting cells: how every flow counts, and what it says where few or no vehicles were seen or a camera was down."""

from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.service_day import hours

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import SparkSession

    from kordon.city import City

FEW_VEHICLES = 10
"""Below this an exact count says more about vehicles than about traffic; analysts are told by ``low_n``."""
HOUR_S = 3600
ALL = "all"

PERCENTILES_S = {"p10_s": 0.10, "p25_s": 0.25, "p50_s": 0.50, "p75_s": 0.75, "p90_s": 0.90, "p95_s": 0.95}


def counts(rows: DataFrame, *, cell: list[str], measure: str) -> DataFrame:
    """Rows and distinct vehicles of each cell: the cell's columns, the measure, ``vehicles``."""
    return rows.groupBy(*cell).agg(F.count("*").alias(measure), F.countDistinct("vid").alias("vehicles"))


def low_n(vehicles: Column) -> Column:
    """The status of a cell that exists because vehicles were seen in it."""
    return F.when(vehicles < FEW_VEHICLES, "low_n").otherwise("ok")


def with_all_classes(rows: DataFrame) -> DataFrame:
    """Each row twice: in its own class, and in the class ``all``, for measures that do not add up."""
    return rows.withColumn("vehicle_class", F.explode(F.array("vehicle_class", F.lit(ALL))))


def percentiles(column: str, *names: str) -> list[Column]:
    """Exact percentiles of a column of seconds under their names in :data:`PERCENTILES_S`."""
    return [F.percentile(column, PERCENTILES_S[name]).alias(name) for name in names]


def site_hours(spark: "SparkSession", city: "City", *, days: "list[date]") -> DataFrame:
    """Every site and hour, with whether its cameras were up by what the city declares.

    Returns:
        ``service_day``, ``hour_ts``, ``site_id``, ``status``: ``missing`` when no camera of the site was valid and up at any
        time of the hour, ``partial`` when one of them was down or not valid for some of it, else ``ok``.
    """
    spans = [(c.camera_id, c.site_id, c.valid_from, c.valid_to) for c in city.cameras]
    cameras = spark.createDataFrame(spans, "camera_id string, site_id string, valid_from timestamp, valid_to timestamp")
    down = spark.createDataFrame(
        [(o.camera_id, o.start, o.end) for o in city.outages], "camera_id string, down_from timestamp, down_to timestamp"
    )
    start = F.unix_timestamp("hour_ts")

    def overlap_s(begin: str, end: str) -> Column:
        begins = F.greatest(start, F.coalesce(F.unix_timestamp(begin), start))
        ends = F.least(start + HOUR_S, F.coalesce(F.unix_timestamp(end), start + HOUR_S))
        return F.greatest(ends - begins, F.lit(0))

    grid = hours(spark, days=days, timezone=city.timezone).crossJoin(F.broadcast(cameras))
    per_camera = (
        grid.withColumn("valid_s", overlap_s("valid_from", "valid_to"))
        .join(F.broadcast(down), "camera_id", "left")
        .withColumn("out_s", F.when(F.col("down_from").isNull(), 0).otherwise(overlap_s("down_from", "down_to")))
        .groupBy("service_day", "hour_ts", "site_id", "camera_id")
        .agg(F.max("valid_s").alias("valid_s"), F.sum("out_s").alias("out_s"))
        .withColumn("up_s", F.greatest(F.col("valid_s") - F.col("out_s"), F.lit(0)))
        .filter(F.col("valid_s") > 0)
    )
    per_site = per_camera.groupBy("service_day", "hour_ts", "site_id").agg(
        F.min("up_s").alias("least_s"), F.max("up_s").alias("most_s")
    )
    sites = spark.createDataFrame([(site.site_id,) for site in city.sites], "site_id string")
    status = F.when(F.coalesce("most_s", F.lit(0)) == 0, "missing").when(F.col("least_s") < HOUR_S, "partial").otherwise("ok")
    return (
        hours(spark, days=days, timezone=city.timezone)
        .crossJoin(F.broadcast(sites))
        .join(F.broadcast(per_site), ["service_day", "hour_ts", "site_id"], "left")
        .select("service_day", "hour_ts", "site_id", status.alias("status"))
    )


def dense(cells: DataFrame, found: DataFrame, *, key: list[str], measures: list[str]) -> DataFrame:
    """Every cell with its measures: 0 where nothing was found, NULL where the cell is ``missing``."""
    filled = [F.when(F.col("status") != "missing", F.coalesce(F.col(measure), F.lit(0))).alias(measure) for measure in measures]
    return cells.join(found, key, "left").select(*key, *filled, "status")
