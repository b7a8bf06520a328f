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


def _trips(spark, *lines):
    """Trips from lines such as ``08 A,B 5``: hour (UTC), chain, how many."""
    rows = [(hour, chain, n) for hour, chain, many in (line.split() for line in lines) for n in range(int(many))]
    text = "vid | vehicle_class | site_ids | first_site_id | last_site_id | start_ts | flags\n" + "\n".join(
        f"v{h}{c}{n} | car | {c} | {c[0]} | {c[-1]} | {h}:10:00 | -" for h, c, n in rows
    )
    return frame(spark, text)


def _detection(spark, **q):
    parts = ("morning", "day", "evening")
    text = "site_id | vehicle_class | day_part | q | q_se | method\n" + "\n".join(
        f"{site} | car | {part} | {'-' if value is None else value} | 0.01 | -" for site, value in q.items() for part in parts
    )
    made = frame(spark, text, service_day="2026-03-10")
    return made.withColumns({name: F.col(name).cast("double") for name in ("q", "q_se")}).toPandas()


def _down(spark, *lines):
    """Camera hours from lines such as ``09 a 3600``; a camera is up in all other hours."""
    text = "hour_ts | camera_id | down_s\n" + "\n".join(f"{h}:00:00 | {c} | {s}" for h, c, s in map(str.split, lines))
    return outages(frame(spark, text), sites=SITES)


def _expanded(spark, trips, detection, down, *, place=None):
    found = patterns(trips, down=down, timezone=ZONE)
    chains = found.groupBy(*STRATUM, "site_ids").agg(F.sum("trips").alias("trips")).toPandas()
    made = weights(spark, fit_days(chains, detection), place=place or {site: site for site in SITES})
    return found, expanded(found, made, cell=CELL, model_error=0.0)


def _by_cell(rows, *names):
    return {
        tuple(str(row[name])[-8:-6] if name == "hour_ts" else row[name] for name in names): row.expanded
        for row in rows.collect()
    }


def test_a_site_that_reads_four_in_five_stands_for_ten_trips_where_eight_were_seen(spark):
    _, cells = _expanded(spark, _trips(spark, "08 A 8"), _detection(spark, A=0.8), _down(spark, "08 a 0"))
    (row,) = cells.collect()
    assert row.expanded == pytest.approx(10)
    # 8 trips, each standing for 1.25: 8 * (1.25 ** 2 - 1.25) = 2.5; q: (10 / 0.8 * 0.01) ** 2; each trip may be none: 0.4 * 10
    assert row.se == pytest.approx((2.5 + 0.125**2 + 4.0) ** 0.5, rel=0.01)


def test_trips_missed_at_their_first_camera_go_back_to_it(spark):
    trips = _trips(spark, "08 A,B,C 81", "08 A,C 9", "08 B,C 9", "08 A,B 9", "08 A 1", "08 B 1", "08 C 1")
    _, cells = _expanded(spark, trips, _detection(spark, A=0.9, B=0.9, C=0.9), _down(spark, "08 a 0"))
    found = _by_cell(cells, "origin", "destination")
    # all drove A-B-C: 81 were read at all three cameras, 9 each missed one, 1 each missed two, and one in a thousand missed all
    assert found["A", "C"] == pytest.approx(111 / 0.999, rel=0.02)
    assert sum(found.values()) == pytest.approx(111 / 0.999, rel=0.001)
    assert found["B", "C"] + found["A", "B"] < 2


def test_while_a_site_is_down_its_trips_keep_the_proportions_of_other_hours(spark):
    trips = _trips(spark, "08 A,B 30", "08 B 10", "09 B 40", "08 C 10", "09 C 10", "08 A 10")
    detection = _detection(spark, A=0.999, B=0.999, C=0.999)
    _, cells = _expanded(spark, trips, detection, _down(spark, "08 a 0", "09 a 3600"))
    found = _by_cell(cells, "hour_ts", "origin", "destination")
    assert found["09", "A", "B"] == pytest.approx(30, rel=0.02)
    assert found["09", "B", "B"] == pytest.approx(10, rel=0.05)
    # what nobody can see in that hour has its share of what the other hour shows: 10 of 60, and 50 of the 60 are seen
    assert found["09", "A", "A"] == pytest.approx(10, rel=0.02)


def test_a_cell_is_not_expanded_where_nothing_tells_q_of_an_end(spark):
    trips = _trips(spark, "08 A,B 9", "08 B 9")
    found, cells = _expanded(spark, trips, _detection(spark, A=None, B=0.9), _down(spark, "08 a 0"))
    estimates = _by_cell(cells, "origin", "destination")
    assert estimates["A", "B"] is None and estimates["B", "B"] == pytest.approx(10, rel=0.2)
    # a zone that holds such a site is not expanded either
    _, cells = _expanded(
        spark, trips, _detection(spark, A=None, B=0.9), _down(spark, "08 a 0"), place=dict.fromkeys(SITES, "z")
    )
    assert _by_cell(cells, "origin") == {("z",): None}
    # a day without any q has no estimate at all
    assert fit_days(found.toPandas(), _detection(spark, A=None, B=None)) == []
    nothing = weights(spark, [], place={site: site for site in SITES})
    assert expanded(found, nothing, cell=CELL, model_error=0.0).collect() == []


def test_cells_are_counted_or_expanded_or_both(spark):
    trips = _trips(spark, "08 A,B 9", "08 B 1")
    _, cells = _expanded(spark, trips, _detection(spark, A=0.9, B=0.9), _down(spark, "08 a 0"))
    lost = cells.filter("origin = 'A'")
    rows = with_expanded(od_hour(trips), lost, cell=SITE_CELL).collect()
    assert {(r.origin_site_id, r.destination_site_id): (r.trips, r.trips_expanded is None) for r in rows} == {
        ("A", "B"): (9, False),
        ("B", "B"): (1, True),
    }
    unseen = with_expanded(od_hour(trips).limit(0), lost, cell=SITE_CELL).collect()
    assert [(r.trips, r.vehicles, round(r.trips_expanded)) for r in unseen] == [(0, 0, 11)]


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
    trips = _trips(spark, "08 A,B,C 3", "09 A,B,C 1", "08 A,C 2", "08 B,A,C 1", "08 A,C,B,C 1", "08 B 1")
    found = patterns(trips, down=_down(spark, "08 a 0"), timezone=ZONE)
    columns = ["hour_ts", "site_ids", "trips"]
    assert shown(pooled(found, most=5), columns) == shown(found, columns)
    assert shown(pooled(found, most=2), columns) == [
        ["08:00:00", "A,B,C", "3"],
        ["08:00:00", "A,C", "3"],
        ["08:00:00", "B", "1"],
        ["08:00:00", "B,C", "1"],
        ["09:00:00", "A,B,C", "1"],
    ]
