"""A release: a whole folder or none, numbered, never changed, and telling what it is."""

import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from shapely.geometry import shape

from kordon.errors import ConfigError, PrivacyError, UsageError
from privacy.governance import policy
from publication import release as releases
from publication.products import PRODUCTS
from publication.release import build
from publication.statement import statement
from tests.attack.test_suppression_city import DAY, cells, vliet
from tests.releases import approved, published

MADE = datetime(2026, 3, 14, 9, tzinfo=UTC)
DAYS = [DAY, DAY + timedelta(days=1)]


@pytest.fixture(scope="module")
def day_cells():
    return cells(vliet(), days=DAYS, vehicles=3000, seed=5)


def said(*, q=(0.9, 0.96), down_s=3600.0, moved=0.03):
    """The error statement of a day whose first two sites are known, and whose cameras were down for an hour of a hundred."""
    detection = pd.DataFrame({"site_id": ["s01", "s02"], "q": pd.array(q, "Float64")})
    shares = {"through_share": 0.2, "through_share_short": 0.2 - moved, "through_share_long": 0.21} if moved else {}
    columns = ["vehicle_class", "through_share", "through_share_short", "through_share_long"]
    through = pd.DataFrame([{"vehicle_class": "all", **shares}], columns=columns)
    return statement(
        detection=detection, cameras=pd.DataFrame({"hours": [100], "down_s": [down_s]}), through=through, city=vliet()
    )


def made(day_cells, out, *, days=DAYS, created_at=MADE, **changes):
    given = {p: t[t["service_day"].isin(days)] for p, t in day_cells.items()}
    return published(vliet(), out, **{"cells": given, "days": days, "said": said(), "created_at": created_at, **changes})


@pytest.fixture(scope="module")
def folder(day_cells, tmp_path_factory):
    return made(day_cells, tmp_path_factory.mktemp("releases")).path


def package_of(folder):
    return json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_release_is_one_folder_with_every_file(folder):
    assert folder.parts[-3:] == ("vliet-shared", "2026-03-10_2026-03-11", "v1")
    products = ("gate_hour", "od_day", "gate_pair_day", "through_day", "dwell_day", "travel_time_hour", "camera_health_day")
    expected = {f"{p}.{form}" for p in products for form in ("csv", "parquet")} | {
        f"{x}.geojson" for x in ("sites", "gates", "zones")
    }
    assert set(contents(folder)) == expected | {"datapackage.json", "index.html", "approval.json"}
    assert [p.name for p in folder.parent.iterdir()] == ["v1"]


def test_the_same_cells_and_instant_give_the_same_bytes(day_cells, folder, tmp_path):
    again = contents(made(day_cells, tmp_path).path)
    assert {**again, "approval.json": b""} == {**contents(folder), "approval.json": b""}


def test_csv_and_parquet_say_the_same_and_a_hidden_value_is_an_empty_field(folder):
    for product in ("gate_hour", "od_day", "gate_pair_day", "through_day"):
        text = pd.read_csv(folder / f"{product}.csv", dtype=str, keep_default_na=False)
        typed = pq.read_table(folder / f"{product}.parquet").to_pandas()
        assert list(text.columns) == list(typed.columns)
        measure = text.columns[-2]
        hidden = text["status"] == "suppressed"
        assert hidden.any()
        assert (text.loc[hidden, measure] == "").all()
        assert (typed[measure].isna() == (text[measure] == "")).all()
        assert not {"vehicles", "through_vehicles", "other_vehicles"} & set(text.columns)
    hour = pd.read_csv(folder / "gate_hour.csv", dtype=str)["hour"]
    assert hour[0] == "2026-03-10T04:00:00+01:00"


def test_the_manifest_names_every_data_file_with_its_size_and_hash(folder):
    package = package_of(folder)
    assert {r["path"] for r in package["resources"]} == set(contents(folder)) - {
        "datapackage.json",
        "index.html",
        "approval.json",
    }
    for resource in package["resources"]:
        data = (folder / resource["path"]).read_bytes()
        assert resource["bytes"] == len(data)
        assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    about = package["kordon"]
    assert (about["status"], about["k"]) == ("trial, not audited", 10)
    assert about["config_hash"] == vliet().config_hash
    assert set(about["suppression"]) == {product.name for product in PRODUCTS if product.is_of_vehicles}


