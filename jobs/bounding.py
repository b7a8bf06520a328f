"""What one vehicle counts for: how much of a cell it has, and what of its day the open tier counts.

What is kept of a vehicle's day is drawn by a hash of its ``vid``, which is keyed, and of the record's id: not by what the record says, and
whatever other vehicles did. So taking one vehicle-day away leaves what all others count for as it was (``privacy/open_tier/bounds.py``).
"""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from kordon.contribution import BOUNDS

COLUMNS = ("bounded", "largest_share", "top_two_share")
"""What :func:`cells` adds to a count and its vehicles."""
VEHICLE_DAY = ["vid", "service_day"]


def with_kept(rows: DataFrame, *, record: Sequence[str], limits: Sequence[tuple[Sequence[str], int]]) -> DataFrame:
    """Add ``is_kept``: whether the open tier counts a row.

    Args:
        record: the columns that name a row among those of its vehicle and day.
        limits: one after the other, columns and how many rows that agree in them are kept of a vehicle-day.
    """
    lot = F.xxhash64("vid", *record)
    found = rows.withColumn("is_kept", F.lit(True))
    for columns, most in limits:
        drawn = Window.partitionBy(*VEHICLE_DAY, *columns).orderBy(F.desc("is_kept"), lot, *record)
        found = found.withColumn("is_kept", F.col("is_kept") & (F.row_number().over(drawn) <= most))
    return found


def kept_trips(trips: DataFrame) -> DataFrame:
    """:func:`with_kept` of trips with ``origin_zone_id`` and ``destination_zone_id``."""
    pair = ("origin_zone_id", "destination_zone_id")
    return with_kept(trips, record=["trip_id"], limits=[(pair, BOUNDS.trips_per_pair), ((), BOUNDS.trips)])


def kept_crossings(crossed: DataFrame) -> DataFrame:
    """:func:`with_kept` of rows of :func:`jobs.s10_flows.gate_hour.crossings`."""
    return with_kept(crossed, record=["visit_id", "direction"], limits=[(["cordon_id"], BOUNDS.crossings_per_cordon)])


def kept_visits(visits: DataFrame) -> DataFrame:
    """:func:`with_kept` of visits, of which those with both ends are counted."""
    return with_kept(visits, record=["visit_id"], limits=[(["cordon_id"], BOUNDS.visits_per_cordon)])


def cells(rows: DataFrame, *, cell: list[str], measure: str) -> DataFrame:
    """Rows and distinct vehicles of each cell, as :func:`jobs.counting.counts`, and what one vehicle has of it.

    Args:
        rows: with ``is_kept``.

    Returns:
        The cell's columns, the measure, ``vehicles``, ``bounded`` (rows that are kept), ``largest_share`` and ``top_two_share`` (of the
        measure, by the vehicle and the two vehicles with most of it).
    """
    of_vehicle = rows.groupBy(*cell, "vid").agg(F.count("*").alias("n"), F.count_if("is_kept").alias("kept"))
    return of_cells(of_vehicle, cell=cell, measure=measure, sums={"bounded": F.sum("kept")})


def of_cells(of_vehicle: DataFrame, *, cell: list[str], measure: str, sums: Mapping[str, Column]) -> DataFrame:
    """What :func:`cells` gives, of rows that are counted by vehicle.

    Vehicles are counted by how often they were there, and those few numbers are ranked: a rank of all vehicles would be the work of one
    task where a cell is the whole city.

    Args:
        of_vehicle: ``n`` rows of each vehicle in each cell.
        sums: more aggregates of those rows that add up.

    Returns:
        The cell's columns, the measure, ``vehicles``, the sums, ``largest_share`` and ``top_two_share``.
    """
    by_number = of_vehicle.groupBy(*cell, "n").agg(
        F.count("*").alias("vehicles"), *(of.alias(name) for name, of in sums.items())
    )
    upwards = Window.partitionBy(*cell).orderBy(F.desc("n")).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    oftener = F.sum("vehicles").over(upwards) - F.col("vehicles")
    ranked = by_number.withColumn("of_two", F.greatest(F.least(2 - oftener, F.col("vehicles")), F.lit(0)) * F.col("n"))
    total = F.sum(F.col("n") * F.col("vehicles"))
    return ranked.groupBy(*cell).agg(
        total.alias(measure),
        F.sum("vehicles").alias("vehicles"),
        *(F.sum(name).alias(name) for name in sums),
        (F.max("n") / total).alias("largest_share"),
        (F.sum("of_two") / total).alias("top_two_share"),
    )
