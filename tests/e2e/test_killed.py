"""kill -9 at three named points: the lake stays readable at its last good state, and the next run gives the undisturbed rows."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.s11_quality import fingerprint
from kordon.lake import Lake
from tests.e2e import killed, vliet
from tests.e2e.content import COMPARED, content

DAY = vliet.days(1)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def undisturbed(spark, tmp_path_factory):
    """About 20,000 reads of a day, run in peace."""
    folder = tmp_path_factory.mktemp("peace")
    made = vliet.simulate(folder, count=1, vehicles=4000)
    print(f"{made.reads:,} reads")
    lake = vliet.run(spark, lake=folder / "lake", landing=folder / "landing", keys=folder / "keys", wanted=DAY)
    return folder, content(lake)


def _killed_run(point: str, folder: Path, lake: Path, *, city: Path = vliet.CITY) -> int:
    arguments = ["run", "--city", str(city), "--landing", str(folder / "landing"), "--lake", str(lake)]
    arguments += ["--keystore", str(folder / "keys"), "--days", str(DAY[0]), "--master", "local[1]", "-q"]
    process = subprocess.run(
        [sys.executable, "-m", "tests.e2e.killed", point, *arguments],
        cwd=ROOT,
        start_new_session=True,
        env={**os.environ, "KORDON_SPARK_MEMORY_GB": "2"},
        check=False,
        capture_output=True,
    )
    return process.returncode


def test_first_runs_killed_at_one_point_after_the_other_leave_no_whole_day_and_the_next_run_mends(spark, undisturbed):
    folder, rows = undisturbed
    lake = Lake(spark, str(folder / "killed"))
    for point in killed.POINTS:
        assert _killed_run(point, folder, folder / "killed") == -9, "the run must have died at its point"
        for name in COMPARED:
            lake.read(name).count()
            assert lake.read_whole(name, DAY).count() == 0
    mended = vliet.run(spark, lake=folder / "killed", landing=folder / "landing", keys=folder / "keys", wanted=DAY)
    assert content(mended) == rows


def test_a_rerun_that_dies_half_way_leaves_the_whole_day_as_it_was(spark, undisturbed):
    """On the lake that the test before has mended; the dying run has another definition of a stop, which gives other rows."""
    folder, rows = undisturbed
    other = folder / "other-city"
    shutil.copytree(vliet.CITY, other)
    text = (other / "city.toml").read_text()
    assert "min_stop_s = 600" in text
    (other / "city.toml").write_text(text.replace("min_stop_s = 600", "min_stop_s = 1800"))
    assert _killed_run("between_commits", folder, folder / "killed", city=other) == -9
    lake = Lake(spark, str(folder / "killed"))
    assert content(lake) != rows, "positive control: the dying run had replaced tables"
    assert {name: fingerprint(lake.read_whole(name, DAY)) for name in COMPARED} == rows
