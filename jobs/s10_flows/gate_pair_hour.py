"""Visits per gate of entry, gate of exit, class of the stay, hour of the entry and vehicle class."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.counting import counts, low_n
from jobs.service_day import hour_of
from kordon.run import Run

READS, WRITES = ("core_visit",), ("flow_gate_pair_hour",)

CELL = ["service_day", "hour_ts", "cordon_id", "entry_gate_id", "exit_gate_id", "visit_class", "vehicle_class"]


def gate_pair_hour(visits: DataFrame) -> DataFrame:
    """Count visits of which both ends were seen."""
    whole = visits.filter(F.col("dwell_s").isNotNull()).withColumn("hour_ts", hour_of(F.col("entry_ts")))
    return counts(whole, cell=CELL, measure="visits").withColumn("status", low_n(F.col("vehicles")))


def main(run: Run) -> None:
    run.write("flow_gate_pair_hour", gate_pair_hour(run.table("core_visit")))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