def test_the_error_statement_says_what_the_figures_rest_on(folder):
    points = {point["about"]: point["en"] for point in package_of(folder)["kordon"]["statement"]}
    assert "93% at the middle site, 90% to 96% over 2 of" in points["What cameras miss"]
    assert "at most 3 points" in points["Where driving through ends"]
    assert "down for 1.0% of the time" in points["Cameras that were down"]
    assert "10 minutes or longer" in points["What a stop is"]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert all(text in page for text in points.values())


def test_cameras_that_do_not_tell_what_they_miss_are_said_to():
    points = {point.about: point.en for point in said(q=(None, None))}
    assert "nothing is corrected" in points["What cameras miss"]


def test_the_schema_fits_the_csv(folder):
    for resource in package_of(folder)["resources"]:
        if resource["format"] == "csv":
            header = (folder / resource["path"]).read_text(encoding="utf-8").splitlines()[0].split(",")
            assert [field["name"] for field in resource["schema"]["fields"]] == header
            assert all(field["description"] and field["description_nl"] for field in resource["schema"]["fields"])
            rows = pd.read_csv(folder / resource["path"], dtype=str)
            assert not rows.duplicated(resource["schema"]["primaryKey"]).any()


def test_the_layers_are_geojson_in_wgs84_with_outer_rings_counter_clockwise(folder):
    for layer, key in (("sites", "site_id"), ("gates", "gate_id"), ("zones", "zone_id")):
        content = json.loads((folder / f"{layer}.geojson").read_text(encoding="utf-8"))
        assert content["type"] == "FeatureCollection"
        assert "crs" not in content
        assert all(feature["properties"][key] for feature in content["features"])
        for feature in content["features"]:
            area = shape(feature["geometry"])
            assert area.is_valid
            if area.geom_type == "Polygon":
                assert area.exterior.is_ccw


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("href", "src") and value and not value.startswith("#")]


