"""The city folder: three cities that load, key periods, governance, the hash."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from kordon.city import Governance, KeyPolicy, Methods, check, load, refuse_ungoverned
from kordon.city.report import render
from kordon.errors import ConfigError

VLIET = Path(__file__).resolve().parents[2] / "cities" / "vliet"

CITY = """
[city]
id = "minimal"
name = "Minimal"
country = "BE"
timezone = "Europe/Brussels"

[governance]
legal_basis = "GDPR 6(1)(e), decree of 2026"
dpia_reference = "DPIA-1"
source_type = "own_mobility_camera"
"""
SOURCE = """
files = "*.csv"
format = "csv"

[columns]
camera_id = "camera"
captured_at = "time"
plate = "plate"
"""
ZONES = """{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"zone_id": "west", "name": "West", "district_id": "d1"},
 "geometry": {"type": "Polygon", "coordinates": [[[4, 50], [5, 50], [5, 51], [4, 51], [4, 50]]]}},
{"type": "Feature", "properties": {"zone_id": "east"},
 "geometry": {"type": "Polygon", "coordinates": [[[5, 50], [6, 50], [6, 51], [5, 51], [5, 50]]]}}
]}"""
FILES = {
    "city.toml": CITY,
    "sources/trafico.toml": SOURCE,
    "sites.csv": "site_id,name,lon,lat,heading_deg,direction,road_class,zone_id\n"
    "s1,Noord,4.5,50.5,90,in,primary,\n"
    "s2,Zuid,5.5,50.5,,,,\n"
    "s3,Ver,9.0,50.5,,out,,\n",
    "cameras.csv": "camera_id,source,supplier_camera_id,site_id,valid_from,valid_to\n"
    "c1,trafico,K1,s1,,2026-03-29\n"
    "c2,trafico,K1,s2,2026-03-29,\n"
    "c3,trafico,,s3,2026-01-01 06:30,\n",
    "gates.csv": "cordon_id,gate_id,name,site_id,direction\nring,g1,Noord,s1,in\nring,g2,Zuid,s2,out\n",
    "zones.geojson": ZONES,
}

SURVEY = {
    "city.toml": """
[city]
id = "sierra_2"
name = "Sierra"
country = "MX"
timezone = "Etc/GMT+6"
languages = ["es"]
licence = "CC BY 4.0"
vehicle_classes = ["car", "truck"]

[governance]
legal_basis = "Statute 12"
dpia_reference = "DPIA-7"
source_type = "parking"

[keys]
period = "survey"
first_day = 2026-01-01
last_day = "2027-01-31"
dpia_covers_period = true

[methods]
max_stay_days = 400
""",
    "sources/tolls.toml": """
files = "**/*.csv.gz"
format = "csv"
encoding = "cp1252"
delimiter = "\\t"
decimal = ","
header = false
compression = "gzip"
promise = "P1DT12H"

[columns]
captured_at = 1
plate = 3

[constants]
camera_id = "booth"
lane = 2

[time]
formats = ["dd-MM-yyyy HH:mm:ss", "epoch_s"]

