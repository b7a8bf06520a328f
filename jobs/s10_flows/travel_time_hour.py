"""Travel times between consecutive sites by hour of departure, with their spread."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.counting import low_n, percentiles, with_all_classes
from jobs.service_day import hour_of
from kordon.run import Run

READS, WRITES = ("core_leg",), ("flow_travel_time_hour",)

CELL = ["service_day", "hour_ts", "from_site_id", "to_site_id", "vehicle_class"]


def travel_time_hour(legs: DataFrame) -> DataFrame:
    """Mean and percentiles of the time between two sites, over legs that are not cut, and never trimmed again.

    The buffer index is (p95 - mean) / mean: the extra time to be on time 19 times in 20 (FHWA); NULL where the mean is 0.
    """
    driven = legs.filter(~F.col("is_cut") & (F.col("from_site_id") != F.col("to_site_id")))
    buffer = F.when(F.col("mean_s") > 0, (F.col("p95_s") - F.col("mean_s")) / F.col("mean_s"))
    return (
        with_all_classes(driven.withColumn("hour_ts", hour_of(F.col("depart_ts"))))
        .groupBy(*CELL)
        .agg(
            F.count("*").alias("n"),
            F.countDistinct("vid").alias("vehicles"),
            F.avg("gap_s").alias("mean_s"),
            *percentiles("gap_s", "p10_s", "p25_s", "p50_s", "p75_s", "p90_s", "p95_s"),
        )
        .withColumn("buffer_index", buffer)
        .withColumn("status", low_n(F.col("vehicles")))
    )


def main(run: Run) -> None:
    run.write("flow_travel_time_hour", travel_time_hour(run.table("core_leg")))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