def test_the_page_needs_no_network_and_every_link_is_a_file_beside_it(folder):
    text = (folder / "index.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(text)
    targets = [link for link in links.found if not link.startswith("#")]
    assert {t for t in targets if not t.startswith("data:")} >= {"gate_hour.csv", "datapackage.json"}
    assert all((folder / t).is_file() for t in targets if not t.startswith("data:"))
    assert "<script" not in text
    assert not re.search(r"url\((?!#)", text)


def test_the_page_says_trial_and_where_the_approval_is_and_escapes_what_it_is_given(day_cells, tmp_path):
    text = (made(day_cells, tmp_path, overrides=["<b>rule</b>"]).path / "index.html").read_text(encoding="utf-8")
    assert "Trial, not audited" in text
    assert 'href="approval.json"' in text
    assert "&lt;b&gt;rule&lt;/b&gt;" in text
    assert text.count('role="img" aria-label=') == 3


def test_the_same_data_again_is_the_version_that_is_there(day_cells, tmp_path):
    first = made(day_cells, tmp_path)
    before = contents(first.path)
    again = made(day_cells, tmp_path, created_at=MADE + timedelta(days=1))
    assert (first.is_new, again.is_new, again.version, again.path) == (True, False, 1, first.path)
    assert contents(first.path) == before


def test_other_data_is_a_new_version_and_the_old_one_stays_as_it_was(day_cells, tmp_path):
    first = made(day_cells, tmp_path)
    before = contents(first.path)
    od = day_cells["od_day"]
    busier = {**day_cells, "od_day": od.assign(trips=od["trips"] + 50, vehicles=od["vehicles"] + 50)}
    second = made(busier, tmp_path)
    assert (second.version, second.is_new, second.path.name) == (2, True, "v2")
    assert package_of(second.path)["kordon"]["replaces"] == "v1"
    assert contents(first.path) == before


def test_a_release_of_another_period_that_shares_a_day_is_refused_by_name(day_cells, tmp_path):
    made(day_cells, tmp_path)
    with pytest.raises(ConfigError, match=r"overlaps .*2026-03-10_2026-03-11"):
        made(day_cells, tmp_path, days=DAYS[1:])


def test_days_that_touch_do_not_overlap_and_one_day_is_named_once(day_cells, tmp_path):
    assert made(day_cells, tmp_path, days=DAYS[:1]).path.parts[-2:] == ("2026-03-10", "v1")
    assert made(day_cells, tmp_path, days=DAYS[1:]).version == 1


def test_what_stops_half_way_leaves_nothing(day_cells, tmp_path, monkeypatch):
    def broken(**_):
        raise RuntimeError("out of disk")

    monkeypatch.setattr(releases, "page", broken)
    with pytest.raises(RuntimeError):
        made(day_cells, tmp_path)
    assert not any(tmp_path.rglob("*.csv"))
    assert not (tmp_path / "vliet-shared").exists()


def test_a_hidden_row_with_a_value_stops_everything(day_cells, tmp_path, monkeypatch):
    real = releases.publish_all

    def careless(true, *, status):
        rows = real(true, status=status)
        rows["od_day"].loc[rows["od_day"]["status"] == "suppressed", "trips"] = 0
        return rows

    monkeypatch.setattr(releases, "publish_all", careless)
    with pytest.raises(PrivacyError, match="od_day"):
        made(day_cells, tmp_path)
    assert not any(tmp_path.rglob("*.csv"))


def test_the_main_numbers_follow_from_the_files(folder):
    said = package_of(folder)["kordon"]["summary"]
    trips = pd.read_csv(folder / "od_day.csv")
    columns = {"counted": "trips", "value": "trips_expanded", "low": "low", "high": "high"}
    assert said["trips"] == {"left_out": 0, **{name: trips[column].sum() for name, column in columns.items()}}
    through = pd.read_csv(folder / "through_day.csv").query("vehicle_class == 'all' and cordon_id == 'ring'")
    assert said["through_share"]["ring"]["value"] == pytest.approx(
        (through["through_share"] * through["entries"]).sum() / through["entries"].sum(), abs=1e-4
    )


@pytest.mark.parametrize("days", [[], [DAY, DAY + timedelta(days=2)]])
def test_a_period_without_days_or_with_gaps_is_refused(day_cells, tmp_path, days):
    with pytest.raises(UsageError):
        made(day_cells, tmp_path, days=days)


def test_days_that_are_not_complete_are_refused_with_what_to_run(spark, tmp_path):
    from kordon import days
    from kordon.lake import Lake

    lake = Lake(spark, str(tmp_path / "lake"))
    four = [DAY + timedelta(days=n) for n in range(4)]
    states = zip(four, ("complete", "open", "stale"), strict=False)
    days.write(lake, [days.Day(day, state, "r", "c", "0.1.0", {"out_od_day_cell": 0}) for day, state in states], metadata={})
    said = r"2026-03-11 \(open\), 2026-03-12 \(stale\), 2026-03-13 \(never computed\).*--days 2026-03-11\.\.2026-03-13"
    policy.approve(vliet(), by="An", folder=tmp_path)
    with pytest.raises(ConfigError, match=said):
        build(lake=lake, city=vliet(), days=four, out=tmp_path, created_at=MADE, approvals=tmp_path)


def test_a_release_from_a_lake_is_that_from_the_same_cells_in_memory(spark, day_cells, tmp_path):
    from kordon import days
    from kordon.lake import Lake, schema
    from kordon.tables import TABLES

    lake = Lake(spark, str(tmp_path / "lake"))
    one = {p: t[t["service_day"] == DAY] for p, t in day_cells.items()}
    versions = {}
    for product, table in one.items():
        record = TABLES[f"out_{product}_cell"]
        rows = [tuple(_plain(value) for value in row) for row in table[list(record.column_names)].itertuples(index=False)]
        frame = spark.createDataFrame(rows, schema(record))
        versions[record.name] = lake.replace(record.name, frame, where=f"service_day = '{DAY}'", metadata={"days": [str(DAY)]})
    for name in ("core_detection", "core_camera_hour", "flow_through_day"):
        nothing = spark.createDataFrame([], schema(TABLES[name]))
        versions[name] = lake.replace(name, nothing, where=f"service_day = '{DAY}'", metadata={"days": [str(DAY)]})
    day = days.Day(DAY, "complete", "r1", "c", "0.1.0", versions)
    days.write(lake, [day], metadata={})
    policy.approve(vliet(), by="An", folder=tmp_path / "policy")
    built = build(lake=lake, city=vliet(), days=[DAY], out=tmp_path, created_at=MADE, approvals=tmp_path / "policy")
    nothing_known = said(q=(None, None), down_s=0.0, moved=None)
    given = made(day_cells, tmp_path / "b", days=[DAY], runs=[day], said=nothing_known)
    out = approved(built, vliet(), tmp_path)
    assert {**contents(out.path), "approval.json": b""} == {**contents(given.path), "approval.json": b""}
    assert package_of(out.path)["kordon"]["runs"][0]["run_id"] == "r1"


def _plain(value):
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime().astimezone(UTC)
    if isinstance(value, date | str):
        return value
    if value is None or pd.isna(value):
        return None
    return int(value) if isinstance(value, int | np.integer) else float(value)
