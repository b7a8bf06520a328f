"""The same days give the same rows, however they are computed and whatever died meanwhile: a data engineer's first demand."""

import datetime as dt
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from jobs.s11_quality import fingerprint
from kordon import retention
from kordon.chain import steps
from kordon.city import Count, load
from kordon.days import known
from kordon.lake import Lake
from tests.e2e import vliet
from tests.e2e.content import COMPARED, content

DAYS = vliet.days(2)
ROOT = Path(__file__).resolve().parents[2]
FOUR = [dt.datetime.combine(day, dt.time(3), dt.UTC) for day in vliet.days(3)]
COUNTS = tuple(Count("s01", start, end, "all", 150, "tube") for start, end in pairwise(FOUR))
CITY = replace(load(vliet.CITY), counts=COUNTS)
"""With a count a service day, from 04:00 to 04:00, so that the tables of the fit are there."""


@pytest.fixture(scope="module")
def made(spark, tmp_path_factory):
    """Two days of 2,000 vehicles, run once in one go."""
    folder = tmp_path_factory.mktemp("same")
    vliet.simulate(folder, count=2, vehicles=2000)
    lake = vliet.run(spark, lake=folder / "lake", landing=folder / "landing", keys=folder / "keys", wanted=DAYS, city=CITY)
    assert {day.state for day in known(lake).values()} >= {"complete"}
    rows = content(lake)
    for table, (n, _) in rows.items():
        # Day keys end every visit at 04:00, so nobody is carried over.
        assert n > 0 or table == "core_open_visit", f"{table} is empty: nothing would be compared"
    return folder, rows


def _killed_run(
    point: str, folder: Path, *, days: list[dt.date] = DAYS, first: str = "ingest", city: Path = vliet.CITY
) -> None:
    arguments = ["run", "--city", str(city), "--landing", str(folder / "landing"), "--lake", str(folder / "otherwise"), "-q"]
    arguments += [
        "--keystore",
        str(folder / "keys"),
        "--days",
        f"{days[0]}..{days[-1]}",
        "--from",
        first,
        "--master",
        "local[1]",
    ]
    process = subprocess.run(
        [sys.executable, "-m", "tests.e2e.killed", point, *arguments],
        cwd=ROOT,
        start_new_session=True,
        env={**os.environ, "KORDON_SPARK_MEMORY_GB": "2"},
        check=False,
        capture_output=True,
    )
    assert process.returncode == -9, "the run must have died at its point"


def _no_day_is_whole(lake: Lake) -> None:
    for name in COMPARED:
        lake.read(name).count()
        assert lake.read_whole(name, DAYS).count() == 0


def test_runs_killed_in_ingest_and_between_two_commits_leave_a_readable_lake_and_no_whole_day(spark, made):
    """``kill -9``: when reads are there and the files that they came from are not named, and half way in the chain."""
    folder, _ = made
    for point in ("in_ingest", "between_commits"):
        _killed_run(point, folder)
        _no_day_is_whole(Lake(spark, str(folder / "otherwise")))


def test_the_next_runs_mend_it_from_renamed_and_repeated_files_day_by_day_out_of_order_each_step_alone(spark, made):
    """And one more is killed on the way, when only the row is missing that makes a day whole."""
    folder, rows = made
    for number, file in enumerate(sorted((folder / "landing").rglob("*.*"), reverse=True)):
        target = folder / "renamed" / file.relative_to(folder / "landing").with_name(f"{number:04}-{file.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        if number % 7 == 0:
            shutil.copyfile(file, target.with_name(f"repeat-{file.name}"))

    def again(wanted, **only):
        given = {"lake": folder / "otherwise", "landing": folder / "renamed", "keys": folder / "keys", "city": CITY}
        return vliet.run(spark, **given, wanted=wanted, **only)

    lake = again([DAYS[1]], last="flows")
    _killed_run("before_ops_day", folder, days=[DAYS[1]], first="quality")
    _no_day_is_whole(lake)
    again([DAYS[1]], first="quality")
    for step in steps():
        lake = again([DAYS[0]], first=step.name, last=step.name)
    assert content(lake) == rows


def test_a_rerun_that_dies_half_way_leaves_the_whole_days_as_they_were(spark, made):
    """On the lake that is mended; the dying run has another definition of a stop, which gives other rows."""
    folder, rows = made
    other = folder / "other-city"
    shutil.copytree(vliet.CITY, other)
    text = (other / "city.toml").read_text()
    assert "min_stop_s = 600" in text
    (other / "city.toml").write_text(text.replace("min_stop_s = 600", "min_stop_s = 1800"))
    _killed_run("between_commits", folder, first="legs", city=other)
    lake = Lake(spark, str(folder / "otherwise"))
    assert content(lake) != rows, "positive control: the dying run had replaced tables"
    assert {name: fingerprint(lake.read_whole(name, DAYS)) for name in COMPARED} == rows


def test_retention_deletes_raw_reads_for_good_and_a_closed_day_is_never_replaced(spark, made):
    folder, rows = made
    lake = Lake(spark, str(folder / "lake"))
    city, now = load(vliet.CITY), dt.datetime.now(dt.UTC)
    assert retention.apply(lake=lake, city=city, now=now).deleted == [], "the files were loaded just now"
    done = retention.apply(lake=lake, city=city, now=now + dt.timedelta(hours=city.retention.raw_hours + 1))
    assert {(gone.table, gone.service_day) for gone in done.deleted} >= {("raw_read", day) for day in DAYS}
    assert done.closed == DAYS
    assert done.left == []
    raw = [folder / "lake" / name for name in ("raw_read", "raw_repaired")]
    left = [path for day in DAYS for table in raw for path in table.rglob(f"service_day={day}/*.parquet")]
    assert left == [], "old versions are gone too"
    assert {known(lake)[day].state for day in DAYS} == {"closed"}
    first = sorted((folder / "landing" / "trafico").glob("*.csv"))[0]
    shutil.copyfile(first, first.with_name("came-late.csv"))
    again = vliet.run(spark, lake=folder / "lake", landing=folder / "landing", keys=folder / "keys", wanted=DAYS)
    assert content(again) == rows
    accounts = lake.read("ops_reconciliation").filter("step = 'ingest' AND reason = 'key_destroyed'").collect()
    assert sum(row.rows for row in accounts) > 0, "what still arrives is counted"
