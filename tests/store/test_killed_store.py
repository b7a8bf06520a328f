"""A run on a lake in a real object store: its driver killed, then its store, and another run beside it; the rows are those of a folder."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jobs.s11_quality import fingerprint
from kordon import s3
from kordon.lake import Lake
from tests.e2e import vliet
from tests.store.delivery import LANDING, Root, deliver, environment

ROOT = Path(__file__).resolve().parents[2]
DAY = vliet.days(1)
LAST = "pseudonymise"
AWAY_S = 30
WRITTEN = ["raw_read", "raw_repaired", "core_read"]


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("store-run")
    vliet.simulate(folder, count=1, vehicles=300)
    return folder


def command(folder: Path, lake: str) -> list[str]:
    given = ["--city", str(vliet.CITY), "--landing", f"s3a://{LANDING}", "--keystore", str(folder / "keys")]
    return ["run", *given, "--lake", lake, "--days", str(DAY[0]), "--to", LAST, "--master", "local[1]"]


def wait_until(condition) -> None:
    deadline = time.monotonic() + 400
    while not condition():
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.2)


def test_a_killed_driver_a_killed_store_and_a_second_run_leave_the_rows_of_a_run_in_peace(
    store_spark, minio, keys, lake_uri, deliveries, tmp_path
):
    lake, root = f"{lake_uri}-killed", Root(minio)
    deliver(minio, keys, deliveries / "landing")
    env = environment(minio, keys, "reads")
    program = [sys.executable, "-m", "kordon.cli", *command(deliveries, lake)]
    died = subprocess.run(
        [sys.executable, "-m", "tests.e2e.killed", "in_ingest", *command(deliveries, lake), "-q"],
        cwd=ROOT,
        env=env,
        start_new_session=True,
        check=False,
        capture_output=True,
        text=True,
    )
    assert died.returncode == -9, died.stderr
    assert root.objects(lake, "raw_read"), "it died between two commits"
    assert not root.objects(lake, "ops_load")

    # What was half done is found and replaced; the store dies while that happens.
    half = len(root.objects(lake, "raw_read"))
    log = tmp_path / "log"
    with log.open("w") as said, subprocess.Popen(program, cwd=ROOT, env=env, stdout=said, stderr=said) as again:
        wait_until(lambda: f'"pid": {again.pid}' in root.lease(lake))
        second = subprocess.run(program, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
        wait_until(lambda: len(root.objects(lake, "raw_read")) > half)
        minio.kill()
        restart = threading.Timer(AWAY_S, minio.start)
        restart.start()
        peace = vliet.run(
            store_spark,
            lake=tmp_path / "peace",
            landing=deliveries / "landing",
            keys=deliveries / "keys",
            wanted=DAY,
            last=LAST,
        )
        restart.join()
    heard = log.read_text()
    assert "waiting up to 30 s for a sign of life" in heard
    assert again.returncode == 0, heard
    assert second.returncode == 75, second.stderr
    assert "is being written" in second.stderr

    root.fetch(lake, tmp_path / "copy")
    copy = Lake(store_spark, str(tmp_path / "copy"))
    for name in WRITTEN:
        n, content = fingerprint(peace.read(name))
        assert n > 0
        assert fingerprint(copy.read(name)) == (n, content), name
    secret = s3.keys_in(str(keys / "reads")).secret_key
    assert secret not in died.stderr + heard + second.stderr
