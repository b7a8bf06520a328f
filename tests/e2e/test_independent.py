"""Real input that nobody here wrote, through a city folder and a profile alone."""

import datetime as dt
import gzip
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import functions as F

from jobs.calibration import pooled_q
from kordon import chain, pipeline
from kordon.city import check, load
from kordon.lake import Lake
from quality.gate import judge
from tests.e2e import cities


def run_days(spark, folder: Path, first: str, last: str, *, to: str | None = None) -> Lake:
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    lake = Lake(spark, str(folder / "lake"))
    pipeline.execute(
        spark=spark,
        lake=lake,
        city=load(folder / "city"),
        keystore=folder / "keys",
        wanted=[start + dt.timedelta(days=n) for n in range((end - start).days + 1)],
        landing=folder / "landing",
        steps=chain.between_steps(None, to),
        judge=judge,
        override=None,
        progress=print,
    )
    return lake


@pytest.fixture(scope="module")
def preserve(spark, shared, tmp_path_factory):
    """The preserve's 396 days, computed once."""
    folder = cities.vast(tmp_path_factory.mktemp("vast"), shared)
    return folder, run_days(spark, folder, "2015-04-30", "2016-05-31")


@pytest.fixture(scope="module")
def tickets(shared):
    """The same reads in pandas, with the service day and, at entrances, in and out by turns."""
    with gzip.open(shared / "data" / "vast2017_mc1" / "lekagul_sensor_data.csv.gz", "rt") as file:
        reads = pd.read_csv(file, parse_dates=["Timestamp"])
    reads["day"] = (reads.Timestamp - pd.Timedelta(hours=4)).dt.date
    return reads


def test_every_row_of_the_preserve_is_accounted_for(preserve, tickets):
    _, lake = preserve
    load_row = lake.read("ops_load").first()
    assert load_row.lines == len(tickets) + 1
    assert (load_row.header_lines, load_row.accepted, load_row.duplicate, load_row.quarantined) == (1, len(tickets), 0, 0)
    assert lake.read("core_read").count() == len(tickets)
    rows = lake.read("ops_reconciliation").groupBy("step", "reason").agg(F.sum("rows").alias("rows")).collect()
    balance = {}
    for row in rows:
        balance[row.step] = balance.get(row.step, 0) + (row.rows if row.reason == "in" else -row.rows)
    print(sorted((r.step, r.reason, r.rows) for r in rows))
    assert set(balance.values()) == {0}


def test_entries_and_exits_per_entrance_and_day_equal_a_count_by_hand(preserve, tickets):
    _, lake = preserve
    at_entrance = tickets[tickets["gate-name"].str.startswith("entrance")].sort_values(["car-id", "Timestamp"])
    turn = at_entrance.groupby("car-id").cumcount() % 2
    by_hand = (
        at_entrance.assign(direction=turn.map({0: "in", 1: "out"})).groupby(["day", "gate-name", "direction"]).size().to_dict()
    )
    flow = lake.read("flow_gate_hour").groupBy("service_day", "gate_id", "direction").agg(F.sum("passages").alias("n"))
    ours = {(r.service_day, r.gate_id, r.direction): r.n for r in flow.filter("n > 0").collect()}
    print(f"{len(ours)} entrance-days, {sum(ours.values()):,} crossings")
    assert ours == by_hand


def test_the_known_figures_of_the_preserve(preserve):
    _, lake = preserve
    passages = lake.read("core_passage")
    at_entrance = passages.filter(F.col("site_id").startswith("entrance")).groupBy("vid").agg(F.sum("reads").alias("n"))
    tickets_at_entrance = at_entrance.count()
    exactly_two = at_entrance.filter("n = 2").count()
    stay = lake.read("core_visit").select(F.median("dwell_s").alias("m")).first().m / 3600
    ends = passages.groupBy("vid").agg((F.unix_timestamp(F.max("last_ts")) - F.unix_timestamp(F.min("first_ts"))).alias("s"))
    spans = ends.agg(F.median("s").alias("m"), F.count("*").alias("n")).first()
    print(
        f"{tickets_at_entrance:,} tickets at an entrance, {exactly_two:,} with two reads; stay {stay:.2f} h; span {spans.m / 3600:.2f} h"
    )
    assert (tickets_at_entrance, exactly_two, spans.n) == (17_710, 17_665, 18_708)
    assert round(stay, 2) == 1.14
    assert round(spans.m / 3600, 2) == 1.26


def test_the_entrances_see_everybody_which_a_year_of_days_tells_and_a_day_does_not(preserve, tickets):
    folder, lake = preserve
    made = pooled_q(lake, city=load(folder / "city"), days=sorted(set(tickets.day)))
    assert made is not None
    cells = made.rows[made.rows.site_id.str.startswith("entrance") & (made.rows.n > 0)]
    known = cells[cells.q.notna()].astype({"q": float, "q_se": float})
    expanded = float((known.n / known.q).sum() / known.n.sum())
    print(f"{len(made.days)} days: q {known.q.min():.4f} to {known.q.max():.4f}, {dict(cells.method.value_counts())}")
    print(f"expanded over raw {expanded:.4f}")
    assert len(known) == len(cells)
    assert ((known.q + 1.96 * known.q_se) >= 1).mean() > 0.9
    assert abs(expanded - 1) < 0.005


def test_a_toll_file_without_a_camera_column_is_read_by_its_profile(spark, shared, tmp_path):
    folder = cities.mopac(tmp_path, shared)
    lake = run_days(spark, folder, "2020-05-20", "2020-05-20", to="ingest")
    load_row = lake.read("ops_load").first()
    assert (load_row.lines, load_row.accepted + load_row.duplicate, load_row.quarantined) == (13_033, 13_032, 0)
    directions = {r.direction: r["count"] for r in lake.read("raw_read").groupBy("direction").count().collect()}
    assert set(directions) == {"in", "out"}


def test_the_cameras_of_bath_are_a_city_folder(shared, tmp_path):
    folder = cities.bath(tmp_path, shared)
    assert [p for p in check(folder / "city") if p.severity == "error"] == []
    city = load(folder / "city")
    assert len(city.cameras) == 66
    assert {gate.cordon_id for gate in city.gates} == {"outer", "inner"}
