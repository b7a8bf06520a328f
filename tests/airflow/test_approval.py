"""A release that waits for a person: what they read, and what follows from their answer, through Airflow's own API."""

import _thread
import json
import os
import shutil
import subprocess
import threading
import time

import pytest

pytest.importorskip("airflow", reason="Airflow is not here: `make test-airflow` sets it up and runs these tests")

import pendulum

from tests.airflow.conftest import ROOT, cities_with

WEEK, MONTH, FEBRUARY = (pendulum.datetime(2026, *on, 12) for on in ((3, 16), (4, 4), (3, 4)))
"""Mornings after the periods of which something waits."""
PATIENCE_S = 180
KORDON_SIDE = [str(ROOT / ".venv" / "bin" / "python"), "-m", "tests.airflow.kordon_side"]
TASKS = ("final", "built", "staged", "approval")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a lake in which a shared week, a shared month and two plans of another wait, staged by Kordon itself."""
    below = tmp_path_factory.mktemp("made")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(below / "state")}
    subprocess.run([*KORDON_SIDE, "stage", str(below)], check=True, cwd=ROOT, env=environment)
    return below


@pytest.fixture
def answered(bag, database, made, tmp_path, monkeypatch):
    """Run a release DAG, answer through the API, and return (run, what the person read, the words of each application that was run)."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", json.dumps({"conn_type": "spark", "host": "local[1]"}))
    monkeypatch.setenv("XDG_STATE_HOME", str(made / "state"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    places = {f"KORDON_{kind.upper()}": str(tmp_path / kind) for kind in ("landing", "lake", "releases")}
    submit = tmp_path / "bin" / "spark-submit"
    submit.parent.mkdir()
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

    def run(option, *, kind="release", at=WEEK, role="privacy officer", staged=True, asks=True, then="", **named):
        dag = bag("release.py", **places, **named).dags[f"kordon_{kind}_vliet"]
        # Each application leaves its words, one a line, in a file of its own; ``then`` is what it does with them.
        submit.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/submitted.$$\n{then}\n')
        submit.chmod(0o755)
        dag.get_task("published").env_vars["PATH"] = f"{submit.parent}:/usr/bin:/bin"
        if staged:
            shutil.copytree(made / "lake", tmp_path / "lake")
        if asks:
            threading.Thread(target=answer, args=(option, role), daemon=True).start()
        try:
            done = dag.test(logical_date=at, mark_success_pattern="final|built")
        except KeyboardInterrupt:
            raise AssertionError("nobody answered") from read.get("fault")
        return done, read, [file.read_text().splitlines() for file in sorted(tmp_path.glob("submitted.*"))]

    return run


def states(done):
    """The states of a run's tasks, of ``published`` one a release."""
    return sorted((ti.task_id, str(ti.state)) for ti in done.get_task_instances())


def all_done(*, releases):
    return sorted([(task, "success") for task in TASKS] + [("published", "success")] * releases)


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


def waiting_names(made, series):
    return sorted(path.name for path in (made / "lake" / "staging").glob(f"{series}*"))


def handed_on(done, task):
    """What a task returned to those that follow."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        query = XComModel.get_many(run_id=done.run_id, dag_ids=done.dag_id, task_ids=task, key="return_value")
        (row,) = session.scalars(query).all()
        return XComModel.deserialize_value(row)


def test_who_approves_a_week_reads_the_evidence_and_answers_by_name_and_role(answered, made, tmp_path):
    done, read, submitted = answered("Approve")
    assert states(done) == all_done(releases=1), read
    (name,) = waiting_names(made, "vliet-shared_")
    assert read["subject"] == "Vliet: shared release of 2026-03-09..2026-03-15"
    assert f"**{name}**: 2026-03-09 to 2026-03-15, tier shared, version 1" in read["body"]
    assert "| od_day | " in read["body"]
    (words,) = submitted
    approve = words[words.index("approve") :]
    assert approve[1] == f"{tmp_path}/lake/staging/{name}"
    assert approve[approve.index("--role") + 1] == "privacy officer"
    assert approve[approve.index("--by") + 1]


def test_all_plans_of_a_month_are_read_and_approved_at_once_and_drawn_and_published(answered, made, tmp_path):
    approving = f"""
while [ "$1" != approve ]; do shift; done
exec {" ".join(KORDON_SIDE)} "$@"
"""
    done, read, submitted = answered("Approve", kind="release_month", at=MONTH, then=approving)
    assert states(done) == all_done(releases=2), read
    names = waiting_names(made, "vliet-open")
    assert handed_on(done, "staged") == names
    assert read["subject"] == "Vliet: open release of 2026-03-01..2026-03-31"
    for name in names:
        assert f"**{name}**: 2026-03-01 to 2026-03-31, tier open, version 1" in read["body"]
    assert "They ask 1.27 % of the budget of 2026" in read["body"]
    assert "One answer is for all 2" in read["body"]
    assert sorted(words[words.index("approve") + 1] for words in submitted) == [f"{tmp_path}/lake/staging/{n}" for n in names]
    published = made / "releases"
    assert {str(path.parent.relative_to(published)) for path in published.rglob("approval.json")} == {
        f"vliet-open-{dataset}/2026-03-01_2026-03-31/v1" for dataset in ("dwell_month", "gate_pair_month")
    }
    for path in published.rglob("approval.json"):
        said = json.loads(path.read_text())
        assert said["staged"] in names
        assert (said["role"], bool(said["by"])) == ("privacy officer", True)
        assert (path.parent / f"{path.parts[-4].rpartition('-')[2]}.csv").is_file()


def test_who_rejects_publishes_nothing(answered):
    done, _, submitted = answered("Reject", kind="release_month", at=MONTH)
    assert set(states(done)) == {*((task, "success") for task in TASKS), ("published", "skipped")}
    assert submitted == []


def test_a_shared_month_is_asked_about_by_itself(answered, made):
    done, read, submitted = answered("Approve", kind="release_shared_month", at=FEBRUARY)
    assert states(done) == all_done(releases=1), read
    (name,) = waiting_names(made, "vliet-shared-od_month_hour")
    assert read["subject"] == "Vliet: shared release of 2026-02-01..2026-02-28, od_month_hour"
    assert f"**{name}**: 2026-02-01 to 2026-02-28, tier shared, version 1" in read["body"]
    assert [words[words.index("approve") + 1].rpartition("/")[2] for words in submitted] == [name]


def test_the_through_share_asks_nothing_about_what_else_waits_of_its_month(answered, tmp_path):
    cities = cities_with(tmp_path, "[dp]\npublic_q = 0.9")
    done, read, submitted = answered("Approve", kind="release_through", at=MONTH, asks=False, KORDON_CITIES=cities)
    assert set(states(done)) >= {(task, "skipped") for task in ("staged", "approval", "published")}
    assert (read, submitted) == ({}, [])


def test_a_week_that_equals_what_is_published_asks_nobody(answered):
    done, read, submitted = answered("Approve", staged=False, asks=False)
    assert set(states(done)) >= {(task, "skipped") for task in ("staged", "approval", "published")}
    assert ("published", "success") not in states(done)
    assert (read, submitted) == ({}, [])
