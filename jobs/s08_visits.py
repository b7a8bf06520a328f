"""Visits: stays inside a cordon, from entry to exit, by a state machine over the events at its gates."""

from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from jobs.service_day import day_start, service_day
from jobs.stops import SENSITIVITY_S, is_stop
from kordon.accounts import all_accounts, counted, summed
from kordon.run import Run
from kordon.spark import small_frame

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from kordon.city import City

READS, WRITES = ("core_passage", "core_leg", "core_open_visit"), ("core_visit", "core_open_visit")
LOOK_BACK = {"core_open_visit": 1}

LIMITS_S = {"trip_short": -SENSITIVITY_S, "trip": 0, "trip_long": SENSITIVITY_S}
"""A vehicle's trip of the day by number, when the limit of a stop is so much longer; the longer, the fewer trips."""


def with_trips(passages: DataFrame, legs: DataFrame, *, min_stop_s: int) -> DataFrame:
    """Add to passages the number of the trip that each is part of, once a limit of :data:`LIMITS_S`.

    Args:
        passages: rows of ``core_passage``.
        legs: rows of ``core_leg``.
        min_stop_s: the city's definition of a stop, in seconds.
    """
    in_order = Window.partitionBy("vid", "service_day").orderBy("arrive_ts", "to_passage_id")
    # What is cut for another reason than a stop is cut whatever the limit.
    for_good = F.col("is_cut") & (F.col("cut_reason") != "stop")
    cuts = {name: for_good | is_stop(min_stop_s=min_stop_s, longer_s=longer_s) for name, longer_s in LIMITS_S.items()}
    numbered = legs.select(
        "service_day",
        "vid",
        F.col("to_passage_id").alias("passage_id"),
        *(F.sum(cut.cast("int")).over(in_order).alias(name) for name, cut in cuts.items()),
    )
    # Both sides lie together by vehicle; hashing one side spares the sort that a merge would ask of both.
    joined = passages.join(numbered.hint("shuffle_hash"), ["service_day", "vid", "passage_id"], "left")
    return joined.fillna(0, subset=list(LIMITS_S))


def by_vehicle() -> WindowSpec:
    """The events of a vehicle at a cordon in order, over all days of a block."""
    return Window.partitionBy("vid", "cordon_id").orderBy("ts", "passage_id")


def gate_events(passages: DataFrame, *, gates: DataFrame) -> DataFrame:
    """Passages at gates: one row per passage and cordon.

    Args:
        passages: rows of :func:`with_trips`.
        gates: ``site_id``, ``cordon_id``, ``gate_id``, ``gate_direction`` (``in``, ``out``, ``both``); small.

    Returns:
        ``known`` is the direction that the gate or the read tells, NULL where neither does.
    """
    told = F.when(F.col("gate_direction") != "both", F.col("gate_direction")).otherwise(F.col("direction"))
    return passages.join(F.broadcast(gates), "site_id").select(
        "service_day",
        "vid",
        "cordon_id",
        "gate_id",
        "site_id",
        "vehicle_class",
        "country",
        "passage_id",
        *LIMITS_S,
        F.col("first_ts").alias("ts"),
        told.alias("known"),
    )


def directed(events: DataFrame, *, max_stay_s: int) -> DataFrame:
    """Give every event a direction: the known one, else the events of a vehicle at a cordon alternate, the first inwards.

    A vehicle that was not seen for longer than ``max_stay_s`` counts as outside again.
    """
    silence = F.col("ts").cast("double") - F.lag(F.col("ts").cast("double")).over(by_vehicle())
    starts = F.col("known").isNotNull() | silence.isNull() | (silence > max_stay_s)
    # Of the last event that starts anew, in the one order that all of this has.
    numbered = events.withColumn("starts", starts).withColumn("number", F.row_number().over(by_vehicle()))
    start = F.when(F.col("starts"), F.struct("number", F.coalesce("known", F.lit("in")).alias("way")))
    since = numbered.withColumn("since", F.last(start, ignorenulls=True).over(by_vehicle()))
    way = F.col("since.way")
    other = F.when(way == "in", "out").otherwise("in")
    is_same = (F.col("number") - F.col("since.number")) % 2 == 0
    return since.withColumn("event", F.when(is_same, way).otherwise(other)).drop("known", "starts", "number", "since")


