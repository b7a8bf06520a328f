"""Visits counted by their two ends, so that they can be expanded without looking at a vehicle again."""

from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.detected import day_part, detection_of
from jobs.expansion import LEAST_UP, PROFILE_ERROR, squared
from jobs.stops import SENSITIVITY_S
from kordon.run import Run
from kordon.spark import small_frame

ENDS = ("entry_", "exit_")


def is_through(*, longer_s: int) -> Column:
    """Whether a visit would drive through if the limit of a stop were so many seconds longer."""
    in_one_trip = F.col("one_trip_if_longer_s") <= longer_s
    return F.coalesce((F.col("entry_gate_id") != F.col("exit_gate_id")) & in_one_trip, F.lit(False))


def visit_parts(visits: DataFrame, *, cell: list[str], timezone: str) -> DataFrame:
    """Count visits by cell, vehicle class and the site and part of the day of both ends.

    Returns:
        ``service_day``, ``vehicle_class``, the cell's columns, ``<end>site_id``, ``<end>day_part`` (NULL without that end), ``n``,
        ``n_through``, and ``n_short`` and ``n_long``, those that drive through with a shorter and a longer limit.
    """
    parts = [day_part(F.col(f"{end}ts"), timezone=timezone).alias(f"{end}day_part") for end in ENDS]
    keys = list(dict.fromkeys(["service_day", "vehicle_class", *cell]))
    return visits.groupBy(*keys, "entry_site_id", "exit_site_id", *parts).agg(
        F.count("*").alias("n"),
        F.count_if(F.col("visit_class") == "through").alias("n_through"),
        F.count_if(is_through(longer_s=-SENSITIVITY_S)).alias("n_short"),
        F.count_if(is_through(longer_s=SENSITIVITY_S)).alias("n_long"),
    )


def at_three_thresholds(parts: DataFrame, *, kind: str, stay: str) -> DataFrame:
    """Let what another limit would move between driving through and staying count for both cells' ranges.

    Args:
        parts: rows of :func:`visit_parts` whose cell has the column ``kind``, with the value ``through`` among others.
        stay: the kind of what a shorter limit would not let through.
    """
    own = F.struct(kind, "n", "n_short", "n_long")
    other = F.when(F.col(kind) == "through", stay).otherwise("through")
    moved = F.struct(other.alias(kind), F.lit(0).cast("long").alias("n"), "n_short", "n_long")
    both = F.when(F.col("n_long") > F.col("n_short"), F.array(own, moved)).otherwise(F.array(own))
    rest = [c for c in parts.columns if c not in (kind, "n", "n_through", "n_short", "n_long")]
    return parts.select(*rest, F.explode(both).alias("part")).select(*rest, "part.*")


def up_days(site_hours: DataFrame) -> DataFrame:
    """The share of each site's day that its cameras were up, the hours weighted by what all sites saw in them.

    Args:
        site_hours: rows of ``flow_site_hour``.

    Returns:
        ``service_day``, ``site_id``, ``up``; small.
    """
    hours = site_hours.groupBy("service_day", "hour_ts", "site_id").agg(
        F.coalesce(F.sum("passages"), F.lit(0)).alias("passages"), F.max("up_share").alias("up_share")
    )
    profile = hours.groupBy("service_day", "hour_ts").agg((F.sum("passages") + 1).alias("traffic"))
    weighed = hours.join(F.broadcast(profile), ["service_day", "hour_ts"])
    share = F.sum(F.col("up_share") * F.col("traffic")) / F.sum("traffic")
    return weighed.groupBy("service_day", "site_id").agg(share.alias("up"))


def day_detection(detection: DataFrame, *, up: DataFrame) -> DataFrame:
    """The chance that a passage at any time of the day was matched: q, and a camera that was up.

    Args:
        detection: as :func:`jobs.detected.detection_of` gives it.
        up: rows of :func:`up_days`.

    Returns:
        ``detection`` with q and q_se times ``up``, NULL where the site was up for less than half of the day. What is added for the rest has
        an error of its own.
    """
    known, q, up_share = F.col("up") >= LEAST_UP, F.col("q"), F.col("up")
    se = F.sqrt(squared(F.col("q_se")) + squared(PROFILE_ERROR * q * (1 - up_share)))
    joined = detection.join(F.broadcast(up), ["service_day", "site_id"])
    return joined.select(
        "service_day",
        "site_id",
        "vehicle_class",
        "day_part",
        F.when(known, q * up_share).alias("q"),
        F.when(known, se * up_share).alias("q_se"),
    )


def cordon_days(up: DataFrame, *, gates: Collection[tuple[str, str]]) -> DataFrame:
    """How much of the day the sites of each cordon were up: on average, and the one that was up least.

    Args:
        up: rows of :func:`up_days`.
        gates: site id and cordon id of every gate.

    Returns:
        ``service_day``, ``cordon_id``, ``up``, ``least_up``; small.
    """
    sites = small_frame(up.sparkSession, sorted(set(gates)), "site_id string, cordon_id string")
    per_cordon = up.join(F.broadcast(sites), "site_id").groupBy("service_day", "cordon_id")
    return per_cordon.agg(F.avg("up").alias("up"), F.min("up").alias("least_up"))


def detection_of_day(run: Run) -> DataFrame:
    """:func:`day_detection` of a run; its job reads ``flow_site_hour`` and ``core_detection``."""
    return run.once("detection_of_day", lambda: day_detection(detection_of(run), up=_up_days_of(run)))


def cordon_days_of(run: Run) -> DataFrame:
    """:func:`cordon_days` of a run; its job reads ``flow_site_hour``."""
    gates = [(gate.site_id, gate.cordon_id) for gate in run.city.gates]
    return run.once("cordon_days", lambda: cordon_days(_up_days_of(run), gates=gates))


def _up_days_of(run: Run) -> DataFrame:
    return run.once("up_days", lambda: up_days(run.table("flow_site_hour")))
