"""The same days give the same rows, however they are computed: a data engineer's first demand."""

import datetime as dt
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from kordon import retention
from kordon.chain import steps
from kordon.city import Count, load
from kordon.days import known
from kordon.lake import Lake
from tests.e2e import vliet
from tests.e2e.content import content

DAYS = vliet.days(2)
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


def _again(spark, folder: Path, name: str, wanted, landing: Path | None = None, **steps_):
    return vliet.run(
        spark,
        lake=folder / name,
        landing=landing or folder / "landing",
        keys=folder / "keys",
        wanted=wanted,
        city=CITY,
        **steps_,
    )


def test_renamed_and_repeated_files_day_by_day_out_of_order_and_each_step_alone(spark, made):
    folder, rows = made
    for number, file in enumerate(sorted((folder / "landing").rglob("*.*"), reverse=True)):
        target = folder / "renamed" / file.relative_to(folder / "landing").with_name(f"{number:04}-{file.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        if number % 7 == 0:
            shutil.copyfile(file, target.with_name(f"repeat-{file.name}"))
    _again(spark, folder, "otherwise", [DAYS[1]], folder / "renamed")
    for step in steps():
        lake = _again(spark, folder, "otherwise", [DAYS[0]], folder / "renamed", first=step.name, last=step.name)
    assert content(lake) == rows


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
    assert content(_again(spark, folder, "lake", DAYS)) == rows
    accounts = lake.read("ops_reconciliation").filter("step = 'ingest' AND reason = 'key_destroyed'").collect()
    assert sum(row.rows for row in accounts) > 0, "what still arrives is counted"
