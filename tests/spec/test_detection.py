"""Detection: what is counted of the passages, before statistics make q of it."""

import datetime as dt
from zoneinfo import ZoneInfo

from pyspark.sql import functions as F
from pyspark.sql.types import TimestampType

from jobs import s09_detection as detection
from jobs.detected import day_part
from models.evidence import LISTED
from tests.spec.table import frame, shown

UTC = "UTC"
POINTS = """
    site_id | lon  | lat
    S1      | 4.00 | 50.0
    S2      | 4.00 | 50.0
    S3      | 4.00 | 50.0
    S4      | 4.28 | 50.0
 """
NOBODY = """
    vid | site_id
 """
DRIVE = """
    vid | site_id | first_ts | last_ts  | passage_id | vehicle_class | direction
    A   | S1      | 09:50:00 | 09:50:00 | 1          | car           | in
    A   | S2      | 09:55:00 | 09:58:00 | 2          | car           | -
    A   | S3      | 10:05:00 | 10:05:00 | 3          | van           | -
    B   | S1      | 09:50:00 | 09:50:00 | 4          | car           | out
    B   | S1      | 09:53:00 | 09:53:00 | 5          | car           | out
 """


def _runs(spark, passages, *, suspects=NOBODY, two_way=()):
    told = frame(spark, passages)
    return detection.runs_of_three(told, suspects=frame(spark, suspects).select("service_day", "vid"), two_way=list(two_way))


def _counted(spark, rows, *, key, down=None):
    nothing = spark.createDataFrame([], "service_day date, from_hour timestamp, to_hour timestamp, down string")
    points = frame(spark, POINTS)
    return detection.counted(
        rows, key=key, points=points, down=nothing if down is None else down, speed_ms=6, offset_s=180, timezone=UTC
    )


def test_passages_in_a_row_are_counted_by_class_part_of_day_and_whether_they_are_near(spark):
    pairs = _counted(spark, detection.pairs_of(_runs(spark, DRIVE)), key=["a", "c"])
    # B waited at S1: nothing lies between its two passages.
    assert shown(pairs, ["a", "c", "vehicle_class", "part", "is_near", "n"]) == [
        ["S1", "S2", "car", "morning", "True", "1"],
        ["S2", "S3", "van", "mixed", "True", "1"],
    ]
    triples = _counted(spark, detection.triples_of(_runs(spark, DRIVE), timezone=UTC), key=["a", "b", "c", "part_b"])
    # 15 minutes from S1 to S3, which lie at one place: longer than the ten minutes that are near.
    assert shown(triples, ["a", "b", "c", "part", "part_b", "is_near", "n"]) == [
        ["S1", "S2", "S3", "mixed", "morning", "False", "1"]
    ]


def test_far_sites_may_be_near_in_time_for_longer(spark):
    drive = """
        vid | site_id | first_ts | last_ts  | passage_id | vehicle_class | direction
        A   | S1      | 10:05:00 | 10:05:00 | 1          | car           | -
        A   | S4      | 10:50:00 | 10:50:00 | 2          | car           | -
        B   | S1      | 10:05:00 | 10:05:00 | 3          | car           | -
        B   | S2      | 10:50:00 | 10:50:00 | 4          | car           | -
     """
    pairs = _counted(spark, detection.pairs_of(_runs(spark, drive)), key=["a", "c"])
    assert shown(pairs, ["a", "c", "is_near"]) == [["S1", "S2", "False"], ["S1", "S4", "True"]]


def test_a_plate_on_two_vehicles_is_left_out(spark):
    suspects = """
        vid | site_id
        A   | S1
     """
    assert _runs(spark, DRIVE, suspects=suspects).count() == 2


def test_a_gate_in_both_directions_is_a_place_for_each(spark):
    runs = _runs(spark, DRIVE, two_way=("S1",)).withColumn("c", F.translate("c", detection.DIRECTED, ">"))
    assert shown(runs, ["c"]) == [["S1>in"], ["S1>out"], ["S1>out"], ["S2"], ["S3"]]


def test_what_was_down_between_two_passages_is_told(spark):
    broken = frame(
        spark,
        """
        hour_ts  | site_id
        09:00:00 | S2
        09:00:00 | S9
        11:00:00 | S3
     """,
    )
    every = frame(spark, "hour_ts\n09:00:00\n10:00:00\n11:00:00").withColumn("service_day", F.lit("2026-03-10").cast("date"))
    down = detection.down_between(broken, every_hour=every)
    readable = down.withColumn("down", F.translate("down", LISTED, "+"))
    assert shown(readable, ["from_hour", "to_hour", "down"]) == [
        ["09:00:00", "09:00:00", "S2+S9"],
        ["09:00:00", "10:00:00", "S2+S9"],
        ["09:00:00", "11:00:00", "S2+S3+S9"],
        ["10:00:00", "11:00:00", "S3"],
        ["11:00:00", "11:00:00", "S3"],
    ]
    pairs = _counted(spark, detection.pairs_of(_runs(spark, DRIVE)), key=["a", "c"], down=down)
    assert shown(pairs.withColumn("down", F.translate("down", LISTED, "+")), ["a", "c", "down"]) == [
        ["S1", "S2", "S2+S9"],
        ["S2", "S3", "S2+S9"],
    ]


def test_a_count_is_compared_with_the_passages_of_its_time_and_class(spark):
    counts = """
        site_id | from_ts  | to_ts    | vehicle_class | count
        S1      | 09:00:00 | 09:53:00 | all           | 3
        S2      | 09:00:00 | 10:00:00 | van           | 7
        S3      | 10:00:00 | 11:00:00 | all           | 9
     """
    broken = """
        hour_ts  | site_id
        10:00:00 | S3
     """
    given = frame(spark, counts).withColumn("service_day", F.lit("2026-03-10").cast("date"))
    matched = detection.matched_at_counts(frame(spark, DRIVE), given, down_hours=frame(spark, broken))
    # The passage at 09:53 came after the count; the one at S2 was a car; at S3 a camera was down.
    assert shown(matched, ["site", "matched", "count"]) == [["S1", "2", "3"], ["S2", "0", "7"]]


def test_parts_of_the_day_are_local_and_change_with_the_clock(spark):
    # Clocks in Brussels go forward in the night before 29 March 2026.
    zone = ZoneInfo("Europe/Brussels")
    local = {
        "2026-03-28 05:59": "night",
        "2026-03-28 06:00": "morning",
        "2026-03-28 10:00": "day",
        "2026-03-28 15:00": "evening",
        "2026-03-28 19:00": "late",
        "2026-03-28 22:00": "night",
        "2026-03-29 06:00": "morning",
    }
    instants = [(dt.datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(dt.UTC),) for text in local]
    rows = spark.createDataFrame(instants, ["ts"]).select(F.col("ts").cast(TimestampType()))
    parts = rows.select(day_part(F.col("ts"), timezone="Europe/Brussels").alias("part")).collect()
    assert [row.part for row in parts] == list(local.values())
