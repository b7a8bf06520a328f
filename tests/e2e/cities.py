"""City folders of independent input: written by tests from ``../shared``, never part of the project."""

import csv
import gzip
import json
import math
import shutil
from pathlib import Path

GOVERNANCE = """
[governance]
controller = "a test"
dpo = "dpo@test.example"
contact = "contact@test.example"
legal_basis = "none needed: no personal data"
dpia_reference = "test"
purposes = ["test"]
recipients = ["nobody"]
source_type = "own_mobility_camera"
"""


def _city_toml(*, city_id: str, timezone: str, classes: list[str], keys: str, methods: str) -> str:
    return f"""
[city]
id = "{city_id}"
name = "{city_id}"
country = "BE"
timezone = "{timezone}"
languages = ["en", "nl"]
licence = "CC0-1.0"
vehicle_classes = {json.dumps(classes)}
service_day_start = "04:00"
{GOVERNANCE}
[keys]
{keys}
[methods]
{methods}
[publication]
base_url = "https://test.example/"
"""


def _write_csv(path: Path, header: str, rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)


def _square(zone_id: str, lon: float, lat: float, half: float) -> dict[str, object]:
    ring = [[lon - half, lat - half], [lon + half, lat - half], [lon + half, lat + half], [lon - half, lat + half]]
    return {
        "type": "Feature",
        "properties": {"zone_id": zone_id, "name": zone_id},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }


def _write_zones(path: Path, *features: dict[str, object]) -> None:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))


SITE_HEADER = "site_id,name,lon,lat,heading_deg,direction,road_class,zone_id"
CAMERA_HEADER = "camera_id,source,supplier_camera_id,site_id,valid_from,valid_to"
GATE_HEADER = "cordon_id,gate_id,name,site_id,direction"


def vast(folder: Path, shared: Path) -> Path:
    """The gates of the VAST Challenge 2017 preserve: a closed cordon of five entrances, tickets instead of plates."""
    data = shared / "data" / "vast2017_mc1" / "lekagul_sensor_data.csv.gz"
    (folder / "city" / "sources").mkdir(parents=True)
    (folder / "landing" / "tickets").mkdir(parents=True)
    shutil.copyfile(data, folder / "landing" / "tickets" / "reads.csv.gz")
    with gzip.open(data, "rt") as file:
        gates = sorted({row["gate-name"] for row in csv.DictReader(file)})
    # The map of the preserve is a picture; a ring of about its size stands in for the coordinates.
    place = {name: (4.0 + 0.08 * math.cos(n), 50.0 + 0.05 * math.sin(n)) for n, name in enumerate(gates)}
    _write_csv(
        folder / "city" / "sites.csv",
        SITE_HEADER,
        [[g, g, f"{place[g][0]:.5f}", f"{place[g][1]:.5f}", "", "", "local", ""] for g in gates],
    )
    _write_csv(folder / "city" / "cameras.csv", CAMERA_HEADER, [[f"c-{g}", "tickets", g, g, "", ""] for g in gates])
    entrances = [g for g in gates if g.startswith("entrance")]
    _write_csv(folder / "city" / "gates.csv", GATE_HEADER, [["preserve", g, g, g, "both"] for g in entrances])
    _write_zones(folder / "city" / "zones.geojson", _square("west", 3.95, 50.0, 0.05))
    (folder / "city" / "city.toml").write_text(
        _city_toml(
            city_id="vast",
            timezone="Etc/GMT+6",
            classes=["car", "truck", "bus", "other"],
            keys='period = "survey"\nfirst_day = 2015-04-30\nlast_day = 2016-05-31\ngrace_hours = 48\ndpia_covers_period = true',
            methods="max_stay_days = 400\ndedup_gap_s = 2",
        )
    )
    (folder / "city" / "sources" / "tickets.toml").write_text(
        """
files = "*.csv.gz"
format = "csv"
compression = "gzip"
delimiter = ","
header = true

[columns]
captured_at = "Timestamp"
plate = "car-id"
vehicle_class = "car-type"
camera_id = "gate-name"

[time]
formats = ["yyyy-MM-dd HH:mm:ss"]

[classes]
"1" = "car"
"2" = "truck"
"3" = "truck"
"4" = "truck"
"5" = "bus"
"6" = "bus"
"2P" = "other"

[plates]
kind = "tag"
"""
    )
    return folder


