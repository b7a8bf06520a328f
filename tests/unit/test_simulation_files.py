"""What the simulated suppliers deliver: files that follow their profile, with the defects that real ones have."""

import csv
import datetime as dt
import gzip
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from simulation import perfect_cameras, simulate
from simulation.plates import WIDTH, compact, confusion, draw_plates, misread

CITY = Path(__file__).resolve().parents[2] / "cities" / "vliet"
BRUSSELS = ZoneInfo("Europe/Brussels")


def run(out: Path, **arguments: Any) -> Path:
    usual: dict[str, Any] = {"city": CITY, "days": [dt.date(2026, 3, 3) + dt.timedelta(d) for d in range(3)], "seed": 5}
    simulate(out=out, **(usual | {"vehicles": 300} | arguments))
    return out


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="module")
def perfect(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("perfect"), overrides=perfect_cameras())


def profile(source: str) -> dict[str, Any]:
    return tomllib.loads((CITY / "sources" / f"{source}.toml").read_text())


def truth(out: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(out / "truth" / f"{name}.csv.gz", keep_default_na=False)


def as_json(line: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except ValueError:
        return {}


def camera_of(source: str) -> dict[str, list[str]]:
    cameras = pd.read_csv(CITY / "cameras.csv", dtype=str, keep_default_na=False)
    mine = cameras[cameras.source == source]
    names = mine.supplier_camera_id.where(mine.supplier_camera_id != "", mine.camera_id)
    return mine.camera_id.groupby(names).agg(list).to_dict()


def reads_of(out: Path, source: str) -> pd.DataFrame:
    """The reads of a source as its profile says, with the id that Kordon gives them; only for files without rubbish."""
    how, rows = profile(source), []
    for path in sorted((out / "landing" / source).glob(how["files"])):
        data = path.read_bytes()
        if how["format"] == "csv":
            table = csv.DictReader(data.decode(how["encoding"]).splitlines(), delimiter=how["delimiter"])
            for line, row in enumerate(table, start=2):
                key = hashlib.sha256(f"{source}|{hashlib.sha256(data).hexdigest()}|{line}".encode()).hexdigest()
                when = dt.datetime.strptime(row[how["columns"]["captured_at"]], "%d/%m/%Y %H:%M:%S.%f")
                rows.append(row | {"read_id": key, "captured": when.replace(tzinfo=BRUSSELS).timestamp()})
        else:
            for text in gzip.decompress(data).decode(how["encoding"]).splitlines():
                row = json.loads(text)
                rows.append(row | {"read_id": row["id"], "captured": row["ts"] / 1000})
    table = pd.DataFrame(rows)
    back = {column: field for field, column in how["columns"].items() if field != "read_id"}
    return table.rename(columns=back)


@pytest.mark.parametrize("source", ["trafico", "oculus"])
def test_files_follow_their_profile_and_their_reads_are_those_of_the_truth(perfect: Path, source: str) -> None:
    how, told = profile(source), reads_of(perfect, source)
    vehicle, passage, read = (truth(perfect, n) for n in ("vehicle", "passage", "read"))
    table = told.merge(read, on="read_id", validate="1:1").merge(passage, on="passage_key").merge(vehicle, on="vehicle_key")
    assert len(table) == len(told)
    cameras = camera_of(source)
    assert all(c in cameras[name] for c, name in zip(table.camera_id_y, table.camera_id_x, strict=True))
    t = pd.to_datetime(table.t, format="ISO8601").astype("int64") / 1e9
    np.testing.assert_allclose(table.captured, t, atol=0.0015)
    plate = table.plate_x.str.replace(r"[- ]", "", regex=True)
    assert (plate == table.plate_y).all()
    assert (table.vehicle_class_x.map(how["classes"]) == table.vehicle_class_y).all()
    confidence = table.confidence.astype(str).str.replace(how["decimal"], ".").astype(float) / how["confidence"]["scale"]
    assert confidence.between(0.25, 1).all()
    if "country" in how["columns"]:
        assert (table.country_x.map(how["countries"]) == table.country_y).all()
    speed = table.speed_kmh.astype(str).str.replace(how["decimal"], ".").astype(float)
    assert speed.between(15, 111).all()


def test_every_read_of_the_truth_is_in_a_file_and_the_other_way_round(perfect: Path) -> None:
    told = pd.concat([reads_of(perfect, s) for s in ("trafico", "oculus")])
    assert sorted(told.read_id) == sorted(truth(perfect, "read").read_id)


def test_the_two_suppliers_use_the_same_camera_numbers() -> None:
    assert len(set(camera_of("trafico")) & set(camera_of("oculus"))) > 10


def test_every_kind_of_read_occurs_at_plausible_rates(usual: Path) -> None:
    share = truth(usual, "read").status.value_counts(normalize=True)
    assert set(share.index) >= {"ok", "misread", "unread", "duplicate", "opposite"}
    assert 0.015 < share["misread"] < 0.04 and share["ok"] > 0.9
    read, passage = truth(usual, "read"), truth(usual, "passage")
    right = passage.passage_key.isin(read.passage_key[read.status == "ok"]).mean()
    assert 0.88 < right < 0.96


def test_some_files_come_late_or_twice_and_some_lines_are_rubbish(tmp_path: Path) -> None:
    usual = run(tmp_path / "x", vehicles=2000)
    files = sorted(p for p in (usual / "landing").rglob("*") if p.is_file())
    names = [p.name for p in files]
    assert any("_again" in n for n in names)
    for again in (p for p in files if "_again" in p.name):
        assert again.read_bytes() == again.with_name(again.name.replace("_again", "")).read_bytes()
    lines = [
        line
        for p in files
        if "_again" not in p.name
        for line in (gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes()).splitlines()
        if not line.startswith(b"Camera;")
    ]
    assert len(lines) > len(truth(usual, "read"))
    lags = [(row["rx"] - row["ts"]) / 1000 for row in map(as_json, lines) if "rx" in row and "ts" in row and row["ts"]]
    assert np.mean(np.array(lags) > 600) > 0.01 and np.median(lags) < 10


def test_read_ids_without_a_suppliers_id_count_rubbish_and_header_as_lines(tmp_path: Path) -> None:
    out = run(tmp_path / "x", overrides=perfect_cameras() | {"delivery": perfect_cameras()["delivery"] | {"garbage": 0.2}})
    known, found = set(truth(out, "read").read_id), set()
    for path in (out / "landing" / "trafico").glob("*.csv"):
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        for number, line in enumerate(data.split(b"\n"), start=1):
            key = hashlib.sha256(f"trafico|{sha256}|{number}".encode()).hexdigest()
            if key in known:
                assert line.count(b";") == 8
                found.add(key)
    assert found == {k for k in known if not k.startswith("OC")}


def test_a_replaced_camera_delivers_under_the_same_number_before_and_after(tmp_path: Path) -> None:
    days = [dt.date(2026, 3, 11), dt.date(2026, 3, 12)]
    out = run(tmp_path / "x", days=days, overrides=perfect_cameras())
    passage = truth(out, "passage")
    t = pd.to_datetime(passage.t, format="ISO8601")
    change = pd.Timestamp("2026-03-12T00:00+01:00")
    assert (t[passage.camera_id == "c25"] < change).all() and (t[passage.camera_id == "c55"] >= change).all()
    assert {"c25", "c55"} <= set(passage.camera_id)


def test_plates_are_different_and_a_misread_one_is_never_the_same() -> None:
    rng = np.random.default_rng(1)
    plates = draw_plates(country=rng.integers(0, 6, 5000).astype(np.int8), old_share=0.1, rng=rng)
    text = compact(plates).view(f"S{WIDTH}").ravel()
    assert len(np.unique(text)) == 5000
    confused = confusion(pairs=[["0", "O", 6], ["8", "B", 6]], odd=0.1)
    wrong = compact(misread(plates=plates, confused=confused, two=0.1, lost=0.1, rng=rng)).view(f"S{WIDTH}").ravel()
    assert (wrong != text).all()
    length = np.char.str_len(wrong) - np.char.str_len(text)
    assert set(length.tolist()) == {0, -1}
