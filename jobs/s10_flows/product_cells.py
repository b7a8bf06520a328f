"""The cells of the products gate_hour and gate_pair_day at the grain at which they are published.

Vehicles do not add up over hours or classes, and the core tables are gone when a month is released, so they are counted here.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.counting import counts
from kordon.run import Run

READS, WRITES = ("core_visit", "flow_gate_hour"), ("out_gate_hour_cell", "out_gate_pair_day_cell")

PAIR_CELL = ["service_day", "cordon_id", "entry_gate_id", "exit_gate_id", "kind"]


def gate_pair_day(visits: DataFrame) -> DataFrame:
    """Count visits with both ends per pair of gates, driving through or staying."""
    kind = F.when(F.col("visit_class") == "through", "through").otherwise("stay")
    return counts(visits.filter(F.col("dwell_s").isNotNull()).withColumn("kind", kind), cell=PAIR_CELL, measure="visits")


def main(run: Run) -> None:
    run.write("out_gate_hour_cell", run.table("flow_gate_hour"))
    run.write("out_gate_pair_day_cell", gate_pair_day(run.table("core_visit")))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
