"""A small city folder and a run over it, for tests of what becomes of supplier files."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kordon.city import City, load
from kordon.lake import Lake
from kordon.run import Run

CITY = """
[city]
id = "proef"
name = "Proef"
country = "BE"
timezone = "Europe/Brussels"
vehicle_classes = ["car", "van", "truck", "unknown"]

[governance]
legal_basis = "a test"
dpia_reference = "a test"
source_type = "own_mobility_camera"
"""
ZONE = """{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"zone_id": "west", "name": "West"},
 "geometry": {"type": "Polygon", "coordinates": [[[4, 50], [5, 50], [5, 51], [4, 51], [4, 50]]]}}]}"""
SITES = "site_id,name,lon,lat,heading_deg,direction,road_class,zone_id\n"
SITES += "s1,Noord,4.5,50.5,90,in,primary,\ns2,Zuid,4.6,50.5,,,,\n"
GATES = "cordon_id,gate_id,name,site_id,direction\nring,g1,Noord,s1,in\nring,g2,Zuid,s2,out\n"

SOURCE = """
files = "*.csv"
format = "csv"
[columns]
camera_id = "camera"
captured_at = "time"
plate = "plate"
"""
"""A source whose files are read as they are."""

LOADED_AT = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)


def city_folder(folder: Path, *, sources: Mapping[str, str], cameras: Sequence[str]) -> City:
    """A city of two sites with the sources (id -> TOML) and the rows of ``cameras.csv``."""
    (folder / "sources").mkdir(parents=True)
    header = "camera_id,source,supplier_camera_id,site_id,valid_from,valid_to"
    files = {"city.toml": CITY, "sites.csv": SITES, "gates.csv": GATES, "zones.geojson": ZONE}
    files["cameras.csv"] = "\n".join([header, *cameras]) + "\n"
    for name, text in {**files, **{f"sources/{name}.toml": toml for name, toml in sources.items()}}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load(folder)


def put(landing: Path, file: str, content: bytes | str) -> Path:
    """Write a supplier's file below the landing folder."""
    path = landing / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def ingest(spark: Any, city: City, *, landing: Path, lake: Path, run_id: str = "r1", closed: set[dt.date] | None = None) -> Run:
    """Run the step alone and commit it."""
    from jobs import s01_ingest

    run = Run(
        spark=spark,
        lake=Lake(spark, str(lake)),
        city=city,
        days=[dt.date(2026, 3, 10)],
        run_id=run_id,
        started_at=LOADED_AT,
        keystore=lake.parent / "keys",
        landing=landing,
    )
    run.closed_days = closed or set()
    s01_ingest.main(run)
    run.finish("ingest", still_read=[])
    return run


def loads(lake: Lake) -> dict[str, Any]:
    """``ops_load`` by file; every row's lines add up."""
    found = {row.file: row for row in lake.read("ops_load").collect()}
    for row in found.values():
        assert row.lines == row.header_lines + row.blank_lines + row.accepted + row.duplicate + row.quarantined, row.file
    return found


def refused(lake: Lake) -> dict[str, dict[int, str]]:
    """``ops_quarantine``: file -> line -> error code."""
    found: dict[str, dict[int, str]] = {}
    for row in lake.read("ops_quarantine").collect():
        assert row.line not in found.setdefault(row.file, {}), "a line is refused once"
        found[row.file][row.line] = row.error_code
    return found
