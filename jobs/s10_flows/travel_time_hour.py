"""Travel times between consecutive sites by hour of departure, with their spread and how they compare with free flow."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.counting import low_n, spread, with_all_classes
from jobs.detected import day_part
from jobs.service_day import hour_of
from jobs.stops import is_stop
from kordon.run import Run

READS, WRITES = ("core_leg",), ("flow_travel_time_hour",)

PAIR = ["service_day", "from_site_id", "to_site_id"]
CELL = [*PAIR, "hour_ts", "vehicle_class"]

PEAKS = ("morning", "evening")
FREE_FLOW_SHARE = 0.15
"""Free flow is the 15th percentile of the off-peak legs (methods 1f): the fastest few are phases of green and clock errors."""
ENOUGH = 10
"""Legs below which a tenth of them, or a mean against free flow, is one vehicle's drive."""
ENOUGH_FOR_TAIL = 20
"""Legs below which no vehicle lies beyond the 95th percentile."""


def driven_legs(legs: DataFrame) -> DataFrame:
    """Legs between two sites that were driven without any stop, however short: a leg that is not cut may hold one of minutes (ADR 10)."""
    return legs.filter(~F.col("is_cut") & ~is_stop(min_stop_s=0) & (F.col("from_site_id") != F.col("to_site_id")))


def free_flow(driven: DataFrame, *, timezone: str) -> DataFrame:
    """The free-flow time of each pair on each day, of all classes: ``free_flow_s``, NULL below ENOUGH off-peak legs; small."""
    off_peak = F.when(~day_part(F.col("depart_ts"), timezone=timezone).isin(*PEAKS), F.col("gap_s"))
    fast = F.percentile(off_peak, FREE_FLOW_SHARE)
    return driven.groupBy(*PAIR).agg(F.when(F.count(off_peak) >= ENOUGH, fast).alias("free_flow_s"))


def travel_time_hour(legs: DataFrame, *, timezone: str) -> DataFrame:
    """Mean and percentiles of the time between two sites, exact.

    The travel time index is mean / free flow, the planning time index p95 / free flow, the buffer index (p95 - mean) / mean: the
    extra time to be on time 19 times in 20 (FHWA). Each is NULL where legs are too few for it, or free flow is not known.
    """
    driven = driven_legs(legs)

    def enough(value: Column, least: int) -> Column:
        return F.when(F.col("n") >= least, value)

    mean, tail, free = F.col("mean_s"), F.col("p95_s"), F.col("free_flow_s")
    quantiles = ["p10_s", "p25_s", "p50_s", "p75_s", "p90_s", "p95_s"]
    timed = with_all_classes(driven.withColumn("hour_ts", hour_of(F.col("depart_ts"))))
    cells = spread(timed, cell=CELL, measure="n", seconds="gap_s", percentiles=quantiles).join(
        F.broadcast(free_flow(driven, timezone=timezone)), PAIR, "left"
    )
    floors = {
        "tti": enough(F.when(free > 0, mean / free), ENOUGH),
        "pti": enough(F.when(free > 0, tail / free), ENOUGH_FOR_TAIL),
        "buffer_index": enough(F.when(mean > 0, (tail - mean) / mean), ENOUGH_FOR_TAIL),
        "p10_s": enough(F.col("p10_s"), ENOUGH),
        "p90_s": enough(F.col("p90_s"), ENOUGH),
        "p95_s": enough(tail, ENOUGH_FOR_TAIL),
        "status": low_n(F.col("vehicles")),
    }
    return cells.withColumns(floors)


def main(run: Run) -> None:
    run.write("flow_travel_time_hour", travel_time_hour(run.table("core_leg"), timezone=run.city.timezone))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
