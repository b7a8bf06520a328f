"""Whatever a city folder holds, checking it gives problems, never a traceback."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kordon.city import Problem, check
from kordon.city.source import hours
from kordon.city.toml_file import line_of
from tests.unit.test_city import FILES, write

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HEADERS = {
    "sites.csv": "site_id,name,lon,lat,heading_deg,direction,road_class,zone_id",
    "cameras.csv": "camera_id,source,supplier_camera_id,site_id,valid_from,valid_to",
    "gates.csv": "cordon_id,gate_id,name,site_id,direction",
    "outages.csv": "camera_id,from,to,reason",
    "calendar.csv": "date,day_type,note",
    "counts.csv": "site_id,from,to,vehicle_class,count,method",
    "access.csv": "cordon_id,vehicle_class,from,to,day_type,note",
    "weather.csv": "hour,temperature_c,rain_mm",
}
TYPICAL = ["", "s1", "c1", "trafico", "in", "both", "event", "all", "1e999", "-inf", "NaN", "9" * 400, "0x1", "1_0"]
DATES = ["2026-03-10", "0001-01-01", "9999-12-31T23:59:59-23:59", "2026-W11-2", "20260310", "2026-10-25 02:30", "24:00"]
cell = st.one_of(st.sampled_from(TYPICAL + DATES), st.text(max_size=12), st.floats().map(str))


def problems_of(name: str, content: bytes) -> list[Problem]:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        (Path(folder) / name).write_bytes(content)
        found = check(Path(folder))
    for problem in found:
        assert "\n" not in str(problem) and problem.what and problem.cure
        if problem.file == name and problem.line is not None:
            assert 1 <= problem.line <= content.count(b"\n") + content.count(b"\r") + 1
    return found


@pytest.mark.parametrize("name", HEADERS)
@FUZZ
@given(table=st.lists(st.lists(cell, max_size=9), max_size=6))
def test_any_cells_give_problems(name, table):
    width = HEADERS[name].count(",") + 1
    lines = [",".join((row + [""] * width)[:width]) for row in table]
    problems_of(name, "\n".join([HEADERS[name], *lines]).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", [*HEADERS, "zones.geojson", "city.toml", "sources/trafico.toml"])
@FUZZ
@given(content=st.binary(max_size=200), keep=st.booleans())
def test_any_bytes_give_problems(name, content, keep):
    start = FILES.get(name, HEADERS.get(name, "")).encode()
    problems_of(name, start + content if keep else content)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["type", "coordinates"]), inner),
    max_leaves=15,
)


@FUZZ
@given(geometry=json_values, zone_id=json_values, kind=st.sampled_from(["Polygon", "MultiPolygon"]), wrap=st.booleans())
def test_any_geometry_gives_problems(geometry, zone_id, kind, wrap):
    import json

    shape = {"type": kind, "coordinates": geometry} if wrap else geometry
    feature = {"type": "Feature", "properties": {"zone_id": zone_id}, "geometry": shape}
    problems_of("zones.geojson", json.dumps({"features": [feature]}).encode())


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"features": [' + b"[" * 100_000, b"9" * 5000])
def test_deep_or_huge_json_is_a_problem(content):
    assert any(problem.file == "zones.geojson" for problem in problems_of("zones.geojson", content))


@pytest.mark.parametrize("content", ["a = " + "[" * 20_000, "a = " + "9" * 5000, "a = 1979-13-40", "\0"])
def test_deep_or_odd_toml_is_a_problem(content):
    assert any(problem.severity == "error" for problem in problems_of("city.toml", content.encode()))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("PT24H", 24), ("P1D", 24), ("P1DT30M", 24.5), ("24h", 24), ("15min", 0.25), ("1.5 h", 1.5), ("2d", 48)],
)
def test_durations(text, wanted):
    assert hours(text) == wanted


@pytest.mark.parametrize("text", ["", "P", "PT", "24", "1 week", "-1h", "PT1S"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration"):
        hours(text)


def test_a_key_is_found_under_its_table_in_quotes_and_dotted():
    text = 'top = 1\n[a]\nkey = 1\n"quoted key" = 2\n[a.b]\nkey = 3\n[c]\nd.e = 4\n'
    paths = [("top",), ("a", "key"), ("a", "quoted key"), ("a", "b", "key"), ("c", "d", "e"), ("a", "none"), ("z",)]
    assert [line_of(text, path) for path in paths] == [1, 3, 4, 6, 8, 2, None]
