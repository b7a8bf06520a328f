"""What `kordon status` and `kordon doctor` say."""

import datetime as dt
import json
from contextlib import nullcontext

import pytest
from click.testing import CliRunner

from kordon import audit_log, costs, status
from kordon.city import Source
from kordon.city import load as load_city
from kordon.cli import cli
from kordon.costs import Loaded, Step
from kordon.days import Day
from kordon.status import Judged, Load, Released
from tests.lakes import fill

DAY = dt.date(2026, 3, 10)
NOON = dt.datetime(2026, 3, 11, 12, tzinfo=dt.UTC)


def day(n):
    return DAY + dt.timedelta(days=n)


def known(*states):
    return {day(n): Day(day(n), state, f"run{n}", "hash", "0.1", {"core_trip": n}) for n, state in enumerate(states) if state}


def states(found):
    return [(s.service_day, s.state) for s in found]


def test_each_state_of_the_lake_has_its_word_and_a_gap_waits():
    found = status.day_states(known("complete", None, "open", "stale", "closed"), blocking={}, released=[])
    assert [s.state for s in found] == ["computed", "waiting", "waiting", "stale", "closed"]
    assert found[1].note == "no read has arrived"


def test_a_day_whose_newest_run_was_stopped_has_failed_and_names_the_rule():
    blocking = {DAY: Judged("run9", "core_trip.unique.trip_id")}
    found = status.day_states(known("complete"), blocking=blocking, released=[])
    assert found[0].state == "failed"
    assert "core_trip.unique.trip_id" in found[0].note
    assert "stays readable" in found[0].note


def test_a_day_that_was_computed_again_after_it_was_published_is_revised():
    released = [Released("releases/v1", {day(0): "run0", day(1): "run_before"})]
    found = status.day_states(known("complete", "complete", "complete"), blocking={}, released=released)
    assert [s.state for s in found] == ["computed", "revised", "computed"]
    assert "releases/v1" in found[1].note


def test_days_that_are_asked_for_are_answered_even_when_the_lake_is_empty():
    assert states(status.day_states({}, blocking={}, released=[], wanted=[DAY])) == [(DAY, "waiting")]
    assert status.day_states({}, blocking={}, released=[]) == []


def source(name, promise_h):
    fields = dict.fromkeys(Source.__dataclass_fields__)
    return Source(**{**fields, "source": name, "promise_h": promise_h})


def load(name, first, last):
    return Load(name, NOON + dt.timedelta(hours=first), NOON + dt.timedelta(hours=last))


@pytest.mark.parametrize(
    ("promise_h", "last", "is_silent"),
    [
        (2, -2, False),  # all that was promised is there
        (2, -5.9, False),  # the last hours were quiet
        (2, -6.1, True),  # more than three hours before what is due: noon less two hours and the hour itself
        (24, -6.1, False),  # it promised no more than a daily delivery
        (None, -99, False),  # it promised nothing
    ],
)
def test_a_supplier_is_silent_when_its_last_read_is_long_before_what_it_promised(promise_h, last, is_silent):
    found = status.silent([source("a", promise_h)], [load("a", -90, last)], now=NOON)
    assert [s.source for s in found] == (["a"] if is_silent else [])


def test_a_supplier_that_never_delivered_is_silent_and_one_that_does_hides_nobody():
    found = status.silent([source("a", 2), source("b", 2)], [load("a", -9, -1)], now=NOON)
    assert [(s.source, s.last_read) for s in found] == [("b", None)]
    assert "b has delivered no read" in str(found[0])


def test_of_a_day_only_its_own_reads_count():
    until = NOON - dt.timedelta(hours=8)
    loads = [load("a", -40, -30), load("a", -2, -1)]
    found = status.silent([source("a", 2)], loads, now=NOON + dt.timedelta(days=2), until=until)
    assert [s.silent_h for s in found] == [22.0]
    assert status.silent([source("a", 2)], [load("a", -40, 10)], now=NOON + dt.timedelta(days=2), until=until) == []


def test_the_newest_published_version_counts_and_one_that_is_gone_is_left_out(tmp_path):
    def published(name, run_id):
        folder = tmp_path / "out" / "2026-03-10" / name
        folder.mkdir(parents=True)
        manifest = {"kordon": {"runs": [{"service_day": "2026-03-10", "run_id": run_id}]}}
        (folder / "datapackage.json").write_text(json.dumps(manifest))
        audit_log.append(audit_log.of_lake(tmp_path), action="release_approved", purpose="test", release=str(folder))

    published("v1", "run1")
    published("v2", "run2")
    audit_log.append(
        audit_log.of_lake(tmp_path), action="release_approved", purpose="test", release=str(tmp_path / "gone" / "v1")
    )
    assert [r.runs for r in status.releases(tmp_path)] == [{DAY: "run2"}]
    assert status.releases(tmp_path / "nowhere") == []


def test_only_the_newest_run_of_a_day_says_whether_it_failed(spark, tmp_path):
    from kordon.lake import Lake

    lake = Lake(spark, str(tmp_path / "lake"))

    def fact(run_id, severity, n=0):
        return {"service_day": day(n), "run_id": run_id, "severity": severity, "table": "t", "check": "c", "entity": run_id}

    rows = [
        fact("20260310T1", "blocking"),
        fact("20260310T2", "ok"),
        fact("20260310T1", "blocking", n=1),
        fact("20260310T1", "ok", n=1),
    ]
    fill(lake, "ops_quality", rows)
    fill(lake, "ops_load", [{"source": "a", "first_captured_at": NOON, "last_captured_at": NOON}, {"source": "b"}])
    assert status.blocked(lake) == {day(1): Judged("20260310T1", "t.c.20260310T1")}
    assert status.blocked(lake, [day(0)]) == {}
    assert status.loads(lake) == [Load("a", NOON, NOON)]


