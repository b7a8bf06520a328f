"""Who enters a cordon: mix, returns and time windows, on a day small enough to check by eye."""

import datetime as dt

import pandas as pd
import pytest

from jobs.entries import OUTSIDE, PART, cordon_days, entry_counts, is_allowed
from jobs.s10_flows.access_day import access_day
from jobs.s10_flows.mix_day import mix_day
from jobs.s10_flows.repeat_visit_day import repeat_visit_day
from kordon.city import AccessWindow
from kordon.tables import TABLES
from tests.spec.table import DAY, frame

ZONE = "Europe/Brussels"
DATE = dt.date.fromisoformat(DAY)
WINDOWS = (
    AccessWindow("zone", "all", "", 0, 11 * 60),
    AccessWindow("zone", "bus", "workday", 11 * 60, 18 * 60),
    AccessWindow("zone", "car", "sunday", 11 * 60, 18 * 60),
)
# Local time is an hour later. A comes three times, the last one at 11:00 sharp; D leaves only; E is seen at a cordon without windows.
ENTRIES = """
    visit_id | vid | cordon_id | vehicle_class | country | site_id | direction | ts
    v1       | A   | zone      | car           | BE      | i1      | in        | 07:00:00
    v2       | A   | zone      | car           | BE      | i2      | in        | 09:59:59
    v3       | A   | zone      | car           | BE      | i1      | in        | 10:00:00
    v4       | B   | zone      | bus           | BE      | i1      | in        | 10:30:00
    v5       | C   | zone      | car           | -       | i2      | in        | 14:00:00
    v5       | C   | zone      | car           | -       | o1      | out       | 14:30:00
    v6       | D   | zone      | car           | NL      | o1      | out       | 15:00:00
    v7       | E   | ring      | car           | NL      | r1      | in        | 11:00:00
"""


@pytest.fixture(scope="module")
def counts(spark):
    allowed = is_allowed(WINDOWS, day_types={DATE: "workday"}, timezone=ZONE)
    return entry_counts(frame(spark, ENTRIES), allowed=allowed, timezone=ZONE).toPandas()


def _days(counts, *, q=0.8, least_up=1.0):
    """Cordon days with the same q everywhere."""
    parts = counts[counts.what == PART]
    told = parts[["service_day", "site_id", "vehicle_class", "day_part"]].drop_duplicates().assign(q=q, q_se=0.0)
    return cordon_days(counts, told, least_up={(DATE, cordon): least_up for cordon in ("zone", "ring")})


def _rows(name, made, *columns):
    table = pd.DataFrame(list(made), columns=TABLES[name].column_names)
    return table[list(columns)].to_numpy().tolist()


def test_an_entry_is_allowed_in_a_window_of_its_class_whose_end_is_not_in_it(counts):
    parts = counts[counts.what == PART]
    seen = parts.groupby(["cordon_id", "vehicle_class", "is_allowed"], dropna=False).n.sum()
    # two cars before 11:00 are allowed, one at 11:00 and one at 15:00 are not; buses are; the ring restricts nobody
    assert {key: n for key, n in seen.items() if key[0] == "zone"} == {
        ("zone", "car", True): 2,
        ("zone", "car", False): 2,
        ("zone", "bus", True): 1,
    }
    assert parts[parts.cordon_id == "ring"].is_allowed.isna().all()
    assert counts[counts.what == OUTSIDE][["vehicle_class", "n"]].to_numpy().tolist() == [["car", 2]]


def test_the_mix_counts_entries_and_vehicles_by_class_and_country_and_its_shares_add_up(counts):
    made = list(mix_day(_days(counts)))
    columns = ("cordon_id", "vehicle_class", "country", "entries", "vehicles", "entries_expanded", "share", "status")
    assert _rows("flow_mix_day", made, *columns) == [
        ["ring", "car", "NL", 1, 1, 1.25, 1.0, "low_n"],
        ["zone", "bus", "BE", 1, 1, 1.25, 0.2, "low_n"],
        ["zone", "car", "BE", 3, 1, 3.75, 0.6, "low_n"],
        ["zone", "car", "unknown", 1, 1, 1.25, 0.2, "low_n"],
    ]
    for low, share, high in _rows("flow_mix_day", made, "share_low", "share", "share_high"):
        assert 0 <= low < share <= high <= 1


def test_compliance_is_the_share_of_entries_within_the_windows(counts):
    made = list(access_day(_days(counts)))
    columns = ("cordon_id", "vehicle_class", "entries", "entries_outside", "vehicles", "vehicles_outside", "outside_expanded")
    assert _rows("flow_access_day", made, *columns, "compliance") == [
        ["zone", "bus", 1, 0, 1, 0, 0.0, 1.0],
        ["zone", "car", 4, 2, 2, 2, 2.5, 0.5],
    ]
    (bus, car) = _rows("flow_access_day", made, "compliance_low", "compliance_high", "outside_se")
    # one bus that keeps to the rule does not make all buses do so for certain
    assert bus[0] < 1 and bus[2] > 0
    assert car[0] < 0.5 < car[1]


def test_returns_are_those_of_a_vehicle_at_a_cordon_and_misses_are_put_back(counts):
    made = list(repeat_visit_day(_days(counts, q=1.0)))
    zone_cars = [row for row in made if row[1:3] == ("zone", "car")]
    assert _rows("flow_repeat_visit_day", zone_cars, "entries", "vehicles", "vehicles_expanded") == [
        [1, 1, 1.0],
        [2, 0, 0.0],
        [3, 1, 1.0],
        [4, 0, 0.0],
        [5, 0, 0.0],
    ]
    missed = [row for row in repeat_visit_day(_days(counts, q=0.8)) if row[1:3] == ("zone", "car")]
    # seen three times with chance .512: 1 / .512 of those who came three times; none of them may be seen less often than that
    assert _rows("flow_repeat_visit_day", missed, "vehicles_expanded")[2] == [round(1 / 0.8**3, 4)]


def test_without_q_or_with_a_gate_down_for_most_of_the_day_counts_stay_and_figures_do_not(counts):
    for days, status in ((_days(counts, q=float("nan")), "low_n"), (_days(counts, least_up=0.4), "partial")):
        made = list(mix_day(days))
        assert _rows("flow_mix_day", made, "entries_expanded", "share", "capped", "status") == [[None, None, None, status]] * 4
        assert next(row[-3:] for row in repeat_visit_day(days)) == (None, None, status)
        for row in _rows("flow_access_day", access_day(days), "entries_expanded", "outside_se", "compliance", "status"):
            assert row == [None, None, None, status]
    partial = list(mix_day(_days(counts, least_up=0.9)))
    assert _rows("flow_mix_day", partial, "entries_expanded", "status")[0] == [1.25, "partial"]
