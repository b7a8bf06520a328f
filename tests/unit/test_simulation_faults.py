"""Faults on order: each shows in the truth and in the delivered files, with its size, and nowhere without it."""

import datetime as dt
import hashlib
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from kordon.errors import ConfigError, UsageError
from simulation import perfect_cameras, simulate
from tests.unit.test_simulation_files import CITY, reads_of, truth

DAY = dt.date(2026, 3, 10)
BRUSSELS = ZoneInfo("Europe/Brussels")
SOURCES = ("trafico", "oculus")


def laid(*above: dict[str, Any]) -> dict[str, Any]:
    """Overrides on overrides; the later one wins."""
    out: dict[str, Any] = {}
    for one in above:
        for key, value in one.items():
            out[key] = laid(out.get(key, {}), value) if isinstance(value, dict) else value
    return out


def run(out: Path, *overrides: dict[str, Any], perfect: bool = True, **arguments: Any) -> Path:
    usual: dict[str, Any] = {"city": CITY, "days": [DAY], "vehicles": 1500, "seed": 21}
    below = perfect_cameras() if perfect else {}
    simulate(out=out, overrides=laid(below, *overrides), **(usual | arguments))
    return out


def faults(**options: Any) -> dict[str, Any]:
    return {"faults": options}


def local(hour: float, day: dt.date = DAY) -> float:
    return dt.datetime.combine(day, dt.time(), BRUSSELS).timestamp() + 3600 * hour


def told(out: Path) -> pd.DataFrame:
    """All delivered reads beside their truth: camera, t, captured, lag between capture and receipt; seconds."""
    reads = [reads_of(out, source) for source in SOURCES]
    csv, json = reads
    received = [dt.datetime.strptime(text, "%d/%m/%Y %H:%M:%S.%f").replace(tzinfo=BRUSSELS) for text in csv.received_at]
    csv["received"] = [when.timestamp() for when in received]
    json["received"] = json.received_at / 1000
    table = pd.concat(reads)[["read_id", "captured", "received", "plate"]]
    table = table.merge(truth(out, "read"), on="read_id", validate="1:1").merge(truth(out, "passage"), on="passage_key")
    table["t"] = pd.to_datetime(table.t, format="ISO8601").astype("int64") / 1e9
    return table.assign(offset=table.captured - table.t, lag=table.received - table.t)


def blocks(out: Path) -> pd.DataFrame:
    camera = truth(out, "camera")
    for column in ("from", "to"):
        camera[column] = pd.to_datetime(camera[column], format="ISO8601").astype("int64") / 1e9
    return camera


def hashes(out: Path) -> dict[str, str]:
    files = sorted(p for p in out.rglob("*") if p.is_file())
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("without"))


def test_the_shipped_city_has_no_fault_on_order() -> None:
    settings = tomllib.loads((CITY / "simulation.toml").read_text())
    assert settings["faults"] == {"clocks": [], "dead": [], "clones": 0}
    assert settings["delivery"]["late_20h_share"] == 0 and settings["countries"]["all_foreign"] == -1


def test_without_faults_clocks_are_right_everything_comes_at_once_and_plates_are_different(without: Path) -> None:
    table = told(without)
    assert table.offset.abs().max() < 0.002
    assert table.lag.between(0.1, 60).all()
    assert blocks(without).is_up.all()
    assert truth(without, "vehicle").plate.is_unique


def test_a_clock_that_is_ahead_stamps_every_read_of_its_camera_and_no_other(tmp_path: Path) -> None:
    out = run(tmp_path / "x", faults(clocks=[{"camera": "c29", "offset_s": 83.0}]))
    table, camera = told(out), blocks(out)
    mine = table.camera_id == "c29"
    np.testing.assert_allclose(table.offset[mine], 83.0, atol=0.002)
    np.testing.assert_allclose(table.offset[~mine], 0.0, atol=0.002)
    # the supplier's own clock is right, so that the delay shows the camera's error
    assert table.lag[mine].between(0.1, 60).all() and mine.sum() > 50
    assert (camera.clock_offset_s[camera.camera_id == "c29"] == 83.0).all()
    assert (camera.clock_offset_s[camera.camera_id != "c29"] == 0.0).all()


