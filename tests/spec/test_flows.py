import pytest
from pyspark.sql import functions as F

from jobs import bounding
from jobs.counting import dense
from jobs.s10_flows.camera_health_day import camera_health_day
from jobs.s10_flows.dwell_day import dwell_summary_day
from jobs.s10_flows.gate_hour import crossings
from jobs.s10_flows.od import ZONE_CELL, od_hour, zone_trips
from jobs.s10_flows.travel_time_hour import travel_time_hour
from tests.spec.table import frame

VISITS = """
    visit_id | vid | cordon_id | vehicle_class | country | entry_gate_id | entry_site_id | entry_ts | exit_gate_id | exit_site_id | exit_ts  | dwell_s | visit_class
    v0       | A   | ring      | car           | BE      | G1            | i1            | 08:10:00 | G2           | o2           | 08:15:00 | 300     | through
    v1       | A   | ring      | car           | BE      | G1            | i1            | 08:30:00 | G2           | o2           | 08:38:00 | 480     | short_visit
    v2       | B   | ring      | van           | -       | G1            | i1            | 08:50:00 | G1           | o1           | 08:55:00 | 300     | uturn
    v3       | C   | ring      | car           | NL      | G2            | i2            | 09:00:00 | -            | -            | -        | -       | no_exit
    v4       | D   | ring      | car           | BE      | -             | -             | -        | G1           | o1           | 09:30:00 | -       | no_entry
"""


def _visits(spark):
    return frame(spark, VISITS)


def test_crossings_count_each_event_once_on_its_own_day(spark):
    inside = frame(
        spark,
        """entry_passage_id | vid | cordon_id | vehicle_class | country | entry_gate_id | entry_site_id | entry_ts
           v5               | E   | ring      | car           | BE      | G1            | i1            | 20:00:00
           v6               | F   | ring      | car           | BE      | G1            | i1            | 2026-03-09 20:00:00""",
    )
    found = crossings(_visits(spark), inside, timezone="Europe/Brussels")
    counted = {(r.gate_id, r.direction): r["count"] for r in found.groupBy("gate_id", "direction").count().collect()}
    assert counted == {("G1", "in"): 4, ("G2", "in"): 1, ("G2", "out"): 2, ("G1", "out"): 2}


def test_dwell_percentiles(spark, spec):
    spec(
        dwell_summary_day,
        given=_visits(spark),
        then="""
            vehicle_class | visits | vehicles | mean_s | p50_s
            car           | 2      | 1        | 390    | 390
            van           | 1      | 1        | 300    | 300
            all           | 3      | 2        | 360    | 300
        """,
    )


TRIPS = """
    trip_id | vid | vehicle_class | first_site_id | last_site_id | start_ts | flags
    t0      | A   | car           | S1            | S2           | 08:00:00 |
    t1      | A   | car           | S1            | S2           | 08:59:59 | day_end
    t2      | B   | car           | S1            | S1           | 09:00:00 | single_passage
    t3      | C   | car           | S1            | S1           | 09:00:00 | single_passage,clone_suspect
"""


def test_od_counts_trips_and_distinct_vehicles_but_no_clones(spark, spec):
    spec(
        od_hour,
        given=TRIPS,
        then="""
            hour_ts  | origin_site_id | destination_site_id | trips | vehicles
            08:00:00 | S1             | S2                  | 2     | 1
            09:00:00 | S1             | S1                  | 1     | 1
        """,
    )
    zones = frame(spark, "site_id | zone_id\n S1 | Z1\n S2 | external")
    spec(
        lambda trips: bounding.cells(zone_trips(trips, zones=zones), cell=ZONE_CELL, measure="trips"),
        given=TRIPS,
        then="""
            origin_zone_id | destination_zone_id | trips | vehicles
            Z1             | external            | 2     | 1
            Z1             | Z1                  | 1     | 1
        """,
    )


