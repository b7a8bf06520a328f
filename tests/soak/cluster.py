"""A day on a Spark cluster gives the rows of a day on one machine; its workers know nothing of Kordon."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kordon.lake import Lake
from tests.e2e import vliet
from tests.e2e.content import content
from tests.stack import command_lines, stack

DAYS = vliet.days(1)
LAST = "pseudonymise"
"""What follows is the same kind of expressions, and costs two minutes more; `make soak` runs it on a cluster."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A master and two workers of one core; their Python has nothing but itself."""
    with stack(tmp_path_factory.mktemp("stack"), "spark-worker-1", "spark-worker-2") as running:
        yield running
    with socket.socket() as port:
        assert port.connect_ex(("127.0.0.1", int(running.environment["MASTER_PORT"]))) != 0, "the master has ended"


@pytest.fixture
def bare_python(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    python = tmp_path / "bare" / "bin" / "python3"
    # As a worker starts it: the stack takes the path of the tests away.
    found = subprocess.run([python, "-c", "import kordon"], check=False, capture_output=True, cwd=tmp_path, env={})
    assert found.returncode == 1
    return python


def test_a_day_on_two_workers_without_kordon_equals_a_local_one(spark, cluster, bare_python, tmp_path):
    vliet.simulate(tmp_path, count=1, vehicles=60)
    arguments = {"landing": tmp_path / "landing", "keys": tmp_path / "keys", "wanted": DAYS}
    local = vliet.run(spark, lake=tmp_path / "local", last=LAST, **arguments)
    master = f"spark://127.0.0.1:{cluster.environment['MASTER_PORT']}"
    words = ["run", "--city", str(vliet.CITY), "--landing", str(tmp_path / "landing"), "--keystore", str(tmp_path / "keys")]
    words += ["--lake", str(tmp_path / "spread"), "--days", str(DAYS[0]), "--to", LAST, "--master", master, "-q"]
    secret = (cluster.folder / "secrets" / "spark").read_text()
    process = subprocess.Popen(
        [Path(sys.executable).parent / "kordon", *words],
        env={
            **os.environ,
            "KORDON_TRACEBACK": "1",
            "KORDON_SPARK_MEMORY_GB": "2",
            "SPARK_CONF_DIR": str(cluster.folder / "spark" / "conf"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": str(bare_python),
        },
    )
    seen = set()
    while process.poll() is None:
        lines = command_lines()
        seen |= {what for what in (master, "CoarseGrainedExecutorBackend", str(bare_python), secret) if what in lines}
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            continue
    assert process.returncode == 0
    assert seen >= {master, "CoarseGrainedExecutorBackend"}
    assert secret not in seen
    applications = list((cluster.folder / "spark").glob("work-*/app-*/*/stderr"))
    assert {path.parts[-4] for path in applications} == {"work-1", "work-2"}, "both workers took part"
    rows = content(local)
    assert rows["core_read"][0] > 0
    assert content(Lake(spark, str(tmp_path / "spread"))) == rows
