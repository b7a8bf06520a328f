"""Trips per zone of the first and of the last site and class; and the same as cells of the product od_day."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.clones import CLONE_SUSPECT, is_clone_suspect
from jobs.counting import counts, low_n
from kordon.run import Run, all_accounts, counted, summed

READS, WRITES = ("core_trip",), ("flow_zone_od_day", "out_od_day_cell")

CELL = ["service_day", "origin_zone_id", "destination_zone_id", "vehicle_class"]


def zone_od_day(trips: DataFrame, *, zones: DataFrame) -> DataFrame:
    """Count trips between zones, without those of :mod:`jobs.clones`.

    Args:
        trips: rows of ``core_trip``.
        zones: ``site_id``, ``zone_id`` of every site; small.
    """
    first = zones.select(F.col("site_id").alias("first_site_id"), F.col("zone_id").alias("origin_zone_id"))
    last = zones.select(F.col("site_id").alias("last_site_id"), F.col("zone_id").alias("destination_zone_id"))
    own = trips.filter(~is_clone_suspect())
    placed = own.join(F.broadcast(first), "first_site_id").join(F.broadcast(last), "last_site_id")
    return counts(placed, cell=CELL, measure="trips")


def main(run: Run) -> None:
    trips = run.table("core_trip")
    zones = run.spark.createDataFrame([(s.site_id, s.zone_id) for s in run.city.sites], "site_id string, zone_id string")
    run.write("out_od_day_cell", zone_od_day(trips, zones=zones))
    cells = run.table("out_od_day_cell")
    run.write("flow_zone_od_day", cells.withColumn("status", low_n(F.col("vehicles"))))
    run.account(
        all_accounts(
            counted(trips, reason="in"),
            counted(trips.filter(is_clone_suspect()), reason=CLONE_SUSPECT),
            summed(cells, "trips", reason="out"),
        )
    )


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
