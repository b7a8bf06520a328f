"""A day that the DAG itself runs, on a real Airflow and spark-submit: the task that sees plates, and the alarm of a silent supplier."""

import json
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("airflow", reason="Airflow is not here: `make test-airflow` sets it up and runs these tests")

import pendulum

from tests.airflow.conftest import ROOT

KORDON = ROOT / ".venv" / "bin" / "kordon"
MORNING_AFTER = pendulum.datetime(2026, 3, 11, 12)
SILENT = "oculus"


@pytest.fixture
def dag(bag, database, tmp_path, monkeypatch):
    """The daily DAG of Vliet, its places below ``tmp_path``."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("KORDON_SPARK_MEMORY_GB", "2")
    places = {f"KORDON_{kind.upper()}": str(tmp_path / kind) for kind in ("landing", "lake", "releases")}
    return bag("daily.py", **places).dags["kordon_daily_vliet"]


def states(run):
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


def test_without_a_connection_the_first_task_fails_at_once_and_says_how_to_add_one(dag, caplog):
    run = dag.test(logical_date=MORNING_AFTER)
    assert states(run) == {
        "promised": "success",
        "reads": "failed",
        **dict.fromkeys(("movements", "flows", "quality", "deliveries"), "upstream_failed"),
    }
    assert "airflow connections add spark_default" in caplog.text


def test_a_day_goes_through_spark_submit_and_a_silent_supplier_turns_its_own_task_red(dag, tmp_path, monkeypatch, capfd):
    made = [str(KORDON), "simulate", "--city", str(ROOT / "cities" / "vliet"), "--days", "2026-03-10", "--vehicles", "40", "-q"]
    subprocess.run([*made, "--out", str(tmp_path)], check=True, capture_output=True)
    (tmp_path / "landing" / SILENT).rename(tmp_path / "late")
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", json.dumps({"conn_type": "spark", "host": "local[2]"}))
    # The other tasks are the same command with other steps; e2e tests of the chain run them.
    run = dag.test(logical_date=MORNING_AFTER, mark_success_pattern="movements|flows|quality")
    printed = capfd.readouterr()
    assert states(run) == {
        **dict.fromkeys(("promised", "reads", "movements", "flows", "quality"), "success"),
        "deliveries": "failed",
    }, printed.out[-4000:]
    assert f"{SILENT} has delivered no read" in printed.out + printed.err
    tables = {path.name for path in (tmp_path / "lake").iterdir() if path.is_dir()}
    assert {"raw_read", "raw_repaired", "core_read", "ops_load"} <= tables
    assert "core_passage" not in tables
    plates = _plates(tmp_path / "truth" / "vehicle.csv.gz")
    assert len(plates) >= 40
    assert not [plate for plate in plates if plate in printed.out + printed.err]


def _plates(file: Path):
    import csv
    import gzip

    with gzip.open(file, "rt", encoding="utf-8") as rows:
        return [row["plate"] for row in csv.DictReader(rows)]