def test_a_drifting_clock_gains_from_the_day_before_and_again_from_the_moment_it_is_set_right(tmp_path: Path) -> None:
    days = [DAY, DAY + dt.timedelta(days=1)]
    clock = {"camera": "c29", "drift_s_per_h": 1.5, "set_right_at": "06:00"}
    out = run(tmp_path / "x", faults(clocks=[clock]), days=days)
    table, camera = told(out), blocks(out)
    mine = table[table.camera_id == "c29"]
    since = (mine.t - local(6)) % 86400
    np.testing.assert_allclose(mine.offset, since / 3600 * 1.5, atol=0.002)
    assert (mine.t < local(6)).any() and mine.offset.max() > 30
    hours = camera[camera.camera_id == "c29"]
    assert {local(6), local(6, days[1])} <= set(hours["from"])
    before, after = (hours.clock_offset_s[hours[c] == local(6)].iloc[0] for c in ("to", "from"))
    assert before == pytest.approx(35.25) and after == pytest.approx(0.75)


def test_a_clock_that_is_set_right_within_an_hour_cuts_that_hour_in_the_truth(tmp_path: Path) -> None:
    out = run(tmp_path / "x", faults(clocks=[{"camera": "c29", "offset_s": -40.0, "set_right_at": "12:20"}]))
    hours = blocks(out).query("camera_id == 'c29'").sort_values("from")
    cut = local(12 + 1 / 3)
    assert (hours.clock_offset_s[hours["to"] <= cut] == -40.0).all() and (hours.clock_offset_s[hours["from"] >= cut] == 0).all()
    table = told(out).query("camera_id == 'c29'")
    np.testing.assert_allclose(table.offset, np.where(table.t < cut, -40.0, 0.0), atol=0.002)


def test_the_busiest_camera_is_one_of_the_busiest_of_the_day_and_a_second_is_the_next(tmp_path: Path) -> None:
    clocks = [{"camera": "busiest", "offset_s": 83.0}, {"camera": "busiest", "offset_s": -50.0}]
    out = run(tmp_path / "x", faults(clocks=clocks))
    camera = blocks(out)
    count = truth(out, "passage").camera_id.value_counts()
    for offset in (83.0, -50.0):
        wrong = camera.camera_id[camera.clock_offset_s == offset].unique()
        assert len(wrong) == 1 and wrong[0] in count.index[:6]


def test_a_dead_gate_gives_nothing_for_its_two_hours_though_traffic_passes(tmp_path: Path) -> None:
    out = run(tmp_path / "x", faults(dead=[{"gate": "busiest", "from": "08:00", "to": "10:00"}]))
    camera, table, passage = blocks(out), told(out), truth(out, "passage")
    down = camera[~camera.is_up]
    sites = pd.read_csv(CITY / "cameras.csv").set_index("camera_id").site_id
    site = sites[down.camera_id.iloc[0]]
    assert set(down.camera_id) == set(sites.index[sites == site]) and site in set(pd.read_csv(CITY / "gates.csv").site_id)
    for _, one in down.groupby("camera_id"):
        assert one["from"].min() == local(8) and one["to"].max() == local(10) and (one["to"] - one["from"]).sum() == 7200
    dead = table[table.camera_id.isin(down.camera_id)]
    assert not dead.t.between(local(8), local(10), inclusive="left").any() and len(dead) > 20
    t = pd.to_datetime(passage.t, format="ISO8601").astype("int64") / 1e9
    assert (passage.camera_id.isin(down.camera_id) & t.between(local(8), local(10))).sum() > 5


def test_a_gate_a_site_and_a_camera_can_be_named(tmp_path: Path) -> None:
    times = {"from": "23:30", "to": "01:30"}
    dead = [{"gate": "g_sluis"} | times, {"gate": "s09"} | times, {"camera": "c20"} | times]
    down = blocks(run(tmp_path / "x", faults(dead=dead), vehicles=300)).query("not is_up")
    of_gate = {"c16", "c47"}, {"c17", "c48"}
    assert any(set(down.camera_id) == {"c20", "c09", "c44"} | cameras for cameras in of_gate)
    assert down["from"].min() == local(23.5) and down["to"].max() == local(25.5)


def test_a_clone_has_its_originals_plate_and_drives_far_away_in_the_same_minute(tmp_path: Path, without: Path) -> None:
    out = run(tmp_path / "x", faults(clones=5))
    vehicle, table = truth(out, "vehicle"), told(out)
    shared = vehicle[vehicle.duplicated("plate", keep=False)]
    assert len(shared) == 10 and shared.groupby("plate").country.nunique().eq(1).all()
    site = pd.read_csv(CITY / "cameras.csv").merge(pd.read_csv(CITY / "sites.csv"), on="site_id").set_index("camera_id")
    for keys in shared.groupby("plate").vehicle_key.agg(list):
        a, b = (table[table.vehicle_key == key] for key in keys)
        # the files know one plate
        assert a.plate.str.replace("-", "").nunique() == 1
        assert set(a.plate.str.replace("-", "")) == set(b.plate.str.replace("-", ""))
        both = a.merge(b, how="cross")
        x, y = site.loc[both.camera_id_x], site.loc[both.camera_id_y]
        km = np.hypot((x.lon.to_numpy() - y.lon.to_numpy()) * 70.2, (x.lat.to_numpy() - y.lat.to_numpy()) * 111.2)
        assert (((both.t_x - both.t_y).abs() <= 60) & (km >= 2.9)).sum() >= 2
    # traffic is what it was: only plates changed
    pd.testing.assert_frame_equal(truth(out, "passage"), truth(without, "passage"))
    assert (vehicle.plate != truth(without, "vehicle").plate).sum() == 5


