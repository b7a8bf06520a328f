"""How many vehicles are inside a cordon, by the quarter of an hour: an opening stock, and what came in and went out since."""

from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.detected import day_part, detection_of
from jobs.expansion import DIGITS, weighted, with_q
from jobs.s10_flows.gate_hour import crossings
from jobs.service_day import day_start, hour_of
from jobs.visit_parts import ENDS, cordon_days_of, visit_parts
from kordon.run import Run
from kordon.spark import small_frame

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

READS = ("core_visit", "core_open_visit", "flow_site_hour", "core_detection")
WRITES = ("flow_stock_15min",)

CELL = ["service_day", "cordon_id"]
SLOT = "INTERVAL 15 MINUTES"
FLAGGED = 0.05
"""Above this share of a day's traffic the difference between in and out is more than q can explain on a closed cordon (methods 1e)."""
LEAKING = 0.15
"""Above this there must be a way in or out without a camera."""
MOST_DOWN = 0.02
"""Of the gates' day, weighed by traffic: what passed unseen is then less than what the balance may move."""


def slots(spark: "SparkSession", *, days: list[date], cordons: tuple[str, ...], timezone: str) -> DataFrame:
    """Every quarter of an hour of some service days and every cordon: ``service_day``, ``slot_ts`` (UTC), ``cordon_id``."""
    frame = small_frame(spark, [(day, cordon) for day in days for cordon in cordons], "service_day date, cordon_id string")
    end = day_start(F.date_add("service_day", 1), timezone=timezone) - F.expr(SLOT)
    starts = F.sequence(day_start(F.col("service_day"), timezone=timezone), end, F.expr(SLOT))
    return frame.select(*CELL, F.explode(starts).alias("slot_ts"))


def quarters(crossed: DataFrame, *, site_hours: DataFrame, detection: DataFrame, timezone: str) -> DataFrame:
    """What came in and went out in each quarter of an hour, expanded.

    Args:
        crossed: rows of :func:`jobs.s10_flows.gate_hour.crossings`.
        site_hours: rows of ``flow_site_hour``.
        detection: as :func:`jobs.detected.detection_of` gives it.

    Returns:
        ``service_day``, ``cordon_id``, ``slot_ts``, ``entered``, ``left``, and ``unknown``: crossings at sites without a known q.
    """
    quarter = F.timestamp_seconds(F.floor(F.unix_timestamp("ts") / 900) * 900)
    parts = (
        crossed.withColumn("slot_ts", quarter)
        .groupBy(*CELL, "slot_ts", "direction", "site_id", "vehicle_class")
        .agg(F.count("*").alias("n"))
        .withColumn("hour_ts", hour_of(F.col("slot_ts")))
        .withColumn("day_part", day_part(F.col("slot_ts"), timezone=timezone))
    )
    up = site_hours.groupBy("service_day", "hour_ts", "site_id").agg(F.max("up_share").alias("up_share"))
    known = with_q(parts.join(F.broadcast(up), ["service_day", "hour_ts", "site_id"]), detection)
    stands_for = F.col("n") * F.col("weight")

    def of(direction: str) -> Column:
        return F.coalesce(F.sum(F.when(F.col("direction") == direction, stands_for)), F.lit(0.0))

    return (
        weighted(known, ends=("",), up_share=F.col("up_share"))
        .groupBy(*CELL, "slot_ts")
        .agg(of("in").alias("entered"), of("out").alias("left"), F.count_if(F.col("q").isNull()).alias("unknown"))
    )


def opening(visits: DataFrame, inside: DataFrame, *, detection: DataFrame, timezone: str) -> DataFrame:
    """Who was inside at 04:00, from the vehicles themselves: those that leave without having entered that day, and with keys that last
    longer those that stay all day.

    An exit without an entry is also what a missed entry looks like: of the visits within the day, (1 - q_in) / (q_in q_out) for each that
    was seen whole. In the same way some of those who seem to stay all day have left unseen.

    Args:
        visits: rows of ``core_visit``.
        inside: rows of ``core_open_visit``, of who is inside at the day's end.

    Returns:
        ``service_day``, ``cordon_id``, ``vehicle_opening``.
    """

    def is_old(entry: Column) -> Column:
        return F.coalesce(entry < day_start(F.col("service_day"), timezone=timezone), F.lit(True))

    old = is_old(F.col("entry_ts"))
    left = visits.filter(F.col("exit_ts").isNotNull()).withColumn("is_old", old)
    parts = with_q(visit_parts(left, cell=["cordon_id", "is_old"], timezone=timezone), detection, ends=ENDS)
    into, out, n = F.col("entry_q"), F.col("exit_q"), F.col("n")
    leavers = F.sum(F.when(F.col("is_old"), n / out))
    missed_in = F.sum(F.when(~F.col("is_old"), n * (1 - into) / (into * out)))
    missed_out = F.sum(F.when(~F.col("is_old"), n * (1 - out) / (into * out)))

    def or_none(value: Column) -> Column:
        return F.coalesce(value, F.lit(0.0))

    leaving = parts.groupBy(*CELL).agg(
        (or_none(leavers) - or_none(missed_in)).alias("leaving"), or_none(missed_out).alias("missed_out")
    )
    staying = inside.filter(is_old(F.col("entry_ts"))).groupBy(*CELL).agg(F.count("*").alias("staying"))
    stay = F.greatest(or_none(F.col("staying")) - F.col("missed_out"), F.lit(0.0))
    return leaving.join(F.broadcast(staying), CELL, "left").select(
        *CELL, F.greatest(F.col("leaving") + stay, F.lit(0.0)).alias("vehicle_opening")
    )


