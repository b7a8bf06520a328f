"""Expanded origins and destinations on days small enough to check by eye."""

import pytest
from pyspark.sql import functions as F

from jobs.od_weights import expanded, fit_days, weights
from jobs.s10_flows.od import SITE_CELL, od_hour, with_expanded, with_status
from jobs.strata import STRATUM, outages, patterns, pooled, up_shares
from tests.spec.table import frame, shown

ZONE = "Europe/Brussels"
CELL = ["service_day", "hour_ts", "origin", "destination", "vehicle_class"]
SITES = {"A": ["a"], "B": ["b"], "C": ["c"]}
ITSELF = {site: site for site in SITES}

ONE_SITE, ONE_WAY, OUTAGE, UNKNOWN, NOTHING = (f"2026-03-{day}" for day in range(10, 15))
"""Days of their own, each estimated by itself: trips as hour (UTC), chain of sites, how many; and q of the sites."""
TRIPS = {
    ONE_SITE: ["08 A 8"],
    ONE_WAY: ["08 A,B,C 81", "08 A,C 9", "08 B,C 9", "08 A,B 9", "08 A 1", "08 B 1", "08 C 1"],
    OUTAGE: ["08 A,B 30", "08 B 10", "08 C 10", "08 A 10", "09 B 40", "09 C 10"],
    UNKNOWN: ["08 A,B 9", "08 B 9"],
    NOTHING: ["08 A,B 9"],
}
DETECTION = {
    ONE_SITE: {"A": 0.8},
    ONE_WAY: {"A": 0.9, "B": 0.9, "C": 0.9},
    OUTAGE: {"A": 0.999, "B": 0.999, "C": 0.999},
    UNKNOWN: {"A": None, "B": 0.9},
    NOTHING: {"A": None, "B": None},
}
DOWN = f"service_day | hour_ts | camera_id | down_s\n {OUTAGE} | {OUTAGE} 09:00:00 | a | 3600"


def _trips(spark, days):
    """A row a trip, each of its own vehicle."""
    rows = [(day, *line.split()) for day, lines in days.items() for line in lines]
    text = "service_day | vid | vehicle_class | site_ids | first_site_id | last_site_id | start_ts | flags\n" + "\n".join(
        f"{day} | v{day}{h}{c}{n} | car | {c} | {c[0]} | {c[-1]} | {day} {h}:10:00 | -"
        for day, h, c, many in rows
        for n in range(int(many))
    )
    return frame(spark, text)


def _detection(spark):
    text = "service_day | site_id | vehicle_class | day_part | q | q_se | method\n" + "\n".join(
        f"{day} | {site} | car | {part} | {'-' if value is None else value} | 0.01 | -"
        for day, sites in DETECTION.items()
        for site, value in sites.items()
        for part in ("morning", "day")
    )
    made = frame(spark, text).withColumns({name: F.col(name).cast("double") for name in ("q", "q_se")})
    return made.withColumn("service_day", F.col("service_day").cast("date")).toPandas()


@pytest.fixture(scope="module")
def estimated(spark):
    """The trips seen, and the rows of :func:`expanded` between sites and with all sites in one zone."""
    trips = _trips(spark, TRIPS)
    found = patterns(trips, down=outages(frame(spark, DOWN), sites=SITES), timezone=ZONE).persist()
    chains = found.groupBy(*STRATUM, "site_ids").agg(F.sum("trips").alias("trips")).toPandas()
    fits = fit_days(chains, _detection(spark))
    places = (ITSELF, dict.fromkeys(SITES, "z"))
    by_site, by_zone = (
        expanded(found, weights(spark, fits, place=place), cell=CELL, model_error=0.0).collect() for place in places
    )
    yield trips, by_site, by_zone
    found.unpersist()


def _of(day, rows):
    return {(f"{row.hour_ts:%H}", row.origin, row.destination): row.expanded for row in rows if str(row.service_day) == day}


def test_a_site_that_reads_four_in_five_stands_for_ten_trips_where_eight_were_seen(estimated):
    (row,) = (row for row in estimated[1] if str(row.service_day) == ONE_SITE)
    assert row.expanded == pytest.approx(10)
    # 8 trips, each standing for 1.25: 8 * (1.25 ** 2 - 1.25) = 2.5; q: (10 / 0.8 * 0.01) ** 2; each trip may be none: 0.4 * 10
    assert row.se == pytest.approx((2.5 + 0.125**2 + 4.0) ** 0.5, rel=0.01)


def test_trips_missed_at_their_first_camera_go_back_to_it(estimated):
    found = _of(ONE_WAY, estimated[1])
    # all drove A-B-C: 81 were read at all three cameras, 9 each missed one, 1 each missed two, and one in a thousand missed all
    assert found["08", "A", "C"] == pytest.approx(111 / 0.999, rel=0.02)
    assert sum(found.values()) == pytest.approx(111 / 0.999, rel=0.001)
    assert _of(ONE_WAY, estimated[2]) == {("08", "z", "z"): pytest.approx(111 / 0.999, rel=0.001)}


