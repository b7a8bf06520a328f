"""A shared month of trips by hour, attacked together with the days that are out: neither tells what the other hides."""

import calendar
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd
import pytest

from audit.files import read
from kordon.commands.audit import gate
from kordon.errors import ConfigError, PrivacyError, UsageError
from kordon.tables import TABLES
from kordon.tables.record import LONG
from privacy import month_relations
from privacy.governance import policy
from publication import month
from publication import release as releases
from publication.month import assemble_month
from tests.attack.test_suppression_city import small
from tests.releases import approved, published, staged

MADE = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAYS = [date(2026, 2, 1) + timedelta(days=n) for n in range(calendar.monthrange(2026, 2)[1])]
WORKDAY, NEXT = date(2026, 2, 4), date(2026, 2, 5)
TOWN = small(seed=6)
TOWN = replace(
    TOWN,
    calendar=(),
    publication=TOWN.publication.model_copy(
        update={"products": TOWN.publication.products.model_copy(update={"shared": ("od_day", "od_month_hour")})}
    ),
)
ZONES = TOWN.zones_all
KEYS = ["month", "day_type", "hour_of_day", "origin_zone_id", "destination_zone_id"]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    monkeypatch.setattr(releases, "page", lambda **_: "")


def trips(*groups):
    """Single trips, from (day, hours of the day, vehicles an hour, class) and the zones if not the first and the last; the vehicles
    of one hour are other ones in the next."""
    rows = []
    for group, (day, hours, vehicles, cls, *zones) in enumerate(groups):
        origin, destination = zones or (ZONES[0], ZONES[-1])
        for hour in hours:
            starts = datetime.combine(day if hour >= 4 else day + timedelta(days=1), time(hour), TOWN.zone_info).astimezone(UTC)
            rows += [(day, starts, origin, destination, cls, f"{group} {hour} {n}") for n in range(vehicles)]
    columns = ["service_day", "hour_ts", "origin_zone_id", "destination_zone_id", "vehicle_class", "vid"]
    return pd.DataFrame(rows, columns=columns)


def counted(found, table):
    keys = list(TABLES[table].key)
    rows = found.groupby(keys)["vid"].agg(trips="size", vehicles="nunique").reset_index()
    rows = rows.assign(expanded=rows["trips"] / 0.9, expanded_se=np.sqrt(rows["trips"]))
    absent = {
        c.name: None if c.may_be_null else 0 if c.type == LONG else 0.0 for c in TABLES[table].columns if c.name not in rows
    }
    return rows.assign(**absent)[[c.name for c in TABLES[table].columns]]


def days_out(found, below, **changes):
    """The days of the month as one release, published."""
    cells = {"od_day": counted(found, "out_od_day_cell")}
    return published(TOWN, below, cells=cells, days=DAYS, said=[], created_at=MADE, audit=gate, **changes)


def month_of(found, below, *, city=TOWN, days=DAYS, audit=gate):
    if policy.latest(city, below / "policy") is None:
        policy.approve(city, by="An Peeters", folder=below / "policy")
    return assemble_month(
        cells=counted(found, "out_od_month_hour_cell"),
        daily=counted(found, "out_od_day_cell"),
        city=city,
        days=days,
        lake=below / "lake",
        out=below,
        policy=policy.require_approved(city, below / "policy").hash,
        created_at=MADE,
        said=[],
        audit=audit,
    )


def rows(release):
    return read(release.path / "release").tables["od_month_hour"]


# A pair that is busy in every hour of one workday, so that all its hours are shown, and has a few trips on another.
BUSY = (WORKDAY, range(24), 12, "car")
EIGHT = [f"0 8 {n}" for n in range(9)]
"""All but three of those that drive at eight."""
FEW = (NEXT, [8], 3, "car")


# What the days hide of other pairs, so that of this one they show all that they can.
OTHERS = [(day, [8], 8, "car", start, ZONES[0]) for day in DAYS for start in (ZONES[0], ZONES[-1])]


