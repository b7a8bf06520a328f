"""Frequent chains, and trips fitted to counts of the city."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from jobs.od_chains import chain_day, frequent_chains
from jobs.od_counts import CELL, day_counts, fitted_days, zone_od_fit_day
from jobs.od_weights import fit_days
from jobs.s10_flows.od import write_fitted
from kordon.city import Count, load
from kordon.lake import Lake
from kordon.run import Run
from kordon.tables import TABLES
from tests.spec.table import frame

ZONE = ZoneInfo("Europe/Brussels")
DAY, NEXT = dt.date(2026, 3, 10), dt.date(2026, 3, 11)


def _chains(*rows):
    """Trips by chain and class of one stratum each, as od collects them."""
    made = [(DAY, kind, "morning", "", tuple(chain), n) for chain, kind, n in rows]
    return pd.DataFrame(made, columns=["service_day", "vehicle_class", "day_part", "outage", "site_ids", "trips"])


def _fits(found, **q):
    """The estimate of the day with q by site; NaN where nothing tells it."""
    rows = [(DAY, site, kind, "morning", value, 0.0) for site, value in q.items() for kind in ("car", "van")]
    columns = ["service_day", "site_id", "vehicle_class", "day_part", "q", "q_se"]
    return fit_days(found, pd.DataFrame(rows, columns=columns))


def _count(site, start, end, n, *, kind="all"):
    span = (dt.datetime.fromisoformat(moment).replace(tzinfo=ZONE).astimezone(dt.UTC) for moment in (start, end))
    return Count(site, *span, kind, n, "tube")


WHOLE = ("2026-03-10 04:00", "2026-03-11 04:00")


def test_frequent_chains_have_two_sites_and_ten_vehicles(spark):
    lines = [f"v{n} | S1,S2 | - " for n in range(10)] + ["v0 | S1,S2 | -"]
    lines += [f"v{n} | S1 | -" for n in range(20)] + [f"v{n} | S2,S1 | -" for n in range(9)]
    lines += [f"v{n} | S2,S3 | clone_suspect" for n in range(12)]
    found = frequent_chains(frame(spark, "vid | site_ids | flags\n" + "\n".join(lines))).collect()
    assert [(row.site_ids, row.trips, row.vehicles) for row in found] == [(["S1", "S2"], 11, 10)]


def test_a_chain_is_expanded_by_the_chance_that_all_of_it_was_read_and_partial_where_a_site_was_down():
    # of 100 trips A-B with q .8 there are 64 seen whole, 16 at A and 16 at B alone, 4 not at all
    fits = _fits(_chains(("AB", "car", 64), ("A", "car", 16), ("B", "car", 16)), A=0.8, B=0.8)
    found = pd.DataFrame(
        [(DAY, ["A", "B"], 64, 60), (DAY, ["B", "C"], 20, 20)], columns=["service_day", "site_ids", "trips", "vehicles"]
    )
    made = pd.DataFrame(list(chain_day(found, fits, down={(DAY, "C")})), columns=TABLES["flow_chain_day"].column_names)
    assert made.trips_expanded[0] == pytest.approx(100, rel=0.02)
    assert made.trips_se[0] > 0
    assert made.status.tolist() == ["ok", "partial"]
    # a chain that the estimate does not know is not expanded
    assert pd.isna(made.trips_expanded[1])


def test_a_count_is_of_the_service_day_when_its_rows_follow_on_each_other_from_four_to_four():
    hours = [
        _count("A", f"2026-03-{10 + h // 24:02} {h % 24:02}:00", f"2026-03-{10 + (h + 1) // 24:02} {(h + 1) % 24:02}:00", 10)
        for h in range(4, 28)
    ]
    by_calendar = [_count("B", "2026-03-10", "2026-03-11", 500), _count("C", "2026-03-10 06:00", "2026-03-10 22:00", 300)]
    twice = [_count("D", *WHOLE, 100), _count("D", *WHOLE, 120)]
    with_class = [_count("E", *WHOLE, 100), _count("E", *WHOLE, 20, kind="van")]
    by_class = [_count("F", *WHOLE, 90, kind="car"), _count("F", *WHOLE, 20, kind="van")]
    found = day_counts([*hours, *by_calendar, *twice, *with_class, *by_class], days=[DAY], zone=ZONE)
    assert [(c.site_id, c.vehicle_class, c.counted, c.reason) for c in found] == [
        ("A", "all", 240, None),
        ("B", "all", 500, "partial_day"),
        ("C", "all", 300, "partial_day"),
        ("D", "all", 220, "overlapping"),
        ("E", "all", 100, None),
        ("F", "car", 90, None),
        ("F", "van", 20, None),
    ]


def test_the_service_day_of_a_count_is_the_clocks():
    # the clock goes forward on 29 March: the day from 04:00 on the 28th has 23 hours
    (count,) = day_counts([_count("A", "2026-03-28 04:00", "2026-03-29 04:00", 7)], days=[dt.date(2026, 3, 28)], zone=ZONE)
    assert count.reason is None and count.counted == 7


ZONES = {"A": "west", "B": "west", "C": "east"}


def _tables(counts, fits, cells=None):
    rows, factors = fitted_days(day_counts(counts, days=[DAY, NEXT], zone=ZONE), fits, zone=ZONES)
    report = pd.DataFrame(rows, columns=TABLES["flow_count_fit_day"].column_names).set_index(["site_id", "vehicle_class"])
    given = pd.DataFrame(cells or [], columns=[*CELL, "trips_expanded", "trips_se"])
    return report, list(zone_od_fit_day(given, factors))


def test_trips_are_fitted_to_the_counts_that_they_pass_class_by_class():
    # Everybody is seen: 100 cars and 40 vans A-C, 60 cars B-C. The city counted 150 cars at A and 180 of all at C.
    fits = _fits(_chains(("AC", "car", 100), ("AC", "van", 40), ("BC", "car", 60)), A=1.0, B=1.0, C=1.0)
    cells = [
        (DAY, "west", "east", "car", 160.0, 16.0),
        (DAY, "west", "east", "van", 40.0, 4.0),
        (DAY, "east", "east", "van", None, None),
    ]
    report, fitted = _tables([_count("A", *WHOLE, 150, kind="car"), _count("C", *WHOLE, 260)], fits, cells)
    assert report.reason.isna().all()
    assert report.passages_prior.tolist() == pytest.approx([100, 200])
    assert report.passages_fitted.tolist() == pytest.approx([150, 260], rel=1e-4)
    # at C vans and cars from B share what is left: 110 for 100
    assert report.factor["C", "all"] == pytest.approx(1.1, rel=1e-3)
    assert [row[3] for row in fitted] == ["car", "van"]
    assert [row[-2] for row in fitted] == pytest.approx([150 + 66, 44], rel=1e-3)
    # the relative error is that of before
    assert [row[-1] / row[-2] for row in fitted] == pytest.approx([0.1, 0.1], rel=1e-3)


def test_a_count_that_needs_more_than_the_cap_is_shown_with_what_it_reached():
    fits = _fits(_chains(("AC", "car", 100)), A=1.0, C=1.0)
    report, fitted = _tables([_count("A", *WHOLE, 500)], fits, [(DAY, "west", "east", "car", 100.0, 10.0)])
    assert report.loc[("A", "all"), ["counted", "passages_fitted", "factor", "reason"]].tolist() == [500, 300.0, 3.0, "capped"]
    assert fitted[0][-3:] == (3.0, 300.0, 30.0)


def test_counts_that_no_trips_can_meet_refuse_the_day_and_are_named():
    fits = _fits(_chains(("AC", "car", 100), ("C", "car", 50)), A=1.0, B=1.0, C=1.0)
    report, fitted = _tables(
        [_count("B", *WHOLE, 80), _count("C", *WHOLE, 160)], fits, [(DAY, "west", "east", "car", 100.0, 9.0)]
    )
    assert report.reason.to_dict() == {("B", "all"): "impossible", ("C", "all"): "refused"}
    assert report.passages_prior.tolist() == pytest.approx([0.0, 150.0], rel=1e-4) and report.passages_fitted.isna().all()
    assert fitted == []


def test_a_day_without_an_estimate_says_so():
    later = _count("A", "2026-03-11 04:00", "2026-03-12 04:00", 80)
    report, fitted = _tables([later], [])
    assert report.reason.tolist() == ["unidentified"] and fitted == []


@pytest.mark.parametrize("has_counts", [True, False])
def test_the_tables_of_the_fit_are_written_for_cities_with_counts_only(spark, tmp_path, has_counts):
    vliet = load(Path(__file__).resolve().parents[2] / "cities" / "vliet")
    city = replace(
        vliet, counts=(_count("s01", *WHOLE, 120), _count("s02", "2026-03-10", "2026-03-11", 9)) if has_counts else ()
    )
    run = Run(spark, Lake(spark, str(tmp_path)), city, [DAY], "r", dt.datetime.now(dt.UTC), tmp_path)
    zone = {site.site_id: site.zone_id for site in city.sites}
    cell = (DAY, zone["s01"], zone["s02"], "car", 100, 90, 100.0, 5.0, "ok")
    run.write("flow_zone_od_day", run.lake.rows("flow_zone_od_day", [cell]))
    fits = _fits(_chains((("s01", "s02"), "car", 100)), s01=1.0, s02=1.0)
    write_fitted(run, fits)
    if not has_counts:
        assert set(run._staged) == {"flow_zone_od_day"}
        return
    report = {row.site_id: (row.factor, row.reason) for row in run.table("flow_count_fit_day").collect()}
    assert report == {"s01": (1.2, None), "s02": (None, "partial_day")}
    (fitted,) = run.table("flow_zone_od_fit_day").collect()
    assert (fitted.trips_expanded, fitted.trips_fitted, fitted.trips_fitted_se) == pytest.approx((100, 120, 6), rel=1e-4)