def _doctor(*arguments):
    return CliRunner().invoke(cli, ["doctor", *arguments])


def test_the_doctor_finds_nothing_wrong_where_tests_run(tmp_path, monkeypatch):
    for limit in ("NEEDED_GB", "LEAST_MEMORY_GB"):
        monkeypatch.setattr(f"kordon.commands.doctor.{limit}", 0)
    found = _doctor("--city", "cities/vliet", "--keystore", str(tmp_path / "keys"), "--lake", str(tmp_path / "lake"), "--json")
    said = {f["what"]: f for f in json.loads(found.stdout)}
    assert {"Python", "Java", "Spark's jars", "memory", "scratch space", "Airflow", "lake", "time zone", "keystore"} == set(
        said
    )
    assert found.exit_code == 0, said
    assert not (tmp_path / "keys").exists()


def test_the_doctor_says_what_is_wrong_and_the_cure(tmp_path, monkeypatch):
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o755)
    (tmp_path / "java").mkdir()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))
    found = _doctor("--keystore", str(keys))
    said = str(found.exception)
    assert f"chmod 700 {keys}" in said
    assert "apt-get install openjdk-17" in said
    assert found.exception.exit_code == 3


def test_a_check_of_promises_needs_the_city_that_holds_them(tmp_path):
    assert "--city" in str(CliRunner().invoke(cli, ["status", "--lake", str(tmp_path), "--check"]).exception)


def cost(n, step, run_id, seconds=1.0, *, last=None, mb=None):
    return Step(day(n), day(n if last is None else last), step, run_id, seconds, mb)


def test_of_each_step_of_a_day_the_newest_run_counts_and_days_of_one_run_are_one():
    rows = [
        cost(0, "trips", "run1", 30.0, last=2, mb=900),
        cost(0, "ingest", "run1", 60.0, last=2, mb=700),
        cost(2, "trips", "run2", 4.0),
        cost(2, "ingest", "run0", 99.0),
    ]
    found = costs.by_days(rows, order=["ingest", "trips"])
    assert [(c.first_day, c.last_day, c.seconds, c.java_peak_mb) for c in found] == [
        (day(0), day(1), 90.0, 900),
        (day(2), day(2), 64.0, 700),
    ]
    assert [step.step for step in found[0].steps] == ["ingest", "trips"]
    assert [(c.first_day, c.last_day) for c in costs.by_days(rows, order=[], wanted=[day(1), day(9)])] == [(day(1), day(1))]


def test_files_are_loaded_so_long_after_the_end_of_the_day_of_their_last_read():
    ends = dt.datetime(2026, 3, 11, 3, tzinfo=dt.UTC)  # 04:00 in Vliet
    hour = dt.timedelta(hours=1)
    files = [Loaded("oculus", ends - hour, ends + 2 * hour), Loaded("oculus", ends - 9 * hour, ends - 7 * hour)]
    files.append(Loaded("other", ends, ends + 3 * hour))
    vliet = load_city("cities/vliet")
    promise = next(source.promise_h for source in vliet.sources if source.source == "oculus")
    assert costs.deliveries(files, city=vliet) == [
        costs.Delivery(DAY, "oculus", 2, 2.0, promise),
        costs.Delivery(day(1), "other", 1, -21.0, None),
    ]
    assert [d.source for d in costs.deliveries(files, city=vliet, wanted=[day(1)])] == ["other"]


def test_the_command_shows_what_days_cost_and_when_their_files_came_as_a_table_and_as_json(
    spark, tmp_path, monkeypatch, capsys
):
    from kordon.lake import Lake

    lake = Lake(spark, str(tmp_path / "lake"))
    row = {"service_day": DAY, "last_day": day(1), "run_id": "run1", "started_at": NOON}
    fill(
        lake,
        "ops_step",
        [{**row, "step": "trips", "seconds": 30.0}, {**row, "step": "ingest", "seconds": 61.0, "java_peak_mb": 900}],
    )
    read = dict.fromkeys(["first_captured_at", "last_captured_at"], NOON - dt.timedelta(hours=12))
    fill(lake, "ops_load", [{"source": "oculus", **read, "loaded_at": NOON}])
    monkeypatch.setattr("kordon.commands.status.opened_lake", lambda *_, **__: nullcontext(lake))
    asked = ["status", "--lake", lake.uri, "--city", "cities/vliet", "--costs"]
    said = CliRunner().invoke(cli, asked, catch_exceptions=False)
    printed = said.stdout + capsys.readouterr().out
    assert "2026-03-10..2026-03-11" in printed
    assert "ingest 61, trips 30" in printed
    assert "+9.0" in printed
    found = json.loads(CliRunner().invoke(cli, [*asked, "--json"], catch_exceptions=False).stdout)
    assert [step["step"] for step in found["costs"][0]["steps"]] == ["ingest", "trips"]
    assert found["deliveries"][0]["loaded_h"] == 9.0
    assert "costs" not in json.loads(CliRunner().invoke(cli, [*asked[:-1], "--json"], catch_exceptions=False).stdout)
