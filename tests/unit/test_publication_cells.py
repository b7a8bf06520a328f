"""The rows of a product are fixed by the city folder: nobody learns anything from a row that is not there."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from kordon.errors import ConfigError
from publication.cells import cell_set, dense, hours
from publication.products import CAMERA_HEALTH_DAY, GATE_HOUR, GATE_PAIR_DAY, OD_DAY, PRODUCTS, THROUGH_DAY
from publication.published import published
from tests.attack.test_suppression_city import DAY, vliet

BRUSSELS = ZoneInfo("Europe/Brussels")


@pytest.mark.parametrize(("day", "number"), [("2026-03-10", 24), ("2026-03-28", 23), ("2026-10-24", 25)])
def test_a_service_day_has_the_hours_that_the_clock_gives_it(day, number):
    found = hours(date.fromisoformat(day), timezone=BRUSSELS)
    assert len(found) == number
    assert found[0].astimezone(BRUSSELS).hour == 4
    assert found[-1].astimezone(BRUSSELS).hour == 3


def test_every_product_has_its_whole_set_of_rows():
    city = vliet()
    classes, zones = len(city.vehicle_classes), len(city.zones_all)
    expected = {
        "gate_hour": 24 * (2 * 8 + 2 * 6) * classes,
        "od_day": zones * zones * classes,
        # Same gate: no driving through.
        "gate_pair_day": (8 * 8 * 2 - 8) + (6 * 6 * 2 - 6),
        "through_day": 2 * (classes + 1),
        "dwell_day": 2 * len(city.methods.dwell_bins_s),
        "travel_time_hour": 24 * len(city.sites) * 12,
        "camera_health_day": len({camera.camera_id for camera in city.cameras}),
    }
    for product in PRODUCTS:
        rows = cell_set(product, city=city, days=[DAY])
        assert len(rows) == expected[product.name]
        assert not rows.duplicated().any()


def test_a_cell_that_was_not_stored_is_a_zero_to_be_hidden_and_one_that_was_down_is_missing():
    city = vliet()
    hour = datetime(2026, 3, 10, 7, tzinfo=UTC)
    cells = pd.DataFrame(
        [
            (DAY, hour, "ring", "g_west", "in", "car", 40, 38, "ok"),
            (DAY, hour, "ring", "g_west", "in", "van", None, None, "missing"),
        ],
        columns=[
            "service_day",
            "hour_ts",
            "cordon_id",
            "gate_id",
            "direction",
            "vehicle_class",
            "passages",
            "vehicles",
            "status",
        ],
    )
    rows = dense(GATE_HOUR, cells, city=city, days=[DAY])
    here = rows[(rows["hour"] == hour) & (rows["gate_id"] == "g_west") & (rows["direction"] == "in")].set_index("vehicle_class")
    assert here.loc["car", "passages"] == 40
    assert pd.isna(here.loc["van", "passages"])
    assert here.loc["bus", "passages"] == 0
    assert here["status"].to_dict() | {"van": "missing"} == here["status"].to_dict()
    assert here.loc["car", "hour"].isoformat() == "2026-03-10T08:00:00+01:00"


def test_a_camera_that_was_not_there_is_missing_and_not_down():
    city = vliet()
    cells = pd.DataFrame([(DAY, "c01", 87.5, 2)], columns=["service_day", "camera_id", "uptime_pct", "incidents"])
    rows = dense(CAMERA_HEALTH_DAY, cells, city=city, days=[DAY])
    shown = published(CAMERA_HEALTH_DAY, rows, status=rows["status"]).set_index("camera_id")
    assert shown.loc["c01", ["uptime_pct", "incidents", "status"]].tolist() == [87.5, 2, "ok"]
    assert shown.loc["c02", ["uptime_pct", "incidents"]].isna().all()
    assert shown.loc["c02", "status"] == "missing"


def test_a_cell_that_the_city_folder_does_not_know_is_refused_by_name():
    cells = pd.DataFrame(
        [(DAY, "z01", "z99", "car", 40, 38)],
        columns=["service_day", "origin_zone_id", "destination_zone_id", "vehicle_class", "trips", "vehicles"],
    )
    with pytest.raises(ConfigError, match=r"destination_zone_id z99.*kordon run"):
        dense(OD_DAY, cells, city=vliet(), days=[DAY])


def test_the_share_is_empty_where_its_row_is_hidden():
    rows = pd.DataFrame(
        {
            "date": [DAY, DAY],
            "cordon_id": ["ring", "ring"],
            "vehicle_class": ["car", "van"],
            "entries": pd.array([400, 30], "Int64"),
            "through": pd.array([100, 3], "Int64"),
            "through_share": [0.28126, 0.12],
            "through_share_low": [0.27, 0.02],
            "through_share_high": [0.29, 0.3],
        }
    )
    table = published(THROUGH_DAY, rows, status=pd.Series(["ok", "suppressed"]))
    assert table.loc[0, ["through_share", "low", "high"]].tolist() == [0.2813, 0.27, 0.29]
    assert table.loc[1, ["entries", "through", "through_share", "low", "high"]].isna().all()


def test_an_estimate_is_shown_with_its_interval_or_not_at_all():
    rows = pd.DataFrame(
        {
            "date": [DAY] * 3,
            "cordon_id": ["ring"] * 3,
            "entry_gate_id": ["g1", "g2", "g3"],
            "exit_gate_id": ["g2", "g3", "g1"],
            "kind": ["through"] * 3,
            "visits": pd.array([100, 11, 12], "Int64"),
            "expanded": pd.array([123.4, 13.2, 14.0], "Float64"),
            "expanded_se": pd.array([5.0, 10.0, None], "Float64"),
        }
    )
    table = published(GATE_PAIR_DAY, rows, status=pd.Series(["ok", "ok", "ok"]))
    # 1.96 standard errors to each side, never below nothing.
    assert table.loc[0, ["visits", "visits_expanded", "low", "high"]].tolist() == [100, 123, 114, 133]
    assert table.loc[1, ["low", "high"]].tolist() == [0, 33]
    assert table.loc[2, "visits"] == 12
    assert table.loc[2, ["visits_expanded", "low", "high"]].isna().all()


def test_the_meaning_of_a_column_is_that_of_the_table_record():
    from kordon.tables import TABLES

    visits = next(c for c in GATE_PAIR_DAY.measures if c.name == "visits")
    record = next(c for c in TABLES["out_gate_pair_day_cell"].columns if c.name == "visits")
    assert (visits.en, visits.nl) == (record.en, record.nl)
    for product in PRODUCTS:
        assert all(column.en and column.nl for column in product.columns)
