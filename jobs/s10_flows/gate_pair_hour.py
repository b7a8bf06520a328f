"""Visits per gate of entry, gate of exit, class of the stay, hour of the entry and vehicle class."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.counting import counts, or_low_n, site_hours_of
from jobs.detected import detection_of
from jobs.expansion import expanded, with_q
from jobs.service_day import hour_of
from jobs.visit_parts import ENDS, at_three_thresholds, visit_parts
from kordon.run import Run

READS, WRITES = ("core_visit", "core_camera_hour", "core_detection"), ("flow_gate_pair_hour",)

CELL = ["service_day", "hour_ts", "cordon_id", "entry_gate_id", "exit_gate_id", "visit_class", "vehicle_class"]


def with_up_share(parts: DataFrame, site_hours: DataFrame) -> DataFrame:
    """Add ``up_share``, how much of the hours of its two ends their cameras were up; an hour of another day counts as up."""
    for end, hour in (("entry_", "hour_ts"), ("exit_", "exit_hour_ts")):
        up = site_hours.select(
            F.col("site_id").alias(f"{end}site_id"), F.col("hour_ts").alias(hour), F.col("up_share").alias(f"{end}up")
        )
        parts = parts.join(F.broadcast(up), [f"{end}site_id", hour], "left")
    shares = [F.coalesce(f"{end}up", F.lit(1.0)) for end in ENDS]
    return parts.withColumn("up_share", shares[0] * shares[1])


def gate_pair_hour(visits: DataFrame, *, site_hours: DataFrame, detection: DataFrame, timezone: str) -> DataFrame:
    """Count visits of which both ends were seen, and expand them.

    Args:
        visits: rows of ``core_visit``.
        site_hours: as :func:`jobs.counting.site_hours` gives them.
        detection: as :func:`jobs.detected.detection_of` gives it.
    """
    whole = visits.filter(F.col("dwell_s").isNotNull()).withColumn("hour_ts", hour_of(F.col("entry_ts")))
    found = counts(whole, cell=CELL, measure="visits")
    by_exit = whole.withColumn("exit_hour_ts", hour_of(F.col("exit_ts")))
    parts = at_three_thresholds(
        visit_parts(by_exit, cell=[*CELL, "exit_hour_ts"], timezone=timezone), kind="visit_class", stay="short_visit"
    )
    known = with_up_share(with_q(parts, detection, ends=ENDS), site_hours)
    grown = expanded(known, cell=CELL, ends=ENDS, thresholds=True, also={"least_up": F.min("up_share")})
    named = grown.withColumnsRenamed({"expanded": "visits_expanded", "expanded_se": "visits_se"})
    status = or_low_n(F.when(F.col("least_up") < 1, "partial").otherwise("ok"), F.col("vehicles"))
    return found.join(named, CELL, "left").withColumn("status", status).drop("least_up")


def main(run: Run) -> None:
    run.write(
        "flow_gate_pair_hour",
        gate_pair_hour(
            run.table("core_visit"),
            site_hours=site_hours_of(run),
            detection=detection_of(run),
            timezone=run.city.timezone,
        ),
    )


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