[plates]
kind = "tag"
unread = []
""",
    "sites.csv": "site_id,name,lon,lat\np,Plaza,-99.1,19.4\n",
    "cameras.csv": "camera_id,source,supplier_camera_id,site_id\nbooth_1,tolls,booth,p\n",
    "gates.csv": "\ufeffcordon_id,gate_id,site_id,direction\ntown,g,p,both\n",
    "zones.geojson": '{"type": "FeatureCollection", "features": []}',
}


def write(folder: Path, *, base: dict[str, str] = FILES, **changes: str | bytes | None) -> Path:
    """A city folder of the base files and the changes, whose names have ``__`` for ``/`` and ``_`` for the last dot."""
    files: dict[str, str | bytes | None] = dict(base)
    for name, content in changes.items():
        stem, _, ending = name.replace("__", "/").rpartition("_")
        files[f"{stem}.{ending}"] = content
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        elif path.exists():
            path.unlink()
    return folder


def said(folder: Path, severity: str = "error") -> list[str]:
    return [str(problem) for problem in check(folder) if problem.severity == severity]


def test_a_minimal_city_loads_without_a_problem(tmp_path):
    city = load(write(tmp_path))
    assert check(tmp_path) == []
    assert (city.id, city.languages, city.licence) == ("minimal", ("en",), "CC-BY-4.0")
    assert city.vehicle_classes == ("car", "van", "truck", "bus", "motorcycle", "other", "unknown")
    assert city.freight_classes == ("van", "truck")
    assert city.methods == Methods() and city.methods.dwell_bins_s[:3] == (0, 300, 600)
    assert (city.sdc.k, city.sdc.dominance_one_pct, city.sdc.dominance_two_pct) == (10, 40, 60)
    assert (city.retention.raw_hours, city.retention.core_days, city.retention.flow_years) == (72, 7, 3)
    source = city.sources[0]
    assert (source.source, source.time_zone, source.unread) == ("trafico", "Europe/Brussels", ("",))
    refuse_ungoverned(city)


def test_a_site_is_in_the_polygon_around_it_or_external(tmp_path):
    city = load(write(tmp_path))
    assert [(site.zone_id, site.district_id) for site in city.sites] == [
        ("west", "d1"),
        ("east", None),
        ("external", None),
    ]
    assert city.zones_all == ("west", "east", "external")


def test_a_zone_that_sites_csv_names_wins_over_the_polygon(tmp_path):
    sites = "site_id,name,lon,lat,zone_id\ns1,Noord,4.5,50.5,east\ns2,Zuid,5.5,50.5,\ns3,Ver,4.5,50.5,\n"
    city = load(write(tmp_path, sites_csv=sites))
    assert [site.zone_id for site in city.sites] == ["east", "east", "west"]
    assert city.zones_all == ("west", "east")


def test_validity_is_local_midnight_and_may_follow_on(tmp_path):
    first, second, third = load(write(tmp_path)).cameras
    assert first.valid_from is None and first.valid_to == datetime(2026, 3, 28, 23, tzinfo=UTC) == second.valid_from
    assert third.valid_from == datetime(2026, 1, 1, 5, 30, tzinfo=UTC)
    assert (first.supplier_camera_id, third.supplier_camera_id) == ("K1", "c3")


def test_a_toll_survey_with_one_two_way_cordon_loads(tmp_path):
    city = load(write(tmp_path, base=SURVEY))
    assert check(tmp_path) == []
    assert (city.timezone, city.licence) == ("Etc/GMT+6", "CC-BY-4.0")
    assert city.vehicle_classes == ("car", "truck", "unknown") and city.freight_classes == ("truck",)
    assert city.gates[0].direction == "both" and city.methods.max_stay_days == 400
    assert city.key_period(date(2026, 12, 31)) == ("survey", date(2026, 1, 1), date(2027, 1, 31))
    with pytest.raises(ConfigError, match="2027-02-01 lies outside the survey"):
        city.key_period(date(2027, 2, 1))
    source = city.sources[0]
    assert source.columns == {"captured_at": 1, "plate": 3} and source.constants == {"camera_id": "booth", "lane": "2"}
    assert (source.plate_kind, source.unread, source.promise_h, source.delimiter) == ("tag", (), 36.0, "\t")
    assert source.time_zone == "Etc/GMT+6"
    refuse_ungoverned(city)


def test_the_shipped_city_is_fine():
    assert check(VLIET) == []
    city = load(VLIET)
    assert {gate.cordon_id for gate in city.gates} == set(city.cordons) and len(city.sources) >= 2
    refuse_ungoverned(city)
    text = render([], city)
    assert "Vliet" in text and "0 errors, 0 warnings" in text


@pytest.mark.parametrize(
    ("period", "label", "first", "last"),
    [
        ("service_day", "2026-12-31", date(2026, 12, 31), date(2026, 12, 31)),
        ("week", "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("month", "2026-12", date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_the_key_period_of_a_service_day(tmp_path, period, label, first, last):
    city = replace(load(write(tmp_path)), keys=KeyPolicy(period=period))
    assert city.key_period(date(2026, 12, 31)) == (label, first, last)
    assert city.key_period(first) == city.key_period(last)


def test_a_day_type_comes_from_the_calendar_or_the_weekday(tmp_path):
    city = load(write(tmp_path, calendar_csv="date,day_type,note\n2026-03-10,event,market\n"))
    days = [date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 14), date(2026, 3, 15)]
    assert [city.day_type(day) for day in days] == ["event", "workday", "saturday", "sunday"]


@pytest.mark.parametrize(
    ("governance", "keys", "reason"),
    [
        ({"legal_basis": ""}, {}, "no legal basis"),
        ({"legal_basis": "<mandatory>"}, {}, "no legal basis"),
        ({"dpia_reference": "  "}, {}, "no reference of an impact assessment"),
        ({"source_type": "police"}, {}, "police cameras"),
        ({}, {"period": "week"}, "keys last a week"),
    ],
)
def test_a_city_whose_processing_is_not_on_record_is_refused(tmp_path, governance, keys, reason):
    given = {"legal_basis": "law", "dpia_reference": "DPIA-1", "source_type": "parking"} | governance
    city = replace(load(write(tmp_path)), governance=Governance(**given), keys=KeyPolicy(**keys))
    with pytest.raises(ConfigError, match=reason) as refusal:
        refuse_ungoverned(city)
    assert refusal.value.exit_code == 3


def test_a_missing_legal_basis_is_a_warning_of_check_and_does_not_hide_the_city(tmp_path):
    write(tmp_path, city_toml=CITY.replace("legal_basis", "# legal_basis"))
    assert said(tmp_path) == []
    assert said(tmp_path, "warning") == [
        "city.toml:8: governance.legal_basis: there is no legal basis; put it in legal_basis; nothing runs without it"
    ]
    with pytest.raises(ConfigError, match="Minimal may not be processed"):
        refuse_ungoverned(load(tmp_path))


def test_the_hash_follows_what_a_run_reads_and_nothing_else(tmp_path):
    before = load(write(tmp_path)).config_hash
    simulator = ("simulation.toml", "network_edges.csv", "network/nodes.csv")
    for name in (*simulator, "sites.csv~", ".sites.csv.swp", "#sites.csv#", ".git/HEAD", "sources/old.toml.bak"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert load(tmp_path).config_hash == before and len(before) == 64
    assert check(tmp_path) == []
    (tmp_path / "outages.csv").write_text("camera_id,from,to,reason\n")
    with_outages = load(tmp_path).config_hash
    (tmp_path / "outages.csv").write_text("camera_id,from,to,reason\n\n")
    assert len({before, with_outages, load(tmp_path).config_hash}) == 3


def test_the_hash_does_not_depend_on_where_the_folder_is(tmp_path):
    assert load(write(tmp_path / "a")).config_hash == load(write(tmp_path / "b")).config_hash


@pytest.mark.parametrize("content", [None, {}])
def test_a_folder_that_is_no_city_is_refused_in_a_sentence(tmp_path, content):
    folder = tmp_path / "nowhere"
    if content is not None:
        folder.mkdir()
    with pytest.raises(ConfigError, match=r"is not a folder|city\.toml: is missing in .*nowhere"):
        load(folder)
    assert len(check(folder)) == 1


def test_the_refusal_lists_every_error_on_its_own_line(tmp_path):
    write(tmp_path, city_toml=CITY.replace("BE", "Belgium"), gates_csv="cordon_id,gate_id,site_id,direction\nr,g,s9,up\n")
    with pytest.raises(ConfigError) as refusal:
        load(tmp_path)
    lines = str(refusal.value).splitlines()
    assert lines[0].endswith("has 3 errors:")
    assert [line.split(": ")[0] for line in lines[1:]] == ["  city.toml:5", "  gates.csv:2", "  gates.csv:2"]


def test_importing_the_loader_imports_neither_pandas_nor_shapely_nor_spark():
    code = "import sys, kordon.city; sys.exit(any(m in sys.modules for m in ('pandas', 'shapely', 'pyspark', 'rich')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
