"""What one vehicle-day counts for: at most so much, drawn by a hash, whatever others do; and how much of a cell one vehicle has."""

import datetime as dt
from collections import Counter

import pytest

from jobs import bounding
from jobs.s10_flows.through_day import counted
from tests.spec.table import DAY, frame


def _trips(spark, rows):
    columns = "trip_id string, vid binary, origin_zone_id string, destination_zone_id string, service_day date"
    made = [(trip, vid.encode(), *pair, dt.date.fromisoformat(DAY)) for trip, vid, pair in rows]
    return spark.createDataFrame(made, columns)


MANY = [(f"t{n}", vid, ("z1", f"z{n % 5}")) for n, vid in enumerate("AAAAAAAAAAAAAAAABBB" * 2)]


def test_a_vehicle_day_keeps_six_trips_and_two_of_a_pair_and_others_change_nothing(spark):
    def kept(rows):
        found = bounding.kept_trips(_trips(spark, rows)).filter("is_kept").collect()
        return {(bytes(row.vid).decode(), row.trip_id, row.destination_zone_id) for row in found}

    both = kept(MANY)
    assert Counter(vid for vid, _, _ in both) == {"A": 6, "B": 6}
    assert max(Counter((vid, zone) for vid, _, zone in both).values()) == 2
    alone = kept([row for row in reversed(MANY) if row[1] == "A"])
    assert alone == {row for row in both if row[0] == "A"}
    # By lot: the first six are not the ones that are kept.
    assert {trip for _, trip, _ in alone} != {f"t{n}" for n in range(6)}
    assert len(kept(MANY[16:19])) == 3, "who makes few trips keeps all"


def test_four_crossings_and_two_visits_of_each_cordon(spark):
    rows = [(f"v{n}", way, b"A", cordon) for n in range(5) for way in ("in", "out") for cordon in ("ring", "core")]
    crossed = spark.createDataFrame(
        [(*row, dt.date.fromisoformat(DAY)) for row in rows],
        "visit_id string, direction string, vid binary, cordon_id string, service_day date",
    )
    for found, most in ((bounding.kept_crossings(crossed), 4), (bounding.kept_visits(crossed.filter("direction = 'in'")), 2)):
        assert {r.cordon_id: r["count"] for r in found.filter("is_kept").groupBy("cordon_id").count().collect()} == {
            "ring": most,
            "core": most,
        }


def test_shares_of_a_cell_are_those_of_its_busiest_vehicles(spark):
    rows = [(f"t{n}", vid, ("z1", "z2")) for n, vid in enumerate("AAAAABBBCD")]
    (found,) = bounding.cells(
        bounding.kept_trips(_trips(spark, rows)), cell=["origin_zone_id", "destination_zone_id"], measure="trips"
    ).collect()
    assert (found.trips, found.vehicles) == (10, 4)
    assert (found.largest_share, found.top_two_share) == pytest.approx((0.5, 0.8))
    # Two of A's five, two of B's three, and those of C and D.
    assert found.bounded == 6


@pytest.mark.parametrize(
    ("of_vehicles", "of_one", "of_two"),
    [
        ("AAA", 1.0, 1.0),
        ("AAABBBC", 3 / 7, 6 / 7),
        ("AAABBCCD", 3 / 8, 5 / 8),
        ("ABCD", 1 / 4, 2 / 4),
        ("AAABBBCCC", 3 / 9, 6 / 9),
    ],
)
def test_the_two_busiest_vehicles_are_two_where_others_were_there_as_often(spark, of_vehicles, of_one, of_two):
    rows = [(f"t{n}", vid, ("z1", "z2")) for n, vid in enumerate(of_vehicles)]
    (found,) = bounding.cells(bounding.kept_trips(_trips(spark, rows)), cell=["origin_zone_id"], measure="trips").collect()
    assert (found.trips, found.vehicles) == (len(of_vehicles), len(set(of_vehicles)))
    assert (found.largest_share, found.top_two_share) == pytest.approx((of_one, of_two))


def test_entries_tell_their_vehicles_and_their_busiest_ones(spark):
    visits = frame(
        spark,
        """vid | cordon_id | vehicle_class | visit_class
           A   | ring      | car           | through
           A   | ring      | car           | visit
           A   | ring      | car           | through
           B   | ring      | van           | no_exit""",
    )
    found = {row.vehicle_class: row for row in counted(visits).collect()}
    of_all = found["all"]
    assert (of_all.entries, of_all.through, of_all.vehicles, of_all.through_vehicles, of_all.other_vehicles) == (4, 2, 2, 1, 2)
    assert (of_all.largest_share, of_all.top_two_share, found["car"].largest_share) == pytest.approx((0.75, 1.0, 1.0))
