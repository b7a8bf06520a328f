import datetime as dt

import pytest
from pyspark.sql import functions as F

from jobs.s08_visits import classified, directed, gate_events, stays, still_inside, visits
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
        constants={"vehicle_class": "car", "country": "BE"},
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


@pytest.mark.parametrize(
    ("entry", "exit_", "gates", "expected"),
    [
        ("08:00:00", "08:10:00", ("G1", "G1"), "uturn"),
        ("08:00:00", "08:10:01", ("G1", "G1"), "short_visit"),
        ("08:00:00", "08:10:00", ("G1", "G2"), "through"),
        ("08:00:00", "08:10:01", ("G1", "G2"), "short_visit"),
        ("08:00:00", "10:00:01", ("G1", "G2"), "visit"),
        ("08:00:00", "14:00:01", ("G1", "G2"), "long"),
        ("02:30:00", "03:30:00", ("G1", "G2"), "overnight"),
        ("08:00:00", None, ("G1", None), "no_exit"),
        (None, "08:00:00", (None, "G2"), "no_entry"),
    ],
)
def test_a_visit_is_classed_by_gates_and_duration(spark, entry, exit_, gates, expected):
    row = f"v1 | A | ring | car | BE | {gates[0] or '-'} | {entry or '-'} | {gates[1] or '-'} | {exit_ or '-'} | S | S | 300"
    known = visits(
        frame(
            spark,
            "passage_id | vid | cordon_id | vehicle_class | country | entry_gate_id | entry_ts | exit_gate_id | exit_ts | entry_site_id | exit_site_id | reference_s\n"
            + row,
        ).withColumn("reference_s", F.col("reference_s").cast("int")),
        last_day=dt.date(2026, 3, 10),
    )
    found = classified(
        known,
        through_offset_s=300,
        through_longest_s=3600,
        uturn_s=600,
        short_visit_s=7200,
        long_visit_s=21_600,
        timezone=BRUSSELS,
    )
    assert found.first().visit_class == expected
