import datetime as dt

import pytest
from pyspark.sql import functions as F

from jobs.s08_visits import LIMITS_S, classified, directed, gate_events, stays, still_inside, visits, with_trips
from tests.spec.table import frame

DAY_S = 86_400
BRUSSELS = "Europe/Brussels"


def _stays(spark, events: str, *, period_end: str = "2026-03-11 03:00:00", max_stay_s: int = DAY_S):
    rows = frame(spark, events)
    periods = frame(spark, f"service_day | period_end_ts\n 2026-03-10 | {period_end}").select(
        F.col("service_day").cast("date"), F.col("period_end_ts").alias("period_end")
    )
    for column in ("vehicle_class", "country"):
        rows = rows.withColumn(column, F.lit("car"))
    for column in LIMITS_S:
        rows = rows.withColumn(column, F.col(column) if column in rows.columns else F.lit(0))
    return stays(rows, periods=periods, max_stay_s=max_stay_s, timezone=BRUSSELS)


def test_a_gate_or_else_the_read_tells_the_direction(spark, spec):
    gates = frame(
        spark,
        """site_id | cordon_id | gate_id | gate_direction
           S1      | ring      | G1      | in
           S1      | centre    | H1      | out
           S2      | ring      | G2      | both""",
    )
    spec(
        gate_events,
        gates=gates,
        constants={"vehicle_class": "car", "country": "BE", **dict.fromkeys(LIMITS_S, 0)},
        given="""
            vid | passage_id | site_id | first_ts | direction
            A   | p1         | S1      | 08:00:00 | -
            A   | p2         | S2      | 08:10:00 | out
            A   | p3         | S2      | 08:20:00 | -
            A   | p4         | S9      | 08:30:00 | in
        """,
        then="""
            passage_id | cordon_id | gate_id | known
            p1         | ring      | G1      | in
            p1         | centre    | H1      | out
            p2         | ring      | G2      | out
            p3         | ring      | G2      | -
        """,
    )


def test_events_without_a_direction_alternate_and_the_first_goes_in(spec):
    spec(
        directed,
        max_stay_s=DAY_S,
        given="""
            vid | cordon_id | passage_id | ts                  | known
            A   | ring      | p1         | 08:00:00            | -
            A   | ring      | p2         | 09:00:00            | -
            A   | ring      | p3         | 10:00:00            | -
            B   | ring      | p4         | 08:00:00            | in
            B   | ring      | p5         | 09:00:00            | -
            B   | ring      | p6         | 10:00:00            | out
            B   | ring      | p7         | 11:00:00            | -
            C   | ring      | p8         | 08:00:00            | -
            C   | ring      | p9         | 2026-03-12 08:00:00 | -
        """,
        then="""
            passage_id | event
            p1         | in
            p2         | out
            p3         | in
            p4         | in
            p5         | out
            p6         | out
            p7         | in
            p8         | in
            p9         | in
        """,
    )


def test_an_entry_ends_with_the_next_event(spark):
    found = _stays(
        spark,
        """
        vid | cordon_id | passage_id | gate_id | site_id | ts       | event
        A   | ring      | p1         | G1      | S1      | 08:00:00 | in
        A   | ring      | p2         | G2      | S2      | 09:00:00 | out
        B   | ring      | p3         | G1      | S1      | 08:00:00 | in
        B   | ring      | p4         | G2      | S2      | 09:00:00 | in
        C   | ring      | p5         | G1      | S1      | 08:00:00 | out
        """,
    )
    rows = {(r.passage_id, r.entry_gate_id, r.exit_gate_id) for r in found.collect()}
    assert rows == {("p1", "G1", "G2"), ("p3", "G1", None), ("p4", "G2", None), ("p5", None, "G1")}
    sites = {(r.passage_id, r.entry_site_id, r.exit_site_id) for r in found.collect()}
    assert sites == {("p1", "S1", "S2"), ("p3", "S1", None), ("p4", "S2", None), ("p5", None, "S1")}


def test_with_day_keys_who_is_inside_at_four_is_a_visit_without_exit(spark):
    found = _stays(
        spark,
        """
        vid | cordon_id | passage_id | gate_id | site_id | ts       | event
        A   | ring      | p1         | G1      | S1      | 22:00:00 | in
        """,
    )
    assert [str(r.service_day) for r in found.collect()] == ["2026-03-10"]
    assert still_inside(found, first_day=dt.date(2026, 3, 10), last_day=dt.date(2026, 3, 10), timezone=BRUSSELS).count() == 0


def test_with_longer_keys_a_stay_counts_on_the_day_of_its_end_and_is_inside_on_the_nights_before(spark):
    found = _stays(
        spark,
        """
        vid | cordon_id | passage_id | gate_id | site_id | ts                  | event
        A   | ring      | p1         | G1      | S1      | 08:00:00            | in
        A   | ring      | p2         | G2      | S2      | 2026-03-13 09:00:00 | out
        B   | ring      | p3         | G1      | S1      | 08:00:00            | in
        """,
        period_end="2026-06-01 02:00:00",
        max_stay_s=5 * DAY_S,
    )
    assert {(r.passage_id, str(r.service_day)) for r in found.collect()} == {("p1", "2026-03-13"), ("p3", "2026-03-15")}
    nights = still_inside(found, first_day=dt.date(2026, 3, 10), last_day=dt.date(2026, 3, 12), timezone=BRUSSELS)
    assert sorted((r.entry_passage_id, str(r.service_day)) for r in nights.collect()) == [
        (p, f"2026-03-{d}") for p in ("p1", "p3") for d in (10, 11, 12)
    ]