def stays(events: DataFrame, *, periods: DataFrame, max_stay_s: int, timezone: str) -> DataFrame:
    """Pair entries with exits.

    An entry ends with the next event of the vehicle at the cordon: an exit makes a whole stay; another entry means that the exit
    was missed. Without a next event it ends when the key period or the longest stay does. An exit with no open entry before it
    has missed its entry.

    Args:
        events: rows of :func:`directed`.
        periods: ``service_day`` -> ``period_end``, the UTC instant at which the day's key stops linking; small.
        max_stay_s: a longer stay is not believed, in seconds.

    Returns:
        One row per stay with ``end_ts``, the moment from which it is known, and ``service_day``, that moment's day.
    """
    seconds = F.col("ts").cast("double")
    following = {c: F.lead(c).over(by_vehicle()) for c in ("event", "ts", "gate_id", "site_id", "service_day", *LIMITS_S)}
    before = F.lag("event").over(by_vehicle())
    silence = seconds - F.lag(seconds).over(by_vehicle())
    paired = events.select(
        "*",
        *(column.alias(f"next_{name}") for name, column in following.items()),
        ((before == "in") & (silence <= max_stay_s)).alias("is_consumed"),
    ).filter((F.col("event") == "in") | ~F.coalesce("is_consumed", F.lit(False)))
    in_time = F.col("next_ts").cast("double") - seconds <= max_stay_s
    leaves = (F.col("event") == "in") & (F.col("next_event") == "out") & in_time
    expires = F.col("ts") + F.make_dt_interval(secs=F.lit(max_stay_s))
    bounded = paired.join(F.broadcast(periods), "service_day").withColumn("has_exit", F.coalesce(leaves, F.lit(False)))
    # The period ends at the first instant of the next; what ends with it belongs to its last day.
    ends = F.when(F.col("event") == "out", F.col("ts")).otherwise(
        F.least("next_ts", expires, F.col("period_end") - F.expr("INTERVAL 1 MICROSECOND"))
    )
    entered, left = F.col("event") == "in", (F.col("event") == "out") | F.col("has_exit")
    exit_is_own = F.col("event") == "out"
    same_day = F.col("has_exit") & (F.col("next_service_day") == F.col("service_day"))
    in_one_trip = (F.when(same_day & (F.col(name) == F.col(f"next_{name}")), F.lit(s)) for name, s in LIMITS_S.items())
    return bounded.withColumn("end_ts", ends).select(
        service_day(F.col("end_ts"), timezone=timezone).alias("service_day"),
        "passage_id",
        "vid",
        "cordon_id",
        "vehicle_class",
        "country",
        "site_id",
        F.when(entered, F.col("gate_id")).alias("entry_gate_id"),
        F.when(entered, F.col("ts")).alias("entry_ts"),
        F.when(left, F.when(exit_is_own, F.col("gate_id")).otherwise(F.col("next_gate_id"))).alias("exit_gate_id"),
        F.when(left, F.when(exit_is_own, F.col("ts")).otherwise(F.col("next_ts"))).alias("exit_ts"),
        F.when(entered, F.col("site_id")).alias("entry_site_id"),
        F.when(left, F.when(exit_is_own, F.col("site_id")).otherwise(F.col("next_site_id"))).alias("exit_site_id"),
        F.coalesce(*in_one_trip).alias("one_trip_if_longer_s"),
        "end_ts",
    )


def classified(
    known: DataFrame,
    *,
    uturn_s: int,
    short_visit_s: int,
    long_visit_s: int,
    timezone: str,
) -> DataFrame:
    """Class each stay by its gates and its duration; who is in and out on one trip has driven through (ADR 9).

    Args:
        known: rows of :func:`visits`.
        uturn_s, short_visit_s, long_visit_s: the longest of each class, in seconds.
    """
    spans = service_day(F.col("entry_ts"), timezone=timezone) < service_day(F.col("exit_ts"), timezone=timezone)
    same_gate = F.col("entry_gate_id") == F.col("exit_gate_id")
    kind = (
        F.when(F.col("entry_ts").isNull(), "no_entry")
        .when(F.col("exit_ts").isNull(), "no_exit")
        .when(same_gate & (F.col("dwell_s") <= uturn_s), "uturn")
        .when(~same_gate & (F.col("one_trip_if_longer_s") <= 0), "through")
        .when(spans, "overnight")
        .when(F.col("dwell_s") <= short_visit_s, "short_visit")
        .when(F.col("dwell_s") <= long_visit_s, "visit")
        .otherwise("long")
    )
    return known.select(
        "service_day",
        F.col("passage_id").alias("visit_id"),
        "vid",
        "cordon_id",
        "vehicle_class",
        "country",
        "entry_gate_id",
        "entry_site_id",
        "entry_ts",
        "exit_gate_id",
        "exit_site_id",
        "exit_ts",
        "dwell_s",
        kind.alias("visit_class"),
        "one_trip_if_longer_s",
    )


