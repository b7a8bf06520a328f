import pytest
from pyspark.sql import functions as F

from jobs.reference import clipped_median, times_of, with_reference
from jobs.s06_legs import cut, legs
from tests.spec.table import frame

RULES = {"min_stop_s": 600, "longest_gap_s": 14_400, "max_speed_kmh": 140, "clock_tolerance_s": 60}


def test_each_passage_is_paired_with_the_one_before_it(spark, spec):
    points = frame(spark, "site_id | lon | lat\n S1 | 4.00 | 50.0\n S2 | 4.00 | 50.01")
    spec(
        legs,
        points=points,
        constants={"vehicle_class": "car"},
        given="""
            vid | passage_id | site_id | first_ts | last_ts
            A   | p1         | S1      | 08:00:00 | 08:00:10
            A   | p2         | S2      | 08:03:10 | 08:03:10
            A   | p3         | S1      | 08:03:05 | 08:03:05
            B   | p4         | S1      | 08:00:00 | 08:00:00
        """,
        then="""
            vid | from_passage_id | to_passage_id | from_site_id | to_site_id | gap_s
            A   | p1              | p3            | S1           | S1         | 175
            A   | p3              | p2            | S1           | S2         | 5
        """,
    )


def test_overlapping_passages_have_a_gap_of_zero(spark, spec):
    points = frame(spark, "site_id | lon | lat\n S1 | 4.00 | 50.0\n S2 | 4.00 | 50.01")
    spec(
        legs,
        points=points,
        constants={"vehicle_class": "car"},
        given="""
            vid | passage_id | site_id | first_ts | last_ts
            A   | p1         | S1      | 08:00:00 | 08:00:30
            A   | p2         | S2      | 08:00:20 | 08:00:40
        """,
        then="""
            from_passage_id | to_passage_id | gap_s
            p1              | p2            | 0
        """,
    )


def test_a_trip_is_cut_by_time_alone(spec):
    spec(
        cut,
        **RULES,
        given="""
            to_passage_id | gap_s | reference_s | distance_m
            driving       | 400   | 300         | 3000
            jam           | 1140  | 300         | 3000
            stop          | 1141  | 300         | 3000
            long_drive    | 5400  | 3600        | 40000
            long_stop     | 5401  | 3600        | 40000
            night         | 14401 | 20000       | 40000
            flying        | 60    | 300         | 5000
            clock_error   | 60    | 300         | 4600
        """,
        then="""
            to_passage_id | is_cut | cut_reason
            driving       | False  | -
            jam           | False  | -
            stop          | True   | stop
            long_drive    | False  | -
            long_stop     | True   | stop
            night         | True   | longest_gap
            flying        | True   | too_fast
            clock_error   | False  | -
        """,
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], None),
        ([300], 300),
        ([290, 300, 310, 320], 300),
        ([300] * 4 + [3000] * 6, 300),
        ([280, 300, 320, 340, 360, 2400, 2500, 2600, 2700], 320),
    ],
)
def test_the_clipped_median_does_not_become_the_stop(spark, seconds, expected):
    row = spark.range(1).select(clipped_median(F.array(*[F.lit(s) for s in seconds]).cast("array<int>")).alias("m")).first()
    assert row.m == expected


def _drives(spark, *, quarter: int, hour: int, day: int):
    times = [("08:05:00", 300)] * quarter + [("08:20:00", 400)] * hour + [("13:00:00", 500)] * day
    rows = "\n".join(f"S1 | S2 | {ts} | {gap} | 2000" for ts, gap in times)
    return frame(spark, "from_site_id | to_site_id | depart_ts | gap_s | distance_m\n" + rows)


def _referred(drives):
    pair, depart = ("from_site_id", "to_site_id"), "depart_ts"
    times = times_of(drives, pair=pair, depart=depart, seconds="gap_s")
    return with_reference(drives, times=times, pair=pair, depart=depart, least_n=8, cap_speed_ms=6, cap_offset_s=180)


@pytest.mark.parametrize(
    ("quarter", "hour", "day", "expected"),
    [
        (8, 0, 0, (300, "quarter")),
        (7, 8, 0, (400, "hour")),
        (1, 2, 9, (500, "day")),
        (1, 0, 0, (293, "distance")),
    ],
)
def test_a_reference_rests_on_the_finest_slot_with_enough_legs(spark, quarter, hour, day, expected):
    found = _referred(_drives(spark, quarter=quarter, hour=hour, day=day))
    first = found.orderBy("depart_ts").first()
    assert (first.reference_s, first.reference_level) == expected


def test_a_reference_is_capped_by_distance(spark):
    slow = [("08:05:00", 1800)] * 10
    rows = "\n".join(f"S1 | S2 | {ts} | {gap} | 1200" for ts, gap in slow)
    drives = frame(spark, "from_site_id | to_site_id | depart_ts | gap_s | distance_m\n" + rows)
    found = _referred(drives)
    assert {row.reference_s for row in found.collect()} == {1200 / 6 + 180}