def test_the_hours_of_a_busy_pair_are_shown_with_the_sum_of_their_days(tmp_path):
    found = trips(BUSY, (NEXT, range(24), 15, "car"))
    shown = rows(month_of(found, tmp_path)).query("status == 'ok'")
    assert len(shown) == 24
    assert set(shown["trips"]) == {27}
    assert set(shown["day_type"]) == {"workday"}
    assert sorted(shown["hour_of_day"].astype(int)) == list(range(24))


def test_one_vehicle_on_every_day_in_an_otherwise_empty_cell_is_not_published(tmp_path):
    habit = trips(*[(day, [8], 1, "car") for day in DAYS])
    table = rows(month_of(habit, tmp_path))
    assert (table["status"] == "suppressed").all()
    assert table["trips"].isna().all()


def test_control_the_sum_over_days_taken_for_vehicles_would_publish_it(tmp_path, monkeypatch):
    def summed(cells, *, keys, measure):
        return cells.groupby(keys)[[measure, "vehicles"]].sum().reset_index()

    monkeypatch.setattr(month, "pooled", summed)
    assert (rows(month_of(trips(*[(day, [8], 1, "car") for day in DAYS]), tmp_path))["status"] == "ok").any()


def test_an_hour_more_is_hidden_when_the_hours_would_tell_what_the_days_hide(tmp_path):
    found = trips(BUSY, FEW, *OTHERS)
    days_out(found, tmp_path)
    made = month_of(found, tmp_path)
    table = rows(made)
    assert (table["status"] == "ok").sum() == 23
    assert approved(made, TOWN, tmp_path).version == 1


def test_control_without_it_the_gate_closes(tmp_path, monkeypatch):
    monkeypatch.setattr(month_relations, "hide_more", lambda _, *, hidden_rows, k: hidden_rows)
    found = trips(BUSY, FEW, *OTHERS)
    days_out(found, tmp_path)
    with pytest.raises(PrivacyError, match="attack 12"):
        month_of(found, tmp_path)


def test_days_that_would_tell_what_a_month_hides_are_not_released_after_it(tmp_path):
    # At eight three vehicles: hidden in the month, which shows all other hours of the pair; the only class shows all of every day.
    city = replace(TOWN, vehicle_classes=("car",))
    workdays = [day for day in DAYS if day.weekday() < 5]
    found = trips(BUSY, *[(day, [20], 30, "car") for day in workdays], *OTHERS).query(
        "not (service_day == @WORKDAY and vid in @EIGHT)"
    )
    made = month_of(found, tmp_path, city=city)
    assert (rows(made)["status"] == "ok").sum() == 23
    approved(made, city, tmp_path)
    with pytest.raises(PrivacyError, match="attack 12"):
        staged(
            city, tmp_path, cells={"od_day": counted(found, "out_od_day_cell")}, days=DAYS, said=[], created_at=MADE, audit=gate
        )


def test_a_month_is_a_calendar_month_that_the_city_publishes(tmp_path):
    found = trips(BUSY)
    with pytest.raises(UsageError, match="calendar month"):
        month_of(found, tmp_path, days=DAYS[:7])
    without = TOWN.publication.products.model_copy(update={"shared": ("od_day",)})
    city = replace(TOWN, publication=TOWN.publication.model_copy(update={"products": without}))
    with pytest.raises(ConfigError, match=r"products\.shared"):
        month_of(found, tmp_path, city=city)


def test_a_later_month_repeats_what_moved_little_and_changes_what_moved_by_k(tmp_path):
    approved(month_of(trips(BUSY), tmp_path), TOWN, tmp_path)
    assert not month_of(trips(BUSY, (NEXT, [8], 9, "car")), tmp_path).is_new
    later = month_of(trips(BUSY, (WORKDAY, range(12), 15, "van")), tmp_path)
    assert later.version == 2
    assert sorted(rows(later)["trips"].dropna()) == [12.0] * 12 + [27.0] * 12
