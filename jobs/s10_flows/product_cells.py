"""The cells of the products that one flow or the visits alone make, at the grain at which they are published.

Vehicles do not add up over hours or classes, and the core tables are gone when a month is released, so they are counted here.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import bounding
from jobs.counting import ALL
from jobs.expansion import expanded, with_q
from jobs.visit_parts import ENDS, at_three_thresholds, detection_of_day, visit_parts
from kordon.run import Run
from kordon.tables import TABLES

READS = ("core_visit", "core_detection", "flow_site_hour", "flow_travel_time_hour")
WRITES = ("out_gate_pair_day_cell", "out_travel_time_hour_cell")

PAIR_CELL = ["service_day", "cordon_id", "entry_gate_id", "exit_gate_id", "kind"]


def gate_pair_day(visits: DataFrame, *, detection: DataFrame, timezone: str) -> DataFrame:
    """Count visits with both ends per pair of gates, driving through or staying, and expand them.

    Args:
        visits: rows of ``core_visit``.
        detection: as :func:`jobs.visit_parts.day_detection` gives it.
    """
    kind = F.when(F.col("visit_class") == "through", "through").otherwise("stay")
    whole = visits.filter(F.col("dwell_s").isNotNull()).withColumn("kind", kind)
    parts = at_three_thresholds(visit_parts(whole, cell=PAIR_CELL, timezone=timezone), kind="kind", stay="stay")
    grown = expanded(with_q(parts, detection, ends=ENDS), cell=PAIR_CELL, ends=ENDS, thresholds=True)
    found = bounding.cells(bounding.kept_visits(whole), cell=PAIR_CELL, measure="visits")
    return found.join(grown, PAIR_CELL, "left")


def main(run: Run) -> None:
    pairs = gate_pair_day(run.table("core_visit"), detection=detection_of_day(run), timezone=run.city.timezone)
    run.write("out_gate_pair_day_cell", pairs)
    times = run.table("flow_travel_time_hour").filter(F.col("vehicle_class") == ALL)
    run.write("out_travel_time_hour_cell", times.select(*TABLES["out_travel_time_hour_cell"].column_names))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
