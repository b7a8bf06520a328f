"""The keystore and the pseudonym."""

import datetime as dt
import threading

from pyspark.sql import functions as F

from jobs.s03_pseudonymise import pseudonymised
from privacy.keys import Key, Keystore
from privacy.pseudonym import key_table, vid

DAY = dt.date(2026, 3, 10)


def _key(folder, period="2026-03-10"):
    return Keystore(folder / "keys").key(city="vliet", period=period, first_day=DAY, last_day=DAY)


def test_a_key_is_made_once_and_differs_by_period(tmp_path):
    assert _key(tmp_path) == _key(tmp_path)
    assert _key(tmp_path).secret != _key(tmp_path, "2026-03-11").secret


def test_two_runs_that_make_the_same_key_at_once_use_the_same_one(tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(_key(tmp_path).secret)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert [f.name for f in (tmp_path / "keys").iterdir() if f.name != ".lock"] == ["vliet.mobility.2026-03-10.key"]


def test_a_key_does_not_show_its_secret():
    key = Key("id", "vliet", "mobility", "2026-03-10", DAY, DAY, b"\x07" * 32)
    assert "secret" not in repr(key)
    assert "\\x07" not in repr(key)


def _spark_vid(spark, plates: list[str | None]) -> list[bytes | None]:
    keys = key_table(spark, {DAY: Key("id", "c", "p", "e", DAY, DAY, b"k" * 32)})
    rows = spark.createDataFrame([(n, p) for n, p in enumerate(plates)], "n int, plate string").crossJoin(F.broadcast(keys))
    column = vid(country=F.lit(""), plate=F.col("plate"), inner=F.col("inner"), outer=F.col("outer"))
    return [None if r.v is None else bytes(r.v) for r in rows.select("n", column.alias("v")).orderBy("n").collect()]


def test_a_plate_that_was_not_read_has_no_pseudonym(spark):
    assert [v is None for v in _spark_vid(spark, [None, "1ABC123"])] == [True, False]


RAW = "service_day date, source string, read_id string, plate string, captured_at timestamp, file string, line int, is_duplicate boolean"
REPAIRED = "service_day date, source string, read_id string, plate string, country string, plate_quality string"


def _reads(spark, days):
    """A read a day, raw and repaired."""
    raw = [(day, "alfa", "r", "1ABC123", dt.datetime(2026, 3, 10, 8), "f", 1, False) for day in days]
    repaired = [(day, "alfa", "r", "1ABC123", "BE", "match") for day in days]
    return spark.createDataFrame(raw, RAW), spark.createDataFrame(repaired, REPAIRED)


def test_each_day_has_its_own_key_and_the_plate_is_gone(spark):
    days = {
        DAY: Key("k1", "c", "p", "e1", DAY, DAY, b"1" * 32),
        DAY + dt.timedelta(1): Key("k2", "c", "p", "e2", DAY, DAY, b"2" * 32),
    }
    found = pseudonymised(*_reads(spark, days), keys=key_table(spark, days))
    assert "plate" not in found.columns
    rows = found.collect()
    assert len({bytes(r.vid) for r in rows}) == 2
    assert {r.key_id for r in rows} == {"k1", "k2"}


def test_the_key_stands_in_no_plan(spark):
    secret = b"\xc0\xff\xee" * 10 + b"\x01\x02"
    keys = {DAY: Key("k1", "c", "p", "e1", DAY, DAY, secret)}
    raw, repaired = _reads(spark, [DAY])
    plan = pseudonymised(raw, repaired, keys=key_table(spark, keys))._jdf.queryExecution().toString().lower()
    control = raw.select(F.lit(secret).alias("k"))._jdf.queryExecution().toString().lower()
    assert secret.hex() in control, "positive control: a literal key is found"
    pads = [bytes(b ^ mask for b in secret.ljust(64, b"\0")).hex() for mask in (0x36, 0x5C)]
    assert not any(text in plan for text in [secret.hex(), *pads])


def test_twins_of_two_countries_are_two_vehicles_and_an_invalid_plate_is_none(spark):
    keys = {DAY: Key("k1", "c", "p", "e1", DAY, DAY, b"1" * 32)}
    raw, _ = _reads(spark, [DAY])
    plates = [("BE", "match"), ("FR", "match"), ("BE", "match"), ("BE", "invalid")]
    raw = raw.drop("read_id").crossJoin(spark.createDataFrame([(str(n),) for n in range(4)], "read_id string"))
    repaired = spark.createDataFrame([(DAY, "alfa", str(n), "1ABC123", *p) for n, p in enumerate(plates)], REPAIRED)
    rows = pseudonymised(raw, repaired, keys=key_table(spark, keys)).orderBy("read_id").collect()
    assert rows[0].vid == rows[2].vid != rows[1].vid
    assert rows[3].vid is None