def test_an_exit_after_the_longest_stay_has_missed_its_entry(spark):
    found = _stays(
        spark,
        """
        vid | cordon_id | passage_id | gate_id | site_id | ts                  | event
        A   | ring      | p1         | G1      | S1      | 08:00:00            | in
        A   | ring      | p2         | G2      | S2      | 2026-03-11 09:00:00 | out
        """.replace("2026-03-11 09:00:00 | out", "20:00:00            | out"),
        max_stay_s=3600,
    )
    assert {(r.entry_gate_id, r.exit_gate_id) for r in found.collect()} == {("G1", None), (None, "G2")}


def test_a_stay_is_of_one_trip_where_no_leg_in_between_is_cut_whatever_other_cordons_saw(spark):
    passages = frame(
        spark,
        """vid | passage_id | site_id | first_ts
           A   | p1         | S1      | 08:00:00
           A   | p2         | S2      | 08:20:00
           A   | p3         | S3      | 08:36:01
           B   | p4         | S1      | 08:00:00
           B   | p5         | S2      | 08:05:00
           C   | p6         | S1      | 08:00:00
           C   | p7         | S2      | 08:01:00""",
    )
    legs = frame(
        spark,
        # A stop of ten minutes shows as 840 s over the reference: the second leg is 61 s over, the first 100 s under.
        """vid | to_passage_id | arrive_ts | gap_s | reference_s | is_cut | cut_reason
           A   | p2            | 08:20:00  | 840   | 100         | false  | -
           A   | p3            | 08:36:01  | 961   | 60          | true   | stop
           B   | p5            | 08:05:00  | 300   | 280         | false  | -
           C   | p7            | 08:01:00  | 60    | 300         | true   | too_fast""",
    ).withColumn("is_cut", F.col("is_cut").cast("boolean"))
    found = with_trips(passages, legs, min_stop_s=600)
    trips = {r.passage_id: (r.trip_short, r.trip, r.trip_long) for r in found.collect()}
    assert trips == {
        "p1": (0, 0, 0),
        "p2": (1, 0, 0),
        "p3": (2, 1, 0),
        "p4": (0, 0, 0),
        "p5": (0, 0, 0),
        "p6": (0, 0, 0),
        "p7": (1, 1, 1),
    }


def test_an_entry_and_an_exit_are_of_one_trip_by_the_shortest_limit_that_says_so(spark):
    found = _stays(
        spark,
        """
        vid | cordon_id | passage_id | gate_id | site_id | ts       | event | trip_short | trip | trip_long
        A   | ring      | p1         | G1      | S1      | 08:00:00 | in    | 3          | 2    | 1
        A   | ring      | p2         | G2      | S2      | 08:30:00 | out   | 3          | 2    | 1
        B   | ring      | p3         | G1      | S1      | 08:00:00 | in    | 0          | 0    | 0
        B   | ring      | p4         | G2      | S2      | 08:30:00 | out   | 1          | 0    | 0
        C   | ring      | p5         | G1      | S1      | 08:00:00 | in    | 0          | 0    | 0
        C   | ring      | p6         | G2      | S2      | 08:30:00 | out   | 1          | 1    | 0
        D   | ring      | p7         | G1      | S1      | 08:00:00 | in    | 0          | 0    | 0
        D   | ring      | p8         | G2      | S2      | 08:30:00 | out   | 1          | 1    | 1
        E   | ring      | p9         | G1      | S1      | 08:00:00 | in    | 0          | 0    | 0
        """,
    )
    assert {r.passage_id: r.one_trip_if_longer_s for r in found.collect()} == {
        "p1": -120,
        "p3": 0,
        "p5": 120,
        "p7": None,
        "p9": None,
    }


@pytest.mark.parametrize(
    ("entry", "exit_", "gates", "longer_s", "expected"),
    [
        ("08:00:00", "08:10:00", ("G1", "G1"), "-120", "uturn"),
        ("08:00:00", "08:10:01", ("G1", "G1"), "-120", "short_visit"),
        ("08:00:00", "08:10:00", ("G1", "G2"), "0", "through"),
        ("08:00:00", "08:40:00", ("G1", "G2"), "-120", "through"),
        ("08:00:00", "08:10:00", ("G1", "G2"), "120", "short_visit"),
        ("08:00:00", "10:00:01", ("G1", "G2"), "-", "visit"),
        ("08:00:00", "14:00:01", ("G1", "G2"), "-", "long"),
        ("02:30:00", "03:30:00", ("G1", "G2"), "-", "overnight"),
        ("08:00:00", None, ("G1", None), "-", "no_exit"),
        (None, "08:00:00", (None, "G2"), "-", "no_entry"),
    ],
)
def test_a_visit_is_classed_by_gates_and_duration(spark, entry, exit_, gates, longer_s, expected):
    row = f"v1 | A | ring | car | BE | {gates[0] or '-'} | {entry or '-'} | {gates[1] or '-'} | {exit_ or '-'} | S | S | {longer_s}"
    known = visits(
        frame(
            spark,
            "passage_id | vid | cordon_id | vehicle_class | country | entry_gate_id | entry_ts | exit_gate_id | exit_ts | entry_site_id | exit_site_id | one_trip_if_longer_s\n"
            + row,
        ).withColumn("one_trip_if_longer_s", F.col("one_trip_if_longer_s").cast("int")),
        last_day=dt.date(2026, 3, 10),
    )
    found = classified(known, uturn_s=600, short_visit_s=7200, long_visit_s=21_600, timezone=BRUSSELS)
    assert found.first().visit_class == expected
