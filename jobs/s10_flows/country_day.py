"""Crossings per gate, direction and country of the plate."""

from pyspark.sql import functions as F

from jobs.counting import counts
from jobs.s10_flows.gate_hour import crossings
from kordon.run import Run

READS, WRITES = ("core_visit", "core_open_visit"), ("flow_country_day",)

CELL = ["service_day", "cordon_id", "gate_id", "direction", "country"]


def main(run: Run) -> None:
    crossed = crossings(run.table("core_visit"), run.table("core_open_visit"), timezone=run.city.timezone)
    known = crossed.withColumn("country", F.coalesce("country", F.lit("unknown")))
    run.write("flow_country_day", counts(known, cell=CELL, measure="passages"))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
