"""Dwell times inside a cordon: visits per bin, and percentiles; and the bins as product cells."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import bounding
from jobs.counting import or_low_n, spread, with_all_classes
from jobs.expansion import LEAST_UP, expanded_over_sites, with_q
from jobs.visit_parts import ENDS, cordon_days_of, detection_of_day, visit_parts
from kordon.run import Run

READS = ("core_visit", "flow_site_hour", "core_detection")
WRITES = ("flow_dwell_day", "flow_dwell_summary_day", "out_dwell_day_cell")

CELL = ["service_day", "cordon_id", "vehicle_class"]


def binned(visits: DataFrame, *, bins_s: Sequence[int]) -> DataFrame:
    """Visits with both ends and ``dwell_bin_s``, the largest of ascending lower bounds in seconds that their dwell time reaches."""
    bounds = F.array(*[F.lit(bound) for bound in bins_s])
    below = F.filter(bounds, lambda bound: bound <= F.col("dwell_s"))
    return visits.filter(F.col("dwell_s").isNotNull()).withColumn("dwell_bin_s", F.array_max(below))


def dwell_day(visits: DataFrame, *, cell: list[str], detection: DataFrame, cordons: DataFrame, timezone: str) -> DataFrame:
    """Count visits by dwell time, and expand them: one with both ends stands for 1 / (q_in q_out).

    Args:
        visits: rows of :func:`binned` with ``is_kept``.
        cell: the columns of a cell, of a cordon's day.
        detection, cordons: as :func:`jobs.visit_parts.day_detection` and :func:`jobs.visit_parts.cordon_days` give them.
    """
    parts = with_q(visit_parts(visits, cell=cell, timezone=timezone), detection, ends=ENDS)
    grown = expanded_over_sites(parts, cell=cell)
    found = bounding.cells(visits, cell=cell, measure="visits").join(grown, cell, "left")
    found = found.join(F.broadcast(cordons), ["service_day", "cordon_id"], "left")
    least_up = F.coalesce("least_up", F.lit(0.0))
    known = least_up >= LEAST_UP
    return found.select(
        *cell,
        "visits",
        "vehicles",
        *bounding.COLUMNS,
        F.when(known, F.col("expanded")).alias("visits_expanded"),
        F.when(known, F.col("expanded_se")).alias("visits_se"),
        F.when(known, F.col("capped")).alias("capped"),
        F.when(least_up < 1, "partial").otherwise("ok").alias("status"),
    )


def dwell_summary_day(visits: DataFrame) -> DataFrame:
    """Mean and percentiles of the dwell time of visits with both ends, by class and all together.

    Not weighted: that a visit has both ends read hardly depends on how long it lasted (``docs/methods/numbers.md`` has the figure).
    """
    rows = with_all_classes(visits.filter(F.col("dwell_s").isNotNull()))
    return spread(rows, cell=CELL, measure="visits", seconds="dwell_s", percentiles=["p25_s", "p50_s", "p75_s", "p90_s"])


def main(run: Run) -> None:
    visits, timezone = run.table("core_visit"), run.city.timezone
    in_bins = bounding.kept_visits(binned(visits, bins_s=run.city.methods.dwell_bins_s))
    detection, cordons = detection_of_day(run), cordon_days_of(run)
    by_class = [*CELL, "dwell_bin_s"]
    together = [c for c in by_class if c != "vehicle_class"]
    found = dwell_day(in_bins, cell=by_class, detection=detection, cordons=cordons, timezone=timezone)
    flow = found.withColumn("status", or_low_n(F.col("status"), F.col("vehicles")))
    run.write("flow_dwell_day", flow.drop(*bounding.COLUMNS))
    run.write("flow_dwell_summary_day", dwell_summary_day(visits))
    cells = dwell_day(in_bins, cell=together, detection=detection, cordons=cordons, timezone=timezone)
    run.write("out_dwell_day_cell", cells.withColumnsRenamed({"visits_expanded": "expanded", "visits_se": "expanded_se"}))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
