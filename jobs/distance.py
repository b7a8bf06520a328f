"""Distances between sites, and what they bound: the expected driving time of a pair."""

from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from kordon.spark import small_frame

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from kordon.city import City

EARTH_RADIUS_M = 6_371_000
DETOUR = 1.25
"""Roads are this much longer than the straight line, on average in a town."""
FREE_FLOW_MS = 11.1
"""40 km/h: the mean speed of an undisturbed drive through a town, lights included."""
SLOWER_THAN_FREE = 1.3
"""Without legs to learn from, a drive is expected to take this much longer than in free flow (methods S7)."""


def site_points(spark: "SparkSession", city: "City") -> DataFrame:
    """One row per site: ``site_id``, ``lon``, ``lat`` in degrees."""
    rows = [(site.site_id, float(site.lon), float(site.lat)) for site in city.sites]
    return small_frame(spark, rows, "site_id string, lon double, lat double")


def straight_line_m(lon_a: Column, lat_a: Column, lon_b: Column, lat_b: Column) -> Column:
    """Great-circle distance in metres (haversine)."""
    half_lat = F.sin(F.radians(lat_b - lat_a) / 2)
    half_lon = F.sin(F.radians(lon_b - lon_a) / 2)
    chord = half_lat * half_lat + F.cos(F.radians(lat_a)) * F.cos(F.radians(lat_b)) * half_lon * half_lon
    return F.lit(2.0 * EARTH_RADIUS_M) * F.asin(F.sqrt(F.least(chord, F.lit(1.0))))


def with_distance(pairs: DataFrame, *, points: DataFrame, start: str, end: str) -> DataFrame:
    """Add ``distance_m`` between the sites that two columns name."""
    a = points.select(F.col("site_id").alias(start), F.col("lon").alias("lon_a"), F.col("lat").alias("lat_a"))
    b = points.select(F.col("site_id").alias(end), F.col("lon").alias("lon_b"), F.col("lat").alias("lat_b"))
    distance = straight_line_m(F.col("lon_a"), F.col("lat_a"), F.col("lon_b"), F.col("lat_b"))
    joined = pairs.join(F.broadcast(a), start, "left").join(F.broadcast(b), end, "left")
    return joined.withColumn("distance_m", distance).drop("lon_a", "lat_a", "lon_b", "lat_b")


def free_flow_s(distance_m: Column) -> Column:
    """Driving time in free flow over a straight-line distance, in seconds."""
    return distance_m * DETOUR / FREE_FLOW_MS
