import pytest
from pyspark.sql import functions as F

from jobs.counting import dense
from jobs.s10_flows.dwell_day import dwell_day, dwell_summary_day
from jobs.s10_flows.gate_hour import crossings
from jobs.s10_flows.gate_pair_hour import gate_pair_hour
from jobs.s10_flows.od import od_hour, zone_od_day
from jobs.s10_flows.product_cells import gate_pair_day
from jobs.s10_flows.through_day import through_day
from jobs.s10_flows.travel_time_hour import travel_time_hour
from tests.spec.table import frame

VISITS = """
    vid | cordon_id | vehicle_class | country | entry_gate_id | entry_ts | exit_gate_id | exit_ts  | dwell_s | visit_class | through_limit_s
    A   | ring      | car           | BE      | G1            | 08:10:00 | G2           | 08:15:00 | 300     | through     | 400
    A   | ring      | car           | BE      | G1            | 08:30:00 | G2           | 08:38:00 | 480     | short_visit | 400
    B   | ring      | van           | -       | G1            | 08:50:00 | G1           | 08:55:00 | 300     | uturn       | 400
    C   | ring      | car           | NL      | G2            | 09:00:00 | -            | -        | -       | no_exit     | -
    D   | ring      | car           | BE      | -             | -        | G1           | 09:30:00 | -       | no_entry    | -
"""


def _visits(spark):
    return frame(spark, VISITS)


def test_crossings_count_each_event_once_on_its_own_day(spark):
    inside = frame(
        spark,
        """vid | cordon_id | vehicle_class | country | entry_gate_id | entry_ts
           E   | ring      | car           | BE      | G1            | 20:00:00
           F   | ring      | car           | BE      | G1            | 2026-03-09 20:00:00""",
    )
    found = crossings(_visits(spark), inside, timezone="Europe/Brussels")
    counted = {(r.gate_id, r.direction): r["count"] for r in found.groupBy("gate_id", "direction").count().collect()}
    assert counted == {("G1", "in"): 4, ("G2", "in"): 1, ("G2", "out"): 2, ("G1", "out"): 2}


def test_through_share_counts_entries_and_no_turns(spark, spec):
    spec(
        through_day,
        given=_visits(spark),
        then="""
            cordon_id | vehicle_class | entries | through | vehicles | through_vehicles | other_vehicles | through_share | through_share_short | through_share_long
            ring      | car           | 3       | 1       | 2        | 1                | 2              | 0.333333      | 0                   | 0.666667
            ring      | van           | 1       | 0       | 1        | 0                | 1              | 0             | 0                   | 0
            ring      | all           | 4       | 1       | 3        | 1                | 3              | 0.25          | 0                   | 0.5
        """,
    )


def test_gate_pairs_need_both_ends(spark, spec):
    spec(
        gate_pair_hour,
        given=_visits(spark),
        then="""
            hour_ts  | entry_gate_id | exit_gate_id | visit_class | vehicle_class | visits | vehicles | status
            08:00:00 | G1            | G2           | through     | car           | 1      | 1        | low_n
            08:00:00 | G1            | G2           | short_visit | car           | 1      | 1        | low_n
            08:00:00 | G1            | G1           | uturn       | van           | 1      | 1        | low_n
        """,
    )
    spec(
        gate_pair_day,
        given=_visits(spark),
        then="""
            entry_gate_id | exit_gate_id | kind    | visits | vehicles
            G1            | G2           | through | 1      | 1
            G1            | G2           | stay    | 1      | 1
            G1            | G1           | stay    | 1      | 1
        """,
    )


def test_dwell_bins_and_percentiles(spark, spec):
    spec(
        dwell_day,
        bins_s=[0, 300, 600],
        given=_visits(spark),
        then="""
            vehicle_class | dwell_bin_s | visits | vehicles
            car           | 300         | 2      | 1
            van           | 300         | 1      | 1
        """,
    )
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
    vid | vehicle_class | first_site_id | last_site_id | start_ts | flags
    A   | car           | S1            | S2           | 08:00:00 |
    A   | car           | S1            | S2           | 08:59:59 | day_end
    B   | car           | S1            | S1           | 09:00:00 | single_passage
    C   | car           | S1            | S1           | 09:00:00 | single_passage,clone_suspect
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
        zone_od_day,
        zones=zones,
        given=TRIPS,
        then="""
            origin_zone_id | destination_zone_id | trips | vehicles
            Z1             | external            | 2     | 1
            Z1             | Z1                  | 1     | 1
        """,
    )


def test_travel_times_leave_out_cut_legs_and_same_site(spark, spec):
    spec(
        travel_time_hour,
        given="""
            vid | vehicle_class | from_site_id | to_site_id | depart_ts | gap_s | is_cut
            A   | car           | S1           | S2         | 08:00:00  | 100   | false
            B   | van           | S1           | S2         | 08:10:00  | 300   | false
            C   | car           | S1           | S2         | 08:10:00  | 9000  | true
            D   | car           | S1           | S1         | 08:10:00  | 90    | false
        """,
        then="""
            from_site_id | to_site_id | vehicle_class | n | vehicles | mean_s | p50_s | p95_s | buffer_index
            S1           | S2         | car           | 1 | 1        | 100    | 100   | 100   | 0
            S1           | S2         | van           | 1 | 1        | 300    | 300   | 300   | 0
            S1           | S2         | all           | 2 | 2        | 200    | 200   | 290   | 0.45
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