def test_more_clones_than_traffic_allows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give more vehicles"):
        run(tmp_path / "x", faults(clones=200), vehicles=50)


def test_everything_of_a_late_camera_comes_20_hours_later_in_files_of_its_own(tmp_path: Path, without: Path) -> None:
    out = run(tmp_path / "x", {"delivery": {"late_20h_share": 0.2}})
    table, usual = told(out), told(without)
    lag = table.groupby("camera_id").lag.agg(["min", "max"])
    late = lag.index[lag["min"] > 72000]
    assert len(late) == 11 and (lag.loc[late, "max"] < 72060).all() and (lag["max"].drop(late) < 60).all()
    files = [p.name for p in (out / "landing").rglob("*_20h_*")]
    assert {name.split("_")[2] for name in files} == set(late)
    # the camera's clock and the traffic are what they were
    assert sorted(table.captured) == sorted(usual.captured)
    assert blocks(out).is_up.all()


@pytest.mark.parametrize(("hourly", "nightly"), [(1.0, 0.0), (0.0, 1.0)])
def test_all_cameras_can_deliver_by_the_hour_or_by_night(tmp_path: Path, hourly: float, nightly: float) -> None:
    table = told(run(tmp_path / "x", {"delivery": {"hourly_share": hourly, "nightly_share": nightly}}))
    if hourly:
        assert ((table.received - np.floor(table.t / 3600) * 3600).between(3600, 3700)).all()
    else:
        assert ((table.received - local(2.5)) % 86400 < 100).all()


def test_a_share_of_all_vehicles_can_be_foreign(tmp_path: Path) -> None:
    country = truth(run(tmp_path / "x", {"countries": {"all_foreign": 0.3}}), "vehicle").country
    assert 0.26 < (country != "BE").mean() < 0.34


def test_confidence_can_mean_nothing(tmp_path: Path) -> None:
    flat = {"plate": {"misread": 0.3, "misread_sigma": 0.0, "wrong_confidence": [0.93, 0.055]}}
    rows = []
    out = run(tmp_path / "x", flat)
    for source in SOURCES:
        reads = reads_of(out, source).merge(truth(out, "read"), on="read_id")
        value = reads.confidence.astype(str).str.replace(",", ".").astype(float)
        rows.append(pd.DataFrame({"status": reads.status, "confidence": np.where(value > 1, value / 100, value)}))
    by = pd.concat(rows).groupby("status").confidence.describe()
    assert set(by.index) == {"ok", "misread"}
    assert by["mean"].diff().abs().max() < 0.005 and by["25%"].diff().abs().max() < 0.005


def test_the_same_seed_gives_the_same_bytes_with_all_faults_at_once(tmp_path: Path) -> None:
    clocks = [{"camera": "busiest", "offset_s": 83}, {"camera": "busiest", "drift_s_per_h": 1.5, "set_right_at": "06:00"}]
    dead = [{"gate": "busiest", "from": "08:00", "to": "10:00"}]
    all_of_them = [faults(clocks=clocks, dead=dead, clones=3), {"delivery": {"late_20h_share": 0.1}}]
    one, two = (run(tmp_path / name, *all_of_them, perfect=False) for name in ("a", "b"))
    assert hashes(one) == hashes(two)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clocks": [{"camera": "c99", "offset_s": 1}]}, 'camera "c99" is not in cameras.csv'),
        ({"clocks": [{"camera": "c29", "offset": 1}]}, "offset is not known"),
        ({"clocks": [{"camera": "c29", "set_right_at": "6 am"}]}, "is no local time"),
        ({"dead": [{"gate": "g_nowhere", "from": "08:00", "to": "10:00"}]}, "is no gate"),
        ({"dead": [{"from": "08:00", "to": "10:00"}]}, "names no camera and no gate"),
        ({"dead": [{"gate": "busiest", "from": "10:00", "to": "08:00"}]}, "before it begins"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_in_a_sentence(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run(tmp_path / "x", {"faults": wrong}, vehicles=50)
