"""An Airflow of the tests: SQLite, nothing of the machine's own; without one these tests are skipped."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if find_spec("airflow") and sys.prefix.endswith(".venv-airflow"):
    # Airflow reads these when it is imported.
    home = tempfile.mkdtemp(prefix="kordon-airflow-")
    os.environ |= {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    for name in [name for name in os.environ if name.startswith(("KORDON_", "SPARK_CONF_DIR")) and name != "KORDON_REQUIRE"]:
        del os.environ[name]


def cities_with(below: Path, more: str) -> str:
    """A folder of cities, for ``KORDON_CITIES``: Vliet, in whose ``city.toml`` more stands."""
    made = below / "cities" / "vliet"
    shutil.copytree(ROOT / "cities" / "vliet", made)
    with (made / "city.toml").open("a") as file:
        file.write(f"\n{more}\n")
    return str(made.parent)


@pytest.fixture
def bag(monkeypatch, tmp_path):
    """Load the DAG files anew: ``bag(KORDON_FIRST_DAY="2026-03-01")``."""
    from airflow.dag_processing.dagbag import DagBag

    def load(file="", **environment):
        for name, value in {"KORDON_LAKE": str(tmp_path / "{city}" / "lake"), **environment}.items():
            monkeypatch.setenv(name, value)
        return DagBag(str(ROOT / "dags" / file) if file else str(ROOT / "dags"))

    return load


@pytest.fixture(scope="session")
def database():
    """Airflow's database, made once."""
    subprocess.run([Path(sys.executable).parent / "airflow", "db", "migrate"], check=True, capture_output=True)
