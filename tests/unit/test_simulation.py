"""What a simulation promises: the same bytes for the same seed, and a truth that holds together."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kordon.errors import UsageError
from simulation import Summary, perfect_cameras, simulate

CITY = Path(__file__).resolve().parents[2] / "cities" / "vliet"
DAYS = [dt.date(2026, 3, 3), dt.date(2026, 3, 4)]
TIMES = ("t", "depart", "arrive", "entry", "exit", "from", "to")


class Simulated:
    """A simulation's folder, its truth as tables and its summary."""

    def __init__(self, *, out: Path, **arguments: Any) -> None:
        usual: dict[str, Any] = {"city": CITY, "days": DAYS, "vehicles": 300, "seed": 11}
        self.summary: Summary = simulate(out=out, **(usual | arguments))
        self.out = out

    def __getattr__(self, name: str) -> pd.DataFrame:
        table = pd.read_csv(self.out / "truth" / f"{name}.csv.gz", keep_default_na=False)
        for column in set(TIMES) & set(table.columns):
            table[column] = pd.to_datetime(table[column], format="ISO8601")
        return table

    def hashes(self) -> dict[str, str]:
        files = sorted(p for p in self.out.rglob("*") if p.is_file())
        return {str(p.relative_to(self.out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return Simulated(out=tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="module")
def perfect(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return Simulated(out=tmp_path_factory.mktemp("perfect"), overrides=perfect_cameras())


def test_the_same_seed_gives_the_same_bytes(usual: Simulated, tmp_path: Path) -> None:
    assert Simulated(out=tmp_path / "again").hashes() == usual.hashes()


def test_another_seed_gives_other_bytes(usual: Simulated, tmp_path: Path) -> None:
    other = Simulated(out=tmp_path / "other", seed=12).hashes()
    assert all(other[name] != value for name, value in usual.hashes().items() if name in other)


def test_a_day_is_the_same_whichever_other_days_are_simulated(usual: Simulated, tmp_path: Path) -> None:
    alone = Simulated(out=tmp_path / "alone", days=DAYS[1:])
    both = usual.passage
    second = both[both.passage_key.str.startswith("p20260304")].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.passage, second)
    alone_files = {n: h for n, h in alone.hashes().items() if n.startswith("landing")}
    assert alone_files.items() <= usual.hashes().items()


def test_the_keys_of_the_truth_meet(usual: Simulated) -> None:
    vehicle, passage, read, trip, visit = usual.vehicle, usual.passage, usual.read, usual.trip, usual.visit
    assert vehicle.vehicle_key.is_unique and vehicle.plate.is_unique
    assert passage.passage_key.is_unique and trip.trip_key.is_unique and read.read_id.is_unique
    assert set(passage.vehicle_key) | set(trip.vehicle_key) | set(visit.vehicle_key) <= set(vehicle.vehicle_key)
    phantom = read.status == "phantom"
    assert (read.passage_key[phantom] == "").all()
    assert set(read.passage_key[~phantom]) <= set(passage.passage_key)
    gates = pd.read_csv(CITY / "gates.csv")
    known = set(zip(gates.cordon_id, gates.gate_id, strict=True)) | {("ring", ""), ("centre", "")}
    assert set(zip(visit.cordon_id, visit.entry_gate_id, strict=True)) <= known
    assert set(zip(visit.cordon_id, visit.exit_gate_id, strict=True)) <= known
    assert usual.summary.reads == len(read) and usual.summary.passages == len(passage)


def test_trips_of_a_vehicle_follow_each_other_with_the_stop_between(usual: Simulated) -> None:
    trip = usual.trip.sort_values(["vehicle_key", "depart"])
    assert (trip.depart < trip.arrive).all()
    gap = (trip.depart - trip.groupby("vehicle_key").arrive.shift()).dt.total_seconds()
    stop = pd.to_numeric(trip.stop_before_s)
    assert (gap.dropna() > 0).all()
    np.testing.assert_allclose(gap[stop.notna()], stop.dropna(), atol=1.0)
    assert (stop.dropna() >= 119).all()


def test_passages_lie_in_trips_and_no_vehicle_is_faster_than_it_can_be(usual: Simulated) -> None:
    passage = usual.passage.merge(pd.read_csv(CITY / "cameras.csv")[["camera_id", "site_id"]], on="camera_id")
    passage = passage.merge(pd.read_csv(CITY / "sites.csv")[["site_id", "lon", "lat"]], on="site_id")
    passage = passage.sort_values(["vehicle_key", "t"])
    trips = usual.trip.sort_values("depart")
    inside = pd.merge_asof(passage.sort_values("t"), trips, left_on="t", right_on="depart", by="vehicle_key")
    assert (inside.t <= inside.arrive).all()
    before = passage.groupby("vehicle_key")[["lon", "lat", "t"]].shift()
    km = np.hypot((passage.lon - before.lon) * 70.2, (passage.lat - before.lat) * 111.2)
    hours = (passage.t - before.t).dt.total_seconds() / 3600
    assert (hours.dropna() > 0).all()
    assert (km / hours).max() < 115


def test_crossings_of_a_closed_cordon_alternate(usual: Simulated) -> None:
    cameras = pd.read_csv(CITY / "cameras.csv")[["camera_id", "site_id"]]
    passage = usual.passage.merge(cameras, on="camera_id")
    for _, gates in pd.read_csv(CITY / "gates.csv").groupby("cordon_id"):
        crossing = passage.merge(gates, on="site_id").sort_values(["vehicle_key", "t"])
        # over days too: a vehicle starts where it ended the day before, inside or outside
        previous = crossing.groupby("vehicle_key").direction.shift()
        assert len(crossing) > 100
        assert (crossing.direction != previous).all()


def test_visits_run_from_entry_to_exit_and_an_open_one_has_stopped(usual: Simulated) -> None:
    visit = usual.visit
    whole = visit[visit.entry.notna() & visit.exit.notna()]
    assert (whole.entry < whole.exit).all()
    assert (visit.entry.isna() == (visit.entry_gate_id == "")).all()
    assert visit.loc[visit.entry.isna() | visit.exit.isna(), "stopped"].all()
    ring = whole[whole.cordon_id == "ring"]
    assert 0.1 < 1 - ring.stopped.mean() < 0.6


def test_camera_blocks_cover_the_days_and_last_at_most_an_hour(usual: Simulated) -> None:
    camera = usual.camera
    seconds = (camera.to - camera["from"]).dt.total_seconds()
    assert seconds.between(0, 3600, inclusive="right").all()
    one = camera[camera.camera_id == "c01"]
    assert seconds[one.index].sum() == 2 * 86400
    assert camera.q.between(0, 1).all()
    declared = camera[(camera.camera_id == "c09") & ~camera.is_up]
    assert declared["from"].min() <= pd.Timestamp("2026-03-04T09:30+01:00") < declared["to"].max()


def test_perfect_cameras_read_each_passage_once_and_rightly(perfect: Simulated) -> None:
    read = perfect.read
    assert set(read.status) == {"ok"}
    assert sorted(read.passage_key) == sorted(perfect.passage.passage_key)
    assert perfect.camera.is_up.all() and (perfect.camera.q == 1).all() and (perfect.camera.clock_offset_s == 0).all()


def test_perfect_cameras_leave_the_traffic_as_it_was(usual: Simulated, perfect: Simulated) -> None:
    pd.testing.assert_frame_equal(usual.trip, perfect.trip)
    pd.testing.assert_frame_equal(usual.passage, perfect.passage)


def test_the_day_on_which_clocks_change_has_23_hours(tmp_path: Path) -> None:
    short = Simulated(out=tmp_path / "short", days=[dt.date(2026, 3, 28)])
    one = short.camera[short.camera.camera_id == "c01"]
    assert (one.to - one["from"]).dt.total_seconds().sum() == 23 * 3600


def test_an_unknown_override_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"read\.men"):
        Simulated(out=tmp_path / "x", overrides={"read": {"men": 1.0}})


def test_a_folder_that_holds_a_simulation_is_not_overwritten(usual: Simulated) -> None:
    with pytest.raises(UsageError, match="already"):
        Simulated(out=usual.out)
