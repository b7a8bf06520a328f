"""Counting cells: how every flow counts, and what it says where few or no vehicles were seen or a camera was down."""

from collections.abc import Collection, Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.service_day import hours
from kordon.run import Run
from kordon.spark import small_frame
from kordon.tables.record import VEHICLE_CLASSES

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


def low_n_of(status: str, vehicles: int) -> str:
    """:func:`or_low_n` of a cell that is on the driver."""
    return "low_n" if status == "ok" and vehicles < FEW_VEHICLES else status


def or_low_n(status: Column, vehicles: Column) -> Column:
    """A status, and where it is ``ok`` that of :func:`low_n`."""
    return F.when(status == "ok", low_n(vehicles)).otherwise(status)


def with_all_classes(rows: DataFrame) -> DataFrame:
    """Each row twice: in its own class, and in the class ``all``, for measures that do not add up."""
    return rows.withColumn("vehicle_class", F.explode(F.array("vehicle_class", F.lit(ALL))))


def most_frequent_class() -> Column:
    """The vehicle class that most rows of a group have; of several the first by the alphabet.

    Numbers alone: ``mode`` says the same, keeps a hash map a group, and makes Spark sort the rows once there are many groups.
    """
    first_wins = sorted(VEHICLE_CLASSES, reverse=True)
    counted = [
        F.struct(F.count_if(F.col("vehicle_class") == name).alias("n"), F.lit(n).alias("place"), F.lit(name).alias("name"))
        for n, name in enumerate(first_wins)
    ]
    return F.greatest(*counted)["name"]


def spread(rows: DataFrame, *, cell: list[str], measure: str, seconds: str, percentiles: Sequence[str]) -> DataFrame:
    """Rows, distinct vehicles, mean and exact percentiles of a column of seconds in each cell.

    Args:
        measure: the name for the number of rows.
        percentiles: names in :data:`PERCENTILES_S`.

    Returns:
        The cell's columns, none of which may be NULL, the measure, ``vehicles``, ``mean_s`` and the percentiles.
    """
    at = F.percentile(seconds, [PERCENTILES_S[name] for name in percentiles]).alias("at")
    found = rows.groupBy(*cell).agg(F.count("*").alias(measure), F.avg(seconds).alias("mean_s"), at)
    # Apart, for beside a distinct count Spark would first keep the percentiles of each vehicle.
    vehicles = rows.groupBy(*cell).agg(F.countDistinct("vid").alias("vehicles"))
    named = [F.col("at")[place].alias(name) for place, name in enumerate(percentiles)]
    return found.join(vehicles, cell).select(*cell, measure, "vehicles", "mean_s", *named)


def site_hours(camera_hours: DataFrame, *, sites: Mapping[str, Collection[str]], hours: DataFrame) -> DataFrame:
    """Every site and hour, with whether its cameras were up.

    Args:
        camera_hours: rows of ``core_camera_hour``.
        sites: the camera ids of each site id.
        hours: as :func:`jobs.service_day.hours` gives them.

    Returns:
        ``service_day``, ``hour_ts``, ``site_id``, ``status``: ``missing`` when no camera of the site was up at any time of the
        hour and none read anything, ``partial`` when one of them was down for some of it, else ``ok``. A stray read in an outage
        makes its hour ``partial``: what was read is in the counts. ``up_share`` is the share of the hour that its cameras were up,
        on average: a camera of two is taken to see half.
    """
    spark = hours.sparkSession
    watched = [(site, camera) for site, cameras in sites.items() for camera in cameras]
    cameras = small_frame(spark, watched, "site_id string, camera_id string")
    key = ["service_day", "hour_ts", "site_id"]
    per_site = (
        camera_hours.join(F.broadcast(cameras), "camera_id")
        .groupBy(*key)
        .agg(
            F.max("down_s").alias("most_s"),
            F.min("down_s").alias("least_s"),
            F.avg("down_s").alias("mean_s"),
            F.sum("reads").alias("reads"),
        )
    )
    every = hours.crossJoin(F.broadcast(small_frame(spark, [(site,) for site in sites], "site_id string")))
    down = (F.coalesce("least_s", F.lit(HOUR_S)) >= HOUR_S) & (F.coalesce("reads", F.lit(0)) == 0)
    status = F.when(down, "missing").when(F.col("most_s") > 0, "partial").otherwise("ok")
    up_share = F.coalesce(1 - F.least("mean_s", F.lit(HOUR_S)) / HOUR_S, F.lit(0.0))
    return every.join(F.broadcast(per_site), key, "left").select(*key, status.alias("status"), up_share.alias("up_share"))


def site_hours_of(run: Run) -> DataFrame:
    """:func:`site_hours` of a run's days."""

    def make() -> DataFrame:
        sites = {site.site_id: [c.camera_id for c in run.city.cameras if c.site_id == site.site_id] for site in run.city.sites}
        every = hours(run.spark, days=run.days, timezone=run.city.timezone)
        return site_hours(run.table("core_camera_hour"), sites=sites, hours=every)

    return run.once("site_hours", make)


def dense(cells: DataFrame, found: DataFrame, *, key: list[str], measures: list[str], also: Sequence[str] = ()) -> DataFrame:
    """Every cell with its measures: 0 where nothing was found, NULL where the cell is ``missing``; and other columns of the cells."""
    filled = [F.when(F.col("status") != "missing", F.coalesce(F.col(measure), F.lit(0))).alias(measure) for measure in measures]
    return cells.join(found, key, "left").select(*key, *filled, "status", *also)
