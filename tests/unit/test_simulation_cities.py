"""The second city: other roads, other suppliers, the same promises; and the scenarios on both."""

import csv
import datetime as dt
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kordon.city import check
from simulation import perfect_cameras, simulate
from simulation.place import read_place
from simulation.settings import read_settings
from tests.unit.test_simulation_files import truth

ROOT = Path(__file__).resolve().parents[2]
CITY = ROOT / "cities" / "ravelmonde"
DAY = dt.date(2026, 3, 10)
SCENARIOS = tomllib.loads((ROOT / "fidelity" / "scenarios.toml").read_text())["scenario"]


@pytest.fixture(scope="module")
def perfect(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("perfect")
    simulate(city=CITY, days=[DAY], vehicles=800, seed=5, out=out, overrides=perfect_cameras())
    return out


def profile(source: str) -> dict[str, Any]:
    return tomllib.loads((CITY / "sources" / f"{source}.toml").read_text())


def visier_reads(out: Path) -> pd.DataFrame:
    """CSV without a header: fields by number, ids by line from 1."""
    columns, rows = profile("visier")["columns"], []
    for path in sorted((out / "landing" / "visier").glob("*.csv")):
        data = path.read_bytes()
        prefix = f"visier|{hashlib.sha256(data).hexdigest()}|"
        for line, cells in enumerate(csv.reader(data.decode().splitlines()), start=1):
            assert len(cells) == 11 and cells[1] == ""
            row = {field: cells[number - 1] for field, number in columns.items()}
            row["read_id"] = hashlib.sha256(f"{prefix}{line}".encode()).hexdigest()
            rows.append(row | {"captured": dt.datetime.fromisoformat(row["captured_at"]).timestamp()})
            assert row["captured_at"].endswith("+01:00")
    return pd.DataFrame(rows)


def argus_reads(out: Path) -> pd.DataFrame:
    columns, rows = profile("argus")["columns"], []
    for path in sorted((out / "landing" / "argus").glob("*.jsonl")):
        for text in path.read_text().splitlines():
            row = {field: json.loads(text)[column] for field, column in columns.items()}
            rows.append(row | {"captured": row["captured_at"] / 1000})
    return pd.DataFrame(rows)


def test_the_city_folder_has_no_problem() -> None:
    assert not check(CITY)


@pytest.mark.parametrize(("source", "reads"), [("visier", visier_reads), ("argus", argus_reads)])
def test_its_files_follow_their_profiles_and_its_reads_are_those_of_the_truth(perfect: Path, source: str, reads: Any) -> None:
    how, told = profile(source), reads(perfect)
    vehicle, passage, read = (truth(perfect, name) for name in ("vehicle", "passage", "read"))
    table = told.merge(read, on="read_id", validate="1:1").merge(passage, on="passage_key").merge(vehicle, on="vehicle_key")
    assert len(table) == len(told) > 500
    cameras = pd.read_csv(CITY / "cameras.csv", dtype=str).set_index("camera_id")
    assert (cameras.supplier_camera_id[table.camera_id_y].to_numpy() == table.camera_id_x.to_numpy()).all()
    t = pd.to_datetime(table.t, format="ISO8601").astype("int64") / 1e9
    np.testing.assert_allclose(table.captured, t, atol=0.0015)
    assert (table.plate_x.str.replace(r"[- ]", "", regex=True) == table.plate_y).all()
    assert (table.vehicle_class_x.map(how["classes"]) == table.vehicle_class_y).all()
    assert (table.confidence.astype(float) / how["confidence"]["scale"]).between(0.25, 1).all()
    if "country" in how["columns"]:
        assert (table.country_x.map(how["countries"]) == table.country_y).all()


def test_each_line_of_rubbish_has_a_wrong_width_camera_confidence_or_time(tmp_path: Path) -> None:
    overrides = perfect_cameras()
    overrides["delivery"] |= {"garbage": 0.2}
    simulate(city=CITY, days=[DAY], vehicles=300, seed=5, out=tmp_path, overrides=overrides)
    known, found = set(truth(tmp_path, "read").read_id), set()
    cameras = set(pd.read_csv(CITY / "cameras.csv", dtype=str).supplier_camera_id)
    kinds = set()
    for path in (tmp_path / "landing" / "visier").glob("*.csv"):
        data = path.read_bytes()
        for number, line in enumerate(data.split(b"\n"), start=1):
            key = hashlib.sha256(f"visier|{hashlib.sha256(data).hexdigest()}|{number}".encode()).hexdigest()
            cells = line.decode().split(",")
            if key in known:
                assert len(cells) == 11
                found.add(key)
            elif len(cells) != 11:
                kinds.add("width")
            elif cells[0] not in cameras:
                kinds.add("camera")
            else:
                kinds.add("confidence" if float(cells[6]) > 100 else cells[2][:10])
    assert found == {key for key in known if not key.startswith("AR")}
    assert kinds == {"width", "camera", "confidence", "2026-02-31", ""}


def test_crossings_of_its_cordon_alternate_and_vehicles_are_no_faster_than_they_can_be(perfect: Path) -> None:
    cameras = pd.read_csv(CITY / "cameras.csv")[["camera_id", "site_id"]]
    passage = truth(perfect, "passage").merge(cameras, on="camera_id").sort_values(["vehicle_key", "t"])
    crossing = passage.merge(pd.read_csv(CITY / "gates.csv"), on="site_id").sort_values(["vehicle_key", "t"])
    assert (crossing.direction != crossing.groupby("vehicle_key").direction.shift()).all() and len(crossing) > 500
    sites = pd.read_csv(CITY / "sites.csv")[["site_id", "lon", "lat"]]
    passage = passage.merge(sites, on="site_id").sort_values(["vehicle_key", "t"])
    passage["t"] = pd.to_datetime(passage.t, format="ISO8601")
    before = passage.groupby("vehicle_key")[["lon", "lat", "t"]].shift()
    km = np.hypot((passage.lon - before.lon) * 70.0, (passage.lat - before.lat) * 111.2)
    assert (km / ((passage.t - before.t).dt.total_seconds() / 3600)).max() < 115


def test_every_site_lies_beside_its_road_and_looks_along_it() -> None:
    place = read_place(CITY)
    scale = np.array([111.32 * np.cos(np.radians(51.0)), 110.57])
    at = {n.node_id: np.array([n.lon, n.lat], float) * scale for n in place.nodes.itertuples()}
    roads = {e.site_id: e for e in place.edges.itertuples() if e.site_id}
    for site in place.sites.itertuples():
        road = roads[site.site_id]
        way = at[str(road.to_node)] - at[str(road.from_node)]
        unit = way / np.hypot(*way)
        off = np.array([site.lon, site.lat], float) * scale - at[str(road.from_node)]
        # traffic keeps right
        assert -0.02 < unit[0] * off[1] - unit[1] * off[0] < 0.005
        assert off @ unit / np.hypot(*way) == pytest.approx(float(str(road.site_at)), abs=0.03)
        heading = np.degrees(np.arctan2(*unit))
        assert abs((heading - float(str(site.heading_deg)) + 180) % 360 - 180) < 3


def test_every_scenario_has_a_seed_of_its_own_that_nothing_was_tuned_on() -> None:
    seeds = [scenario["seed"] for scenario in SCENARIOS]
    assert len(set(seeds)) == len(seeds) and min(seeds) > 1000
    names = [[s["name"] for s in SCENARIOS if s["city"] == city] for city in ("vliet", "ravelmonde")]
    assert names[0] == names[1] and len(names[0]) == len(set(names[0]))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: f"{s['city']}-{s['name']}")
def test_the_overrides_of_a_scenario_are_keys_that_the_city_has(scenario: dict[str, Any]) -> None:
    assert set(scenario) - {"goals"} == {"name", "about", "city", "vehicles", "days", "seed", "overrides"}
    read_settings(city=ROOT / "cities" / scenario["city"], overrides=scenario["overrides"])
