"""Days whose key is destroyed: closed, their late reads counted and dropped, what they had when they were whole still readable."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.s03_pseudonymise import keys_of_days
from kordon import chain, days, pipeline
from kordon.lake import Lake
from kordon.run import Run
from privacy.keys import KeyDestroyedError, Keystore
from tests.cityfolder import LOADED_AT, SOURCE, city_folder, put
from tests.lakes import fill

DAY, LATER, UNSEEN = dt.date(2026, 3, 10), dt.date(2026, 3, 12), dt.date(2026, 3, 9)


@pytest.fixture
def city(tmp_path):
    return city_folder(tmp_path / "city", sources={"alfa": SOURCE}, cameras=["a1,alfa,1,s1,,"])


def _destroyed(folder, city, *gone):
    store = Keystore(folder)
    for day in gone:
        store.key(city=city.id, period=str(day), first_day=day, last_day=day)
    for record in store.living(city.id):
        store.destroy(record, now=dt.datetime.now(dt.UTC), by="An", reason="a test")
    return store.destroyed_days(city.id)


def test_late_reads_of_a_destroyed_key_are_counted_and_dropped_and_their_day_is_closed(spark, city, tmp_path):
    lake = Lake(spark, str(tmp_path / "lake"))
    version = fill(lake, "core_trip", [{"service_day": DAY}], days=[DAY])
    days.write(lake, [days.Day(DAY, days.STALE, "r0", "c", "0", {"core_trip": version})], metadata={})
    lines = "".join(f"1,{day}T09:00:00Z,1ABC12{n}\n" for n, day in enumerate((DAY, DAY, LATER, UNSEEN)))
    put(tmp_path / "landing", "alfa/1.csv", "camera,time,plate\n" + lines)
    summary = pipeline.execute(
        spark=spark,
        lake=lake,
        city=city,
        keystore=tmp_path / "keys",
        wanted=[DAY],
        landing=tmp_path / "landing",
        steps=chain.between_steps("ingest", "ingest"),
        judge=None,
        override=None,
        destroyed=_destroyed(tmp_path / "keys", city, DAY, UNSEEN),
        started_at=LOADED_AT,
    )
    assert [row.service_day for row in lake.read("raw_read").collect()] == [LATER]
    counted = lake.read("ops_reconciliation").filter("reason = 'key_destroyed'").collect()
    assert {row.service_day: row.rows for row in counted} == {DAY: 2, UNSEEN: 1}
    assert {d: state.state for d, state in days.known(lake).items()} == {DAY: "closed", LATER: "open", UNSEEN: "closed"}
    assert lake.read_whole("core_trip", [DAY]).count() == 1
    assert summary.closed == [DAY]


def test_a_destroyed_key_is_not_made_again_by_a_step_that_runs_alone(city, tmp_path):
    _destroyed(tmp_path / "keys", city, DAY)
    run = Run(spark=None, lake=None, city=city, days=[DAY], run_id="r", started_at=LOADED_AT, keystore=tmp_path / "keys")
    with pytest.raises(KeyDestroyedError, match="cannot be computed again"):
        keys_of_days(run)


def _kordon(*arguments):
    kordon = Path(sys.executable).parent / "kordon"
    return subprocess.run([str(kordon), *arguments], capture_output=True, text=True, check=False)


def test_the_commands_make_show_and_end_keys_and_refuse_an_open_keystore(city, tmp_path):
    where = ["--city", str(city.folder), "--keystore", str(tmp_path / "keys")]
    made = _kordon("keys", "rotate", *where)
    assert (made.returncode, "Keys are ready for" in made.stdout) == (0, True), made.stderr
    assert "production" in made.stderr, "the first key-encryption key is made with a warning"
    period = made.stdout.split()[4].strip(",")
    assert "created" in _kordon("keys", "status", *where).stdout
    assert _kordon("keys", "destroy", *where, "--period", period).returncode == 2
    ended = _kordon("keys", "destroy", *where, "--period", period, "--by", "An", "--reason", "a test")
    assert (ended.returncode, ended.stdout) == (0, f"Destroyed: {period}.\n")
    assert _kordon("audit-log", "verify", "--keystore", str(tmp_path / "keys")).returncode == 0
    (tmp_path / "keys").chmod(0o750)
    refused = _kordon("keys", "status", *where)
    assert (refused.returncode, "chmod 700" in refused.stderr) == (3, True)
