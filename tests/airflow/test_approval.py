"""A release that waits for a person: the evidence that they read, and what follows from their answer, through Airflow's own API."""

import _thread
import json
import threading
import time

import pytest

pytest.importorskip("airflow", reason="Airflow is not here: `make test-airflow` sets it up and runs these tests")

import pendulum

from dags.parts.evidence import evidence, waiting

PERIOD = {"first_day": "2026-03-09", "last_day": "2026-03-15"}
MONDAY = pendulum.datetime(2026, 3, 16, 12)
PATIENCE_S = 180


def stage(lake, name, *, version=1, created="2026-03-18T06:00:00+00:00", tier="shared", report=True, files=True):
    folder = lake / "staging" / name
    (folder / "release").mkdir(parents=True)
    (folder / "staged.json").write_text(json.dumps({**PERIOD, "tier": tier, "version": version, "created_at": created}))
    about = {
        "tier": tier,
        "version": version,
        "period": PERIOD,
        "replaces": "v1" if version > 1 else None,
        "suppression": {
            "od_day": {"rows": 1200, "shown": 1100, "share_of_count": 0.987},
            "gate_hour": {"rows": 9, "shown": 9, "share": 1.0},
        },
        "overrides": ["2026-03-10: core_trip.range.duration_s, let through by An Peeters: barrier test"],
        "config_hash": "0123456789abcdef",
        "code_version": "0.1.0",
        "runs": [{}] * 7,
    }
    (folder / "release" / "datapackage.json").write_text(json.dumps({"kordon": about}))
    if report:
        attacks = [{"number": 8, "name": "schema", "passed": True}, {"number": 12, "name": "differences", "passed": False}]
        (folder / "release" / "privacy_report.json").write_text(json.dumps({"attacks": attacks}))
    if not files:
        for file in (folder / "release").iterdir():
            file.unlink()
        (folder / "release").rmdir()
    return name


def test_the_newest_version_of_the_period_and_tier_waits(tmp_path):
    asked = {"first": "2026-03-09", "last": "2026-03-15", "tier": "shared"}
    assert waiting(str(tmp_path), **asked) is None
    stage(tmp_path, "a_v1")
    stage(tmp_path, "a_v2", version=2)
    stage(tmp_path, "a_v9", version=9, tier="open")
    assert waiting(str(tmp_path), **asked) == "a_v2"
    assert waiting(str(tmp_path), **{**asked, "last": "2026-03-16"}) is None


def test_what_is_published_already_waits_for_nobody(tmp_path):
    stage(tmp_path, "a_v1", files=False)
    assert waiting(str(tmp_path), first="2026-03-09", last="2026-03-15", tier="shared") is None


def test_the_evidence_tells_what_is_hidden_what_got_through_and_who_let_a_rule_through(tmp_path):
    text = evidence(str(tmp_path), stage(tmp_path, "a_v2", version=2))
    assert "2026-03-09 to 2026-03-15, tier shared, version 2, replaces v1" in text
    assert "| od_day | 1,200 | 1,100 | 0.987 |" in text
    assert "| 8 schema | got nothing |" in text
    assert "| 12 differences | GOT THROUGH |" in text
    assert "let through by An Peeters: barrier test" in text
    assert "No attack has run on it" in evidence(str(tmp_path), stage(tmp_path, "open", report=False))


@pytest.fixture
def answered(bag, database, tmp_path, monkeypatch):
    """Run the release DAG with a staged release, answer through the API, and return (states, what the person read, what was run)."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", json.dumps({"conn_type": "spark", "host": "local[1]"}))
    places = {f"KORDON_{kind.upper()}": str(tmp_path / kind) for kind in ("landing", "lake", "releases")}
    dag = bag("release.py", **places).dags["kordon_release_vliet"]
    # What `kordon approve` does is not asked here: only that it is asked to, with which words.
    submit = tmp_path / "bin" / "spark-submit"
    submit.parent.mkdir()
    submit.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/submitted\n')
    submit.chmod(0o755)
    dag.get_task("published").env_vars["PATH"] = f"{submit.parent}:/usr/bin:/bin"
    read = {}
    # Here and not in the thread: two threads that import Airflow's models at once wait for each other.
    app = create_app()

    def answer(option, role):
        try:
            with TestClient(app) as client:
                client.headers["Authorization"] = f"Bearer {client.get('/auth/token').json()['access_token']}"
                read.update(_asked(client))
                ti = read["task_instance"]
                path = f"/api/v2/dags/{ti['dag_id']}/dagRuns/{ti['dag_run_id']}/taskInstances/{ti['task_id']}/-1/hitlDetails"
                given = client.patch(path, json={"chosen_options": [option], "params_input": {"role": role}})
                given.raise_for_status()
        except BaseException as fault:
            # Nobody will answer any more, and the run would wait for ever.
            read["fault"] = fault
            _thread.interrupt_main()

    def run(option, role="privacy officer", *, staged=True):
        if staged:
            stage(tmp_path / "lake", "vliet-shared_2026-03-09_2026-03-15_v1_abc")
        thread = threading.Thread(target=answer, args=(option, role), daemon=True)
        if staged:
            thread.start()
        try:
            done = dag.test(logical_date=MONDAY, mark_success_pattern="final|built")
        except KeyboardInterrupt:
            raise AssertionError("nobody answered") from read.get("fault")
        states = {ti.task_id: str(ti.state) for ti in done.get_task_instances()}
        submitted = tmp_path / "submitted"
        return states, read, submitted.read_text().splitlines() if submitted.exists() else None

    return run


def _asked(client):
    """What the run asks a person, once it does."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = client.get("/api/v2/dags/~/dagRuns/~/hitlDetails", params={"response_received": False})
        found.raise_for_status()
        if found.json()["hitl_details"]:
            return found.json()["hitl_details"][0]
        time.sleep(0.5)
    raise TimeoutError("the run asks nobody")


def test_who_approves_reads_the_evidence_and_answers_by_name_and_role(answered, tmp_path):
    states, read, words = answered("Approve")
    assert states == dict.fromkeys(("final", "built", "staged", "approval", "published"), "success"), read
    assert read["subject"] == "Vliet: shared release of 2026-03-09..2026-03-15"
    assert "| 8 schema | got nothing |" in read["body"]
    approve = words[words.index("approve") :]
    assert approve[1] == f"{tmp_path}/lake/staging/vliet-shared_2026-03-09_2026-03-15_v1_abc"
    assert approve[approve.index("--role") + 1] == "privacy officer"
    assert approve[approve.index("--by") + 1]


def test_who_rejects_publishes_nothing(answered):
    states, _, words = answered("Reject")
    assert (states["approval"], states["published"]) == ("success", "skipped")
    assert words is None


def test_a_week_that_equals_what_is_published_asks_nobody(answered):
    states, read, words = answered("Approve", staged=False)
    assert (states["staged"], states["approval"], states["published"]) == ("skipped", "skipped", "skipped")
    assert (read, words) == ({}, None)
