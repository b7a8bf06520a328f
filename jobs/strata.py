"""Strata of trips: whom the cameras see alike. A class, a part of the day, and which sites were down in the trip's first hour."""

from collections.abc import Collection, Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.clones import is_clone_suspect
from jobs.counting import HOUR_S
from jobs.detected import day_part
from jobs.service_day import hour_of
from kordon.spark import small_frame

STRATUM = ["service_day", "vehicle_class", "day_part", "outage"]
PARTS_UP = 4
"""The time that a site was up counts in quarters of its hour, so that outages make few strata."""
NO_OUTAGE = ""


def outages(camera_hours: DataFrame, *, sites: Mapping[str, Collection[str]]) -> DataFrame:
    """Hours in which sites were down: ``service_day``, ``hour_ts``, ``outage`` as ``site=quarters up,site=quarters up``, sorted.

    Args:
        camera_hours: rows of ``core_camera_hour``.
        sites: the camera ids of each site id. A camera without a row counts as up: it never hung there.
    """
    watched = [(site, camera) for site, cameras in sites.items() for camera in cameras]
    cameras = small_frame(camera_hours.sparkSession, watched, "site_id string, camera_id string")
    up = F.round(PARTS_UP * (1 - F.avg("down_s") / HOUR_S)).cast("int")
    per_site = (
        camera_hours.join(F.broadcast(cameras), "camera_id").groupBy("service_day", "hour_ts", "site_id").agg(up.alias("up"))
    )
    down = per_site.filter(F.col("up") < PARTS_UP).withColumn("part", F.concat_ws("=", "site_id", "up"))
    return down.groupBy("service_day", "hour_ts").agg(F.concat_ws(",", F.sort_array(F.collect_list("part"))).alias("outage"))


def up_shares(outage: str) -> dict[str, float]:
    """The share of the hour that each site of an ``outage`` was up."""
    parts = (part.rsplit("=", 1) for part in outage.split(",") if part)
    return {site: int(up) / PARTS_UP for site, up in parts}


def patterns(trips: DataFrame, *, down: DataFrame, timezone: str) -> DataFrame:
    """Trips by hour, stratum and chain of sites, without those of :mod:`jobs.clones`.

    Returns:
        The columns of :data:`STRATUM`, ``hour_ts``, ``site_ids``, ``trips``.
    """
    placed = (
        trips.filter(~is_clone_suspect())
        .withColumn("hour_ts", hour_of(F.col("start_ts")))
        .withColumn("day_part", day_part(F.col("start_ts"), timezone=timezone))
        .join(F.broadcast(down), ["service_day", "hour_ts"], "left")
        .withColumn("outage", F.coalesce("outage", F.lit(NO_OUTAGE)))
    )
    return placed.groupBy(*STRATUM, "hour_ts", "site_ids").agg(F.count("*").alias("trips"))


def pooled(found: DataFrame, *, most: int) -> DataFrame:
    """The same with the rarest chains of a day shortened to first and last site, so that at most ``most`` go to the driver.

    A chain of a stratum stays whole when the day has at most ``most`` chains of strata that are as frequent or more.
    """
    key = [*STRATUM, "site_ids"]
    each = found.groupBy(*key).agg(F.sum("trips").alias("n"))
    sizes = each.groupBy("service_day", "n").agg(F.count("*").alias("rows")).toPandas()
    sizes = sizes.sort_values(["service_day", "n"], ascending=[True, False])
    kept = sizes[sizes.groupby("service_day").rows.cumsum() <= most].groupby("service_day").n.min()
    if kept.equals(sizes.groupby("service_day").n.min()):
        return found
    days = sizes.service_day.unique()
    least = small_frame(
        found.sparkSession, [(day, int(kept.get(day, 1 << 62))) for day in days], "service_day date, least long"
    )
    first, last = F.element_at("site_ids", 1), F.element_at("site_ids", -1)
    ends = F.when(F.size("site_ids") == 1, F.col("site_ids")).otherwise(F.array(first, last))
    chain = F.when(F.col("n") >= F.col("least"), F.col("site_ids")).otherwise(ends)
    joined = found.join(each, key).join(F.broadcast(least), "service_day").withColumn("site_ids", chain)
    return joined.groupBy(*key, "hour_ts").agg(F.sum("trips").alias("trips"))
