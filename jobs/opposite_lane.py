"""Reads of the opposite lane: a camera that sees across the road reads a vehicle that another site of that road has read too."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from kordon.city.records import Site
from kordon.spark import small_frame

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WINDOW_S = 2.0
"""With true clocks two seconds hold three quarters of such reads; eight would destroy real quick turns between gates (methods 6)."""
ROAD_M = 60.0
"""Two sites of one road stand no further apart than this; no vehicle drives it, turns and is read again within the window."""
DEGREE_M = 111_320.0
UNSEEN = 0.5
NOWHERE = ""


def across(sites: Iterable[Site]) -> dict[str, str]:
    """The site of the other direction of the same road by site id, where there is one: the nearest that does not head the same way."""
    every = list(sites)
    found = {}
    for site in every:
        near = sorted(
            (_metres(site, other), other.site_id) for other in every if other is not site and not _is_same_way(site, other)
        )
        if near and near[0][0] <= ROAD_M:
            found[site.site_id] = near[0][1]
    return found


def _metres(a: Site, b: Site) -> float:
    east = (a.lon - b.lon) * math.cos(math.radians(a.lat))
    return DEGREE_M * math.hypot(a.lat - b.lat, east)


def _is_same_way(a: Site, b: Site) -> bool:
    if a.heading_deg is not None and b.heading_deg is not None:
        return math.cos(math.radians(a.heading_deg - b.heading_deg)) > 0
    return a.direction is None or a.direction == b.direction


def roads(spark: "SparkSession", sites: Iterable[Site]) -> DataFrame:
    """A row per site: ``site_id``, ``across`` (NULL without one) and ``way``, the direction that its lane has, NULL for both."""
    every = list(sites)
    other = across(every)
    rows = [(site.site_id, other.get(site.site_id), site.direction) for site in every]
    return small_frame(spark, rows, "site_id string, across string, way string")


def with_opposite(reads: DataFrame, *, roads: DataFrame) -> DataFrame:
    """Tell reads of the opposite lane.

    A supplier's word that a vehicle drove against the direction of the site is believed. Without one, of two reads on both sides of
    a road within :data:`WINDOW_S` the one is of the opposite lane that fits the vehicle's way less: the sites before and after,
    by how often vehicles go that way on this day.

    Args:
        reads: ``service_day``, ``vid``, ``site_id``, ``read_ts``, ``read_id``, ``direction`` and any others, partitioned by ``vid``.
        roads: as :func:`roads` gives it.

    Returns:
        The reads with ``is_opposite``, in the same partitions.
    """
    in_order = Window.partitionBy("vid", "service_day").orderBy("read_ts", "read_id")
    near = reads.join(F.broadcast(roads), "site_id", "left")
    for n in (1, 2):
        near = near.withColumn(f"site_before_{n}", F.coalesce(F.lag("site_id", n).over(in_order), F.lit(NOWHERE)))
        near = near.withColumn(f"site_after_{n}", F.coalesce(F.lead("site_id", n).over(in_order), F.lit(NOWHERE)))
    seconds = F.col("read_ts").cast("double")
    near = near.withColumn("since_s", seconds - F.lag(seconds).over(in_order))
    near = near.withColumn("until_s", F.lead(seconds).over(in_order) - seconds)
    is_first = (F.col("site_after_1") == F.col("across")) & (F.col("until_s") <= WINDOW_S)
    is_second = (F.col("site_before_1") == F.col("across")) & (F.col("since_s") <= WINDOW_S)
    near = near.withColumn("is_first", F.coalesce(is_first, F.lit(False)))
    near = near.withColumn("is_second", ~F.col("is_first") & F.coalesce(is_second, F.lit(False)))
    moves = (
        near.filter("NOT is_first AND NOT is_second")
        .groupBy("service_day", F.col("site_id").alias("start"), F.col("site_after_1").alias("end"))
        .agg(F.count("*").alias("moves"))
    )
    before = F.when(F.col("is_first"), F.col("site_before_1")).when(F.col("is_second"), F.col("site_before_2"))
    after = F.when(F.col("is_first"), F.col("site_after_2")).when(F.col("is_second"), F.col("site_after_1"))
    near = near.withColumn("before", before).withColumn("after", after)
    for name, start, end in (
        ("own_in", "before", "site_id"),
        ("own_out", "site_id", "after"),
        ("other_in", "before", "across"),
        ("other_out", "across", "after"),
    ):
        counted = moves.select(
            "service_day", F.col("start").alias(start), F.col("end").alias(end), (F.col("moves") + UNSEEN).alias(name)
        )
        near = near.join(F.broadcast(counted), ["service_day", start, end], "left")

    def fit(name: str) -> Column:
        return F.coalesce(f"{name}_in", F.lit(UNSEEN)) * F.coalesce(f"{name}_out", F.lit(UNSEEN))

    is_worse = (fit("own") < fit("other")) | ((fit("own") == fit("other")) & F.col("is_second"))
    told = F.coalesce(F.col("direction") != F.col("way"), F.lit(False))
    is_opposite = told | ((F.col("is_first") | F.col("is_second")) & is_worse)
    return near.withColumn("is_opposite", is_opposite).select(*reads.columns, "is_opposite")
