"""The same days give the same rows, however they are computed: a data engineer's first demand."""

import shutil
from pathlib import Path

import pytest

from kordon.chain import steps
from kordon.days import known
from tests.e2e import vliet
from tests.e2e.content import content

DAYS = vliet.days(2)


@pytest.fixture(scope="module")
def made(spark, tmp_path_factory):
    """Two days of 2,000 vehicles, run once in one go."""
    folder = tmp_path_factory.mktemp("same")
    vliet.simulate(folder, count=2, vehicles=2000)
    lake = vliet.run(spark, lake=folder / "lake", landing=folder / "landing", keys=folder / "keys", wanted=DAYS)
    assert {day.state for day in known(lake).values()} >= {"complete"}
    rows = content(lake)
    for table, (n, _) in rows.items():
        # Day keys end every visit at 04:00, so nobody is carried over.
        assert n > 0 or table == "core_open_visit", f"{table} is empty: nothing would be compared"
    return folder, rows


def _again(spark, folder: Path, name: str, wanted, landing: Path | None = None, **steps_):
    return vliet.run(
        spark, lake=folder / name, landing=landing or folder / "landing", keys=folder / "keys", wanted=wanted, **steps_
    )


def test_run_twice(spark, made):
    folder, rows = made
    assert content(_again(spark, folder, "lake", DAYS)) == rows


def test_files_in_another_order_and_a_delivery_repeated_under_another_name(spark, made):
    folder, rows = made
    for number, file in enumerate(sorted((folder / "landing").rglob("*.*"), reverse=True)):
        target = folder / "renamed" / file.relative_to(folder / "landing").with_name(f"{number:04}-{file.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        if number % 7 == 0:
            shutil.copyfile(file, target.with_name(f"repeat-{file.name}"))
    assert content(_again(spark, folder, "renamed-lake", DAYS, folder / "renamed")) == rows


def test_day_by_day_and_out_of_order(spark, made):
    folder, rows = made
    _again(spark, folder, "by-day", [DAYS[1]])
    lake = _again(spark, folder, "by-day", [DAYS[0]])
    assert content(lake) == rows


def test_each_step_alone(spark, made):
    folder, rows = made
    for step in steps():
        lake = _again(spark, folder, "alone", DAYS, first=step.name, last=step.name)
    assert content(lake) == rows