def test_while_a_site_is_down_its_trips_keep_the_proportions_of_other_hours(estimated):
    found = _of(OUTAGE, estimated[1])
    assert found["09", "A", "B"] == pytest.approx(30, rel=0.02)
    assert found["09", "B", "B"] == pytest.approx(10, rel=0.05)
    # what nobody can see in that hour has its share of what the other hour shows: 10 of 60, and 50 of the 60 are seen
    assert found["09", "A", "A"] == pytest.approx(10, rel=0.02)


def test_a_cell_is_not_expanded_where_nothing_tells_q_of_an_end(estimated):
    found = _of(UNKNOWN, estimated[1])
    assert found["08", "A", "B"] is None and found["08", "B", "B"] == pytest.approx(10, rel=0.2)
    # nor a zone that holds such a site; and a day without any q has no estimate at all
    assert _of(UNKNOWN, estimated[2]) == {("08", "z", "z"): None}
    assert _of(NOTHING, estimated[1]) == {}


def test_without_any_estimate_nothing_is_expanded(spark):
    nothing = weights(spark, [], place=ITSELF)
    assert [table.count() for table in (nothing.chain, nothing.stratum, nothing.common)] == [0, 0, 0]


def test_cells_are_counted_or_expanded_or_both(spark):
    trips = _trips(spark, {ONE_SITE: ["08 A,B 9", "08 B 1"]})
    cells = frame(
        spark,
        """hour_ts  | origin | destination | vehicle_class | expanded | se
           08:00:00 | A      | B           | car           | 10.1     | 1
           08:00:00 | A      | C           | car           | 0.5      | 1
           08:00:00 | C      | C           | car           | 0.001    | 1""",
    )
    columns = ["origin_site_id", "destination_site_id", "trips", "vehicles", "trips_expanded"]
    assert shown(with_expanded(od_hour(trips), cells, cell=SITE_CELL), columns) == [
        ["A", "B", "9", "9", "10.1"],
        ["A", "C", "0", "0", "0.5"],
        ["B", "B", "1", "1", "-"],
    ]


def test_a_cell_is_partial_while_one_of_its_ends_is_down(spark):
    cells = frame(
        spark,
        """hour_ts  | origin_site_id | destination_site_id | vehicles
           08:00:00 | A              | B                   | 20
           09:00:00 | A              | B                   | 20
           09:00:00 | B              | A                   | 2
           09:00:00 | B              | B                   | 2""",
    )
    hours = frame(spark, "hour_ts | site_id | status\n 08:00:00 | A | ok\n 09:00:00 | A | missing\n 09:00:00 | B | ok")
    assert shown(with_status(cells, site_hours=hours), ["hour_ts", "origin_site_id", "destination_site_id", "status"]) == [
        ["08:00:00", "A", "B", "ok"],
        ["09:00:00", "A", "B", "partial"],
        ["09:00:00", "B", "A", "partial"],
        ["09:00:00", "B", "B", "low_n"],
    ]


def test_outages_count_in_quarters_of_the_hour_and_over_the_cameras_of_a_site(spark):
    hours = frame(
        spark,
        """hour_ts  | camera_id | down_s
           08:00:00 | a         | 3600
           08:00:00 | b1        | 3600
           08:00:00 | b2        | 0
           09:00:00 | a         | 200
           10:00:00 | a         | 1000""",
    )
    found = outages(hours, sites={"A": ["a"], "B": ["b1", "b2"]})
    assert shown(found, ["hour_ts", "outage"]) == [["08:00:00", "A=0,B=2"], ["10:00:00", "A=3"]]
    assert up_shares("A=0,B=2") == {"A": 0.0, "B": 0.5} and up_shares("") == {}


def test_rare_chains_are_pooled_by_their_ends(spark):
    trips = _trips(spark, {ONE_SITE: ["07 A,B,C 1", "08 A,B,C 3", "08 A,C 2", "08 B,A,C 1", "08 A,C,B,C 1", "08 B 1"]})
    found = patterns(trips, down=outages(frame(spark, DOWN), sites=SITES), timezone=ZONE)
    columns = ["hour_ts", "site_ids", "trips"]
    assert shown(pooled(found, most=5), columns) == shown(found, columns)
    assert shown(pooled(found, most=2), columns) == [
        ["07:00:00", "A,B,C", "1"],
        ["08:00:00", "A,B,C", "3"],
        ["08:00:00", "A,C", "3"],
        ["08:00:00", "B", "1"],
        ["08:00:00", "B,C", "1"],
    ]
