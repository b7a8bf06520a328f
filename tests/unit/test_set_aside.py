"""Which lone plates are taken for misreads: by what misreads of the day look like, and only where the day tells."""

import datetime as dt

import pandas as pd
import pytest

from jobs.plates.aside import CERTAIN, JOINED, LONE, Look, likely_misreads

DAY = dt.date(2026, 3, 10)


def counted(*rows):
    return pd.DataFrame(rows, columns=["source", "country", "plate_quality", "step", "kind", "rows"]).assign(service_day=DAY)


RIGHT = [
    ("alfa", "BE", "match", 18, CERTAIN, 5000),
    ("alfa", "BE", "match", 12, CERTAIN, 50),
    ("alfa", "LT", "generic", 18, CERTAIN, 200),
]
WRONG = [
    ("alfa", "BE", "match", 12, JOINED, 60),
    ("alfa", "BE", "generic", 12, JOINED, 35),
    ("alfa", "BE", "match", 18, JOINED, 5),
]
ALONE = [
    ("alfa", "BE", "match", 18, LONE, 700),
    ("alfa", "BE", "match", 12, LONE, 40),
    ("alfa", "BE", "generic", 12, LONE, 30),
    ("alfa", "LT", "generic", 18, LONE, 60),
]


def test_what_looks_like_the_misreads_of_the_day_is_set_aside_and_nothing_else():
    """Of plates that match and were read with a low confidence five in six are misreads, which is not sure enough."""
    assert likely_misreads(counted(*RIGHT, *WRONG, *ALONE)) == [Look(DAY, "alfa", "BE", "generic", 12)]


@pytest.mark.parametrize("wrong", [[], [("alfa", "BE", "generic", 12, JOINED, 29)]])
def test_a_day_with_few_known_misreads_tells_nothing(wrong):
    assert likely_misreads(counted(*RIGHT, *wrong, *ALONE)) == []


def test_a_confidence_that_means_nothing_sets_no_good_plate_aside():
    flat = [(source, country, quality, 18, kind, rows) for source, country, quality, _, kind, rows in (*RIGHT, *WRONG, *ALONE)]
    rows = (
        counted(*flat).groupby(["service_day", "source", "country", "plate_quality", "step", "kind"]).rows.sum().reset_index()
    )
    assert likely_misreads(rows) == [Look(DAY, "alfa", "BE", "generic", 18)]


def test_days_do_not_see_each_other():
    other = counted(*RIGHT, *ALONE).assign(service_day=DAY + dt.timedelta(days=1))
    assert {look.service_day for look in likely_misreads(pd.concat([counted(*RIGHT, *WRONG, *ALONE), other]))} == {DAY}
