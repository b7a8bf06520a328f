"""A person's request: their rows are found and erased, and the plate is written nowhere."""

import datetime as dt
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyspark.sql import functions as F

from jobs.plates.syntax import normalised, normalised_text
from kordon import audit_log, days
from kordon.cli import cli
from kordon.lake import Lake
from kordon.tables import TABLES
from kordon.vacuum import strays
from privacy import rights
from privacy.keys import Keystore
from privacy.pseudonym import vid_of
from tests.attack.search import hits
from tests.lakes import fill

DAY, LATER, GONE = dt.date(2026, 3, 10), dt.date(2026, 3, 11), dt.date(2026, 3, 1)
NOON = dt.datetime(2026, 3, 11, 12, tzinfo=dt.UTC)
MINE, OTHER, MISREAD = "9QZX917", "8WVK583", "7JHQ264"
SUBJECT = rights.Subject(frozenset({MINE}), frozenset({"BE", ""}), normalised)
KORDON = Path(sys.executable).parent / "kordon"


@pytest.fixture(scope="module")
def filled(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rights")
    store = Keystore(folder / "keys")
    keys = {d: store.key(city="vliet", period=str(d), first_day=d, last_day=d, now=NOON) for d in (GONE, DAY, LATER)}
    lake = Lake(spark, str(folder / "lake"))

    def raw(day, read_id, plate, *, country="BE", again=False):
        rest = {
            "camera_id": f"c-{country}",
            "country": country,
            "is_duplicate": again,
            "file": f"alfa/{day}.csv",
            "line": int(read_id[1:]),
        }
        return {"service_day": day, "source": "alfa", "read_id": read_id, "plate": plate, **rest}

    fill(
        lake,
        "raw_read",
        [
            raw(DAY, "r1", MINE),
            raw(DAY, "r2", OTHER),
            raw(DAY, "r3", MISREAD),
            raw(DAY, "r4", MISREAD, again=True),
            raw(DAY, "r5", MINE, country="FR"),
        ],
    )
    mended = [raw(DAY, "r1", MINE), raw(DAY, "r2", OTHER), raw(DAY, "r3", MINE), raw(DAY, "r5", MINE, country="FR")]
    fill(lake, "raw_repaired", mended)
    ids = {
        (d, plate, c): bytearray(vid_of(keys[d], country=c, plate=plate))
        for d in keys
        for plate in (MINE, OTHER)
        for c in ("BE", "FR", "")
    }
    rows = [{"service_day": d, "vid": v, "passage_id": n, "trip_id": n} for n, ((d, _, _), v) in enumerate(ids.items())]
    versions = {name: fill(lake, name, rows) for name in ("core_read", "core_trip")}
    states = {DAY: "complete", LATER: "closed", GONE: "closed"}
    fill(lake, "ops_day", [{"service_day": d, "state": s, "table_versions": versions} for d, s in states.items()])
    accounts = {"in": 5, "out": 4, "duplicate": 1}
    fill(
        lake,
        "ops_reconciliation",
        [{"service_day": DAY, "step": "ingest", "reason": r, "rows": n} for r, n in accounts.items()],
    )
    store.destroy(store.store.find(city="vliet", purpose="mobility", period=str(GONE)), now=NOON, by="An", reason="a test")
    return folder, lake, [keys[DAY], keys[LATER]]


EXPECTED = {
    ("core_read", DAY): 2,
    ("core_trip", DAY): 2,
    ("core_read", LATER): 2,
    ("core_trip", LATER): 2,
    ("raw_repaired", DAY): 2,
    ("raw_read", DAY): 3,
}
"""Under Belgium and under no country; of raw reads the plate, its misread that was mended, and the repeat of that misread."""


def _found(found):
    return {(one.table, one.service_day): one.rows for one in found}


def test_a_plate_is_written_as_ingest_and_repair_write_it(spark):
    texts = ["tö-l ba 218", "1-abc-123", " 9qzx917 ", "Ł 12", "１ＡＢ"]
    rows = spark.createDataFrame([(text,) for text in texts], "t string").select(normalised(F.col("t")).alias("n"))
    assert [row.n for row in rows.collect()] == [normalised_text(text) for text in texts]


def test_rows_are_found_by_plate_and_by_the_keys_that_live(filled):
    _, lake, keys = filled
    assert _found(rights.find(lake, subject=SUBJECT, keys=keys)) == EXPECTED
    assert rights.unlinkable_days(lake, living=[(DAY, DAY), (LATER, LATER)]) == [GONE]


def test_an_erasure_that_dies_is_finished_by_the_next_and_the_plate_is_in_no_version_log_or_account(filled, monkeypatch):
    folder, lake, keys = filled
    before = len(hits(folder, [MINE.encode()]))
    assert before >= 2, "positive control: the search finds it"

    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(rights, "_account", dies)
        rights.erase(lake, subject=SUBJECT, keys=keys, by="An", purpose="a test")
    found, files = rights.erase(lake, subject=SUBJECT, keys=keys, by="An", purpose="a test")
    assert (found, files) == ([], [f"alfa/{DAY}.csv"]), (
        "the rows went before it died, and which files hold them is not forgotten"
    )
    assert rights.find(lake, subject=SUBJECT, keys=keys) == []
    left = {row.read_id: row.plate for row in lake.read("raw_read").collect()}
    assert left == {"r2": OTHER, "r5": MINE}, "the same plate of another country is another vehicle's"
    assert lake.read("core_read").count() == 18 - 4
    accounts = {row.reason: row.rows for row in lake.read("ops_reconciliation").collect()}
    assert accounts == {"in": 5, "out": 2, "duplicate": 0, "erased": 3}
    assert {d: state.state for d, state in days.known(lake).items()} == {DAY: "stale", LATER: "closed", GONE: "closed"}
    assert lake.read_whole("core_trip", [LATER]).count() == 4, "a closed day is read without the plate"
    vids = [bytes(v) for v in SUBJECT.vids(keys)]
    assert hits(folder, [MISREAD.encode(), *vids]) == {}, "old versions are gone"
    assert {name.split("/")[1] for name in hits(folder, [MINE.encode()])} == {"raw_read", "raw_repaired"}, "the French one"
    assert [path for name in TABLES if lake.version(name) is not None for path in strays(lake, name) if name[:3] != "ops"] == []
    actions = [e["action"] for e in audit_log.entries(audit_log.of_lake(lake.uri))]
    assert actions == ["erasure_started", "erasure_started", "erased"]


def test_the_plan_shows_neither_plate_nor_vehicle_id(filled):
    _, lake, keys = filled
    vids = SUBJECT.vids(keys)
    shown = "".join(rows._jdf.queryExecution().toString() for rows in rights._hits(lake, SUBJECT, vids).values())
    control = lake.read("raw_read").filter(F.col("plate") == MINE)._jdf.queryExecution().toString()
    assert MINE in control, "positive control: a literal is shown"
    assert not any(secret in shown for secret in [MINE, *(v.hex() for v in vids), *(v.hex().upper() for v in vids)])


@pytest.mark.parametrize(
    "arguments",
    [
        ["rights", MINE],
        ["rights", "find", "--by", "An", "--city", "c", "--lake", "l", MINE],
        ["rights", "find", "--by", "An", "--city", "c", "--lake", "l", f"--plate={MINE}"],
    ],
    ids=["as a command", "as an argument", "as an option"],
)
def test_a_plate_as_an_argument_is_refused_and_not_repeated(arguments):
    arguments = ["cities/vliet" if a == "c" else a for a in arguments]
    done = subprocess.run([str(KORDON), *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert MINE not in done.stdout + done.stderr
    assert "standard input" in done.stderr


def test_the_command_reads_standard_input_answers_for_destroyed_keys_and_prints_no_plate(filled, monkeypatch):
    folder, lake, _ = filled

    @contextmanager
    def opened(uri, *, master, write):
        yield lake

    # In the session of the tests: what is tested is what goes in and what comes out.
    monkeypatch.setattr("kordon.commands.rights.opened_lake", opened)
    where = ["--city", "cities/vliet", "--lake", str(folder / "lake"), "--keystore", str(folder / "keys")]
    done = CliRunner().invoke(cli, ["rights", "find", *where, "--by", "An", "--json"], input=f"{OTHER[0]}-wvk 583\n")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    found = {(row["table"], row["rows"]) for row in answer["found"]}
    assert found == {("raw_read", 1), ("raw_repaired", 1), ("core_read", 2), ("core_trip", 2)}
    assert answer["article_11_days"] == [str(GONE)]
    assert set(answer["article_11"]) == {"nl", "en"}
    assert OTHER not in done.output
