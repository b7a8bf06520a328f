"""Trips per first site, last site, hour of the first passage and class."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.clones import CLONE_SUSPECT, is_clone_suspect
from jobs.counting import counts, low_n
from jobs.service_day import hour_of
from kordon.run import Run, all_accounts, counted, summed

READS, WRITES = ("core_trip",), ("flow_od_hour",)

CELL = ["service_day", "hour_ts", "origin_site_id", "destination_site_id", "vehicle_class"]


def od_hour(trips: DataFrame) -> DataFrame:
    """Count trips between the sites where they were first and last seen, without those of :mod:`jobs.clones`.

    A trip of one passage has its site as origin and destination.
    """
    own = trips.filter(~is_clone_suspect())
    named = own.withColumnsRenamed({"first_site_id": "origin_site_id", "last_site_id": "destination_site_id"})
    found = counts(named.withColumn("hour_ts", hour_of(F.col("start_ts"))), cell=CELL, measure="trips")
    return found.withColumn("status", low_n(F.col("vehicles")))


def main(run: Run) -> None:
    trips = run.table("core_trip")
    run.write("flow_od_hour", od_hour(trips))
    run.account(
        all_accounts(
            counted(trips, reason="in"),
            counted(trips.filter(is_clone_suspect()), reason=CLONE_SUSPECT),
            summed(run.table("flow_od_hour"), "trips", reason="out"),
        )
    )


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