def mopac(folder: Path, shared: Path) -> Path:
    """One toll gantry in two directions: the file names no camera, so the profile does."""
    (folder / "city" / "sources").mkdir(parents=True)
    (folder / "landing" / "toll").mkdir(parents=True)
    shutil.copyfile(shared / "data" / "mopac_express" / "express.csv", folder / "landing" / "toll" / "express.csv")
    _write_csv(folder / "city" / "sites.csv", SITE_HEADER, [["gantry", "Gantry", 4.0, 50.0, "", "", "motorway", ""]])
    _write_csv(folder / "city" / "cameras.csv", CAMERA_HEADER, [["gantry-1", "toll", "", "gantry", "", ""]])
    _write_csv(folder / "city" / "gates.csv", GATE_HEADER, [["road", "gantry", "Gantry", "gantry", "both"]])
    _write_zones(folder / "city" / "zones.geojson", _square("z", 4.0, 50.0, 0.01))
    (folder / "city" / "city.toml").write_text(
        _city_toml(
            city_id="mopac",
            timezone="America/Chicago",
            classes=["car", "unknown"],
            keys='period = "service_day"',
            methods="min_stop_s = 600",
        )
    )
    (folder / "city" / "sources" / "toll.toml").write_text(
        """
files = "*.csv"
format = "csv"

[columns]
captured_at = "time"
plate = "plate"
direction = "direction"

[constants]
camera_id = "gantry-1"

[time]
formats = ["iso"]

[directions]
North = "in"
South = "out"

[plates]
kind = "plate"
"""
    )
    return folder


def bath(folder: Path, shared: Path) -> Path:
    """The real survey of Bath 2017: 66 directed cameras, an outer and an inner ring."""
    (folder / "city" / "sources").mkdir(parents=True)
    with (shared / "data" / "bath_banes_anpr" / "sites.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    direction = {"1": "in", "2": "out"}
    _write_csv(
        folder / "city" / "sites.csv",
        SITE_HEADER,
        [
            [
                f"s{r['id']}",
                f"{r['description']} {r['direction']}",
                r["longitude"],
                r["latitude"],
                "",
                direction.get(r["in_out"], ""),
                "",
                "",
            ]
            for r in rows
        ],
    )
    _write_csv(
        folder / "city" / "cameras.csv",
        CAMERA_HEADER,
        [[f"c{r['id']}", "survey", r["id"], f"s{r['id']}", "", ""] for r in rows],
    )
    ring = {"1": "outer", "2": "inner"}
    _write_csv(
        folder / "city" / "gates.csv",
        GATE_HEADER,
        [
            [ring[r["radial_group"]], f"l{r['location_id']}", r["description"], f"s{r['id']}", direction[r["in_out"]]]
            for r in rows
            if r["radial_group"] in ring and r["in_out"] in direction
        ],
    )
    _write_zones(folder / "city" / "zones.geojson", _square("bath", -2.36, 51.38, 0.05))
    (folder / "city" / "city.toml").write_text(
        _city_toml(
            city_id="bath",
            timezone="Europe/London",
            classes=["car", "van", "truck", "bus", "motorcycle", "unknown"],
            keys='period = "service_day"',
            methods="min_stop_s = 600",
        )
    )
    (folder / "city" / "sources" / "survey.toml").write_text(
        """
files = "*.csv"
format = "csv"

[columns]
camera_id = "site_id"
captured_at = "t"
plate = "vehicle_id"

[time]
formats = ["iso"]

[plates]
kind = "tag"
"""
    )
    return folder
