"""Dwell times inside a cordon: visits per bin, and percentiles."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.counting import counts, low_n, percentiles, with_all_classes
from kordon.run import Run

READS, WRITES = ("core_visit",), ("flow_dwell_day", "flow_dwell_summary_day")

CELL = ["service_day", "cordon_id", "vehicle_class"]


def dwell_day(visits: DataFrame, *, bins_s: Sequence[int]) -> DataFrame:
    """Count visits with both ends by dwell time.

    Args:
        visits: rows of ``core_visit``.
        bins_s: ascending lower bounds of the bins, in seconds; the first is 0.
    """
    bounds = F.array(*[F.lit(bound) for bound in bins_s])
    below = F.filter(bounds, lambda bound: bound <= F.col("dwell_s"))
    binned = visits.filter(F.col("dwell_s").isNotNull()).withColumn("dwell_bin_s", F.array_max(below))
    found = counts(binned, cell=[*CELL, "dwell_bin_s"], measure="visits")
    return found.withColumn("status", low_n(F.col("vehicles")))


def dwell_summary_day(visits: DataFrame) -> DataFrame:
    """Mean and percentiles of the dwell time of visits with both ends, by class and all together."""
    return (
        with_all_classes(visits.filter(F.col("dwell_s").isNotNull()))
        .groupBy(*CELL)
        .agg(
            F.count("*").alias("visits"),
            F.countDistinct("vid").alias("vehicles"),
            F.avg("dwell_s").alias("mean_s"),
            *percentiles("dwell_s", "p25_s", "p50_s", "p75_s", "p90_s"),
        )
    )


def main(run: Run) -> None:
    visits = run.table("core_visit")
    run.write("flow_dwell_day", dwell_day(visits, bins_s=run.city.methods.dwell_bins_s))
    run.write("flow_dwell_summary_day", dwell_summary_day(visits))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