def still_inside(all_stays: DataFrame, *, first_day: date, last_day: date, timezone: str) -> DataFrame:
    """Who is inside at the end of each day of a block: one row per stay and 04:00 that it spans.

    Returns:
        Rows of ``core_open_visit`` for the days from ``first_day`` to ``last_day``.
    """
    entered = F.greatest(service_day(F.col("entry_ts"), timezone=timezone), F.lit(first_day))
    until = F.least(F.date_sub("service_day", 1), F.lit(last_day))
    spanning = all_stays.filter(F.col("entry_ts").isNotNull() & (entered <= until))
    nights = F.explode(F.sequence(entered, until, F.expr("INTERVAL 1 DAY")))
    return spanning.select(
        nights.alias("service_day"),
        "vid",
        "cordon_id",
        "vehicle_class",
        "country",
        F.col("passage_id").alias("entry_passage_id"),
        F.col("site_id").alias("entry_site_id"),
        "entry_gate_id",
        "entry_ts",
    )


def carried(inside: DataFrame) -> DataFrame:
    """Who was inside at the end of the day before, as entry events of a known direction."""
    return inside.select(
        "service_day",
        "vid",
        "cordon_id",
        F.col("entry_gate_id").alias("gate_id"),
        F.col("entry_site_id").alias("site_id"),
        "vehicle_class",
        "country",
        F.col("entry_passage_id").alias("passage_id"),
        F.col("entry_ts").alias("ts"),
        *(F.lit(None).cast("bigint").alias(name) for name in LIMITS_S),
        F.lit("in").alias("known"),
    )


def gate_table(spark: "SparkSession", city: "City") -> DataFrame:
    """The city's gates, one row per gate, site and direction."""
    rows = [(gate.site_id, gate.cordon_id, gate.gate_id, gate.direction) for gate in city.gates]
    return small_frame(spark, rows, "site_id string, cordon_id string, gate_id string, gate_direction string")


def period_ends(spark: "SparkSession", city: "City", days: list[date]) -> DataFrame:
    """The instant at which the key of each day stops linking."""
    rows = [(day, city.key_period(day)[2]) for day in days]
    frame = small_frame(spark, rows, "service_day date, last_day date")
    return frame.select("service_day", day_start(F.date_add("last_day", 1), timezone=city.timezone).alias("period_end"))


def visits(all_stays: DataFrame, *, last_day: date) -> DataFrame:
    """The stays that are known by the end of a day, with ``dwell_s`` where both ends were seen."""
    dwell = (F.unix_timestamp("exit_ts") - F.unix_timestamp("entry_ts")).cast("int")
    return all_stays.filter(F.col("service_day") <= F.lit(last_day)).withColumn("dwell_s", dwell)


def events_of(visits: DataFrame) -> DataFrame:
    """How many gate events each visit used up: ``service_day``, ``events``."""
    used = F.col("entry_ts").isNotNull().cast("int") + F.col("exit_ts").isNotNull().cast("int")
    return visits.select("service_day", used.alias("events"))


def main(run: Run) -> None:
    city, methods = run.city, run.city.methods
    first_day, last_day = min(run.days), max(run.days)
    max_stay_s = methods.max_stay_days * 86_400
    passages = with_trips(run.table("core_passage"), run.table("core_leg"), min_stop_s=methods.min_stop_s)
    events = gate_events(passages, gates=gate_table(run.spark, city))
    accounts = [counted(events, reason="in")]
    if city.key_period(first_day)[1] < first_day:
        inside = run.look_back("core_open_visit", days=LOOK_BACK["core_open_visit"])
        before = carried(inside).withColumn("service_day", F.lit(first_day))
        accounts.append(counted(before, reason="in"))
        events = events.unionByName(before)
    all_stays = run.once(
        "stays",
        lambda: stays(
            directed(events, max_stay_s=max_stay_s),
            periods=period_ends(run.spark, city, run.days),
            max_stay_s=max_stay_s,
            timezone=city.timezone,
        ),
    )
    run.write(
        "core_visit",
        classified(
            visits(all_stays, last_day=last_day),
            uturn_s=methods.uturn_s,
            short_visit_s=methods.short_visit_s,
            long_visit_s=methods.long_visit_s,
            timezone=city.timezone,
        ),
    )
    run.write(
        "core_open_visit",
        still_inside(all_stays, first_day=first_day, last_day=last_day, timezone=city.timezone),
    )
    still = counted(run.table("core_open_visit"), reason="still_inside")
    carried_on = still.filter(F.col("service_day") < F.lit(last_day)).select(
        F.date_add("service_day", 1).alias("service_day"), F.lit("in").alias("reason"), "rows"
    )
    out = summed(events_of(run.table("core_visit")), "events", reason="out")
    run.account(all_accounts(*accounts, carried_on, out, still))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