def test_travel_times_leave_out_stops_however_short_and_same_site_and_say_nothing_of_tails_they_do_not_have(spark, spec):
    spec(
        travel_time_hour,
        timezone="Europe/Brussels",
        given="""
            vid | vehicle_class | from_site_id | to_site_id | depart_ts | gap_s | reference_s | is_cut
            A   | car           | S1           | S2         | 08:00:00  | 100   | 100         | false
            B   | van           | S1           | S2         | 08:10:00  | 300   | 100         | false
            C   | car           | S1           | S2         | 08:10:00  | 9000  | 100         | true
            D   | car           | S1           | S1         | 08:10:00  | 90    | 100         | false
            E   | car           | S1           | S2         | 08:10:00  | 341   | 100         | false
        """,
        then="""
            from_site_id | to_site_id | vehicle_class | n | vehicles | mean_s | p50_s | p90_s | p95_s | free_flow_s | tti | buffer_index
            S1           | S2         | car           | 1 | 1        | 100    | 100   | -     | -     | -           | -   | -
            S1           | S2         | van           | 1 | 1        | 300    | 300   | -     | -     | -           | -   | -
            S1           | S2         | all           | 2 | 2        | 200    | 200   | -     | -     | -           | -   | -
        """,
    )


def test_free_flow_is_of_off_peak_legs_and_indices_compare_with_it(spark, spec):
    leg = "vid | vehicle_class | from_site_id | to_site_id | depart_ts | gap_s | reference_s | is_cut\n"
    noon = [f"n{i} | car | S1 | S2 | 11:{i:02}:00 | {100 + 10 * i} | 300 | false" for i in range(11)]  # 12 to 13 h in Brussels
    peak = [f"p{i} | car | S1 | S2 | 16:{i:02}:00 | {200 + 10 * i} | 300 | false" for i in range(21)]
    spec(
        travel_time_hour,
        timezone="Europe/Brussels",
        given=leg + "\n".join(noon + peak),
        then="""
            hour_ts  | vehicle_class | n  | mean_s | p90_s | p95_s | free_flow_s | tti      | pti     | buffer_index
            11:00:00 | car           | 11 | 150    | 190   | -     | 115         | 1.30435  | -       | -
            16:00:00 | car           | 21 | 300    | 380   | 390   | 115         | 2.6087   | 3.3913  | 0.3
            11:00:00 | all           | 11 | 150    | 190   | -     | 115         | 1.30435  | -       | -
            16:00:00 | all           | 21 | 300    | 380   | 390   | 115         | 2.6087   | 3.3913  | 0.3
        """,
    )


def test_a_camera_that_is_down_for_hours_in_a_row_went_down_once(spec):
    spec(
        camera_health_day,
        given="""
            camera_id | hour_ts  | down_s
            c1        | 08:00:00 | 0
            c1        | 09:00:00 | 1800
            c1        | 10:00:00 | 3600
            c1        | 11:00:00 | 0
            c1        | 12:00:00 | 360
            c2        | 08:00:00 | 0
        """,
        then="""
            camera_id | uptime_pct | incidents
            c1        | 68         | 2
            c2        | 100        | 0
        """,
    )


def test_a_missing_cell_is_null_and_an_empty_one_is_zero(spark):
    cells = spark.createDataFrame([("a", "ok"), ("b", "ok"), ("c", "missing"), ("d", "partial")], "cell string, status string")
    found = spark.createDataFrame([("a", 3), ("c", 1)], "cell string, passages long")
    rows = {r.cell: (r.passages, r.status) for r in dense(cells, found, key=["cell"], measures=["passages"]).collect()}
    assert rows == {"a": (3, "ok"), "b": (0, "ok"), "c": (None, "missing"), "d": (0, "partial")}


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 23), ("2026-10-24", 25), ("2026-03-10", 24)])
def test_a_service_day_has_the_hours_of_its_clock(spark, day, hours):
    import datetime as dt

    from jobs.service_day import hours as hours_of
    from jobs.service_day import service_day

    found = hours_of(spark, days=[dt.date.fromisoformat(day)], timezone="Europe/Brussels")
    assert found.count() == hours
    back = found.select(service_day(F.col("hour_ts"), timezone="Europe/Brussels").alias("day")).distinct().collect()
    assert [str(row.day) for row in back] == [day]