def stock_15min(every: DataFrame, moves: DataFrame, openings: DataFrame, cordons: DataFrame) -> DataFrame:
    """Balance a day's ins and outs, and add them up from the opening stock.

    Both are scaled to their geometric mean, in sqrt(OUT / IN) and out sqrt(IN / OUT), because a difference of q of one percent is
    hundreds of vehicles by the evening (methods 1e). The opening stock is at least what keeps the curve from falling below 0.

    Args:
        every: rows of :func:`slots`.
        moves: rows of :func:`quarters`.
        openings: rows of :func:`opening`.
        cordons: as :func:`jobs.visit_parts.cordon_days` gives it.

    Returns:
        Rows of ``flow_stock_15min``. ``vehicles_inside`` is at the start of the quarter; ``residual`` is (IN - OUT) / mean of both.
    """
    day = Window.partitionBy(*CELL)
    before = day.orderBy("slot_ts").rowsBetween(Window.unboundedPreceding, -1)
    filled = (
        every.join(moves, [*CELL, "slot_ts"], "left")
        .fillna(0, ["entered", "left", "unknown"])
        .withColumn("all_in", F.sum("entered").over(day))
        .withColumn("all_out", F.sum("left").over(day))
        .withColumn("all_unknown", F.sum("unknown").over(day))
    )
    into, out = F.col("all_in"), F.col("all_out")
    both = (into > 0) & (out > 0)
    net = F.when(both, F.col("entered") * F.sqrt(out / into) - F.col("left") * F.sqrt(into / out))
    residual = F.when(into + out > 0, (into - out) / ((into + out) / 2))
    summed = (
        filled.withColumn("net", net)
        .withColumn("since", F.coalesce(F.sum("net").over(before), F.lit(0.0)))
        .withColumn("lowest", F.min("since").over(day))
        .join(F.broadcast(openings), CELL, "left")
        .join(F.broadcast(cordons), CELL, "left")
    )
    opening_stock = F.greatest(F.coalesce("vehicle_opening", F.lit(0.0)), -F.col("lowest"))
    reason = (
        F.when(F.coalesce("up", F.lit(0.0)) < 1 - MOST_DOWN, "camera_down")
        .when(F.col("all_unknown") > 0, "unidentified")
        .when(~both | (F.abs(residual) > LEAKING), "leaks")
        .when(F.abs(residual) > FLAGGED, "residual")
    )
    is_known = F.coalesce(F.col("reason") == "residual", F.lit(True))
    is_measured = F.coalesce(~F.col("reason").isin("camera_down", "unidentified"), F.lit(True))
    return summed.withColumn("reason", reason).select(
        *CELL,
        "slot_ts",
        F.when(is_known, F.round(opening_stock + F.col("since"), DIGITS)).alias("vehicles_inside"),
        F.when(is_known, F.round(opening_stock, DIGITS)).alias("opening_stock"),
        F.when(is_measured, F.round(residual, DIGITS)).alias("residual"),
        "reason",
    )


def main(run: Run) -> None:
    city, timezone = run.city, run.city.timezone
    visits, inside = run.table("core_visit"), run.table("core_open_visit")
    site_hours, detection = run.table("flow_site_hour"), detection_of(run)
    moves = quarters(
        crossings(visits, inside, timezone=timezone), site_hours=site_hours, detection=detection, timezone=timezone
    )
    every = slots(run.spark, days=run.days, cordons=city.cordons, timezone=timezone)
    openings = opening(visits, inside, detection=detection, timezone=timezone)
    run.write("flow_stock_15min", stock_15min(every, moves, openings, cordon_days_of(run)))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
