"""kill -9 at three named points: the lake stays readable at its last good state, and the next run gives the undisturbed rows."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kordon.city import load
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


def _killed_run(point: str, folder: Path, lake: Path) -> int:
    arguments = ["run", "--city", str(vliet.CITY), "--landing", str(folder / "landing"), "--lake", str(lake)]
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


@pytest.mark.parametrize("point", killed.POINTS)
def test_a_killed_first_run_leaves_no_whole_day_and_the_next_run_mends(spark, undisturbed, point, tmp_path):
    folder, rows = undisturbed
    assert _killed_run(point, folder, tmp_path / "lake") == -9, "the run must have died at its point"
    lake = Lake(spark, str(tmp_path / "lake"))
    for name in COMPARED:
        lake.read(name).count()
        assert lake.read_whole(name, DAY).count() == 0
    vliet.run(spark, lake=tmp_path / "lake", landing=folder / "landing", keys=folder / "keys", wanted=DAY)
    assert content(lake) == rows


def test_a_rerun_that_dies_half_way_leaves_the_whole_day_as_it_was(spark, undisturbed, tmp_path):
    folder, rows = undisturbed
    other = load(vliet.CITY)
    other = (
        replace(other, methods=other.methods.model_copy(update={"min_stop_s": 1800}))
        if hasattr(other.methods, "model_copy")
        else replace(other, methods=replace(other.methods, min_stop_s=1800))
    )
    lake = vliet.run(spark, lake=tmp_path / "lake", landing=folder / "landing", keys=folder / "keys", wanted=DAY, city=other)
    before = content(lake)
    assert before != rows, "positive control: another definition of a stop gives other rows"
    assert _killed_run("between_commits", folder, tmp_path / "lake") == -9
    current = content(lake)
    assert current != before, "positive control: the dying run had replaced tables"
    from jobs.s11_quality import fingerprint

    assert {name: fingerprint(lake.read_whole(name, DAY)) for name in COMPARED} == before
    vliet.run(spark, lake=tmp_path / "lake", landing=folder / "landing", keys=folder / "keys", wanted=DAY)
    assert content(lake) == rows
