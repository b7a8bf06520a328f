"""A run on a lake in a real object store: its driver killed, then its store, and another run beside it; the rows are those of a folder."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from minio import Minio
from minio.credentials import AWSConfigProvider

from jobs.s11_quality import fingerprint
from kordon import objects, s3
from kordon.lake import Lake
from kordon.tables import TABLES
from tests.e2e import vliet

ROOT = Path(__file__).resolve().parents[2]
DAY = vliet.days(1)
LAST = "pseudonymise"
AWAY_S = 30
LANDING = "vliet-landing"
WRITTEN = ["raw_read", "raw_repaired", "core_read"]


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("store-run")
    vliet.simulate(folder, count=1, vehicles=300)
    return folder


def environment(minio, keys: Path, account: str) -> dict[str, str]:
    return {
        **os.environ,
        "AWS_ENDPOINT_URL": minio.endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": str(keys / account),
        "KORDON_SPARK_MEMORY_GB": "2",
    }


def command(folder: Path, lake: str) -> list[str]:
    given = ["--city", str(vliet.CITY), "--landing", f"s3a://{LANDING}", "--keystore", str(folder / "keys")]
    return ["run", *given, "--lake", lake, "--days", str(DAY[0]), "--to", LAST, "--master", "local[1]"]


def deliver(minio, keys: Path, landing: Path) -> None:
    """Put the files into the landing bucket, as the supplier."""
    client = as_client(minio, keys / "supplier")
    for file in landing.rglob("*"):
        if file.is_file():
            client.fput_object(bucket_name=LANDING, object_name=file.relative_to(landing).as_posix(), file_path=str(file))


def as_client(minio, file: Path) -> Minio:
    server, keys = minio.endpoint.removeprefix("http://"), AWSConfigProvider(str(file))
    return Minio(endpoint=server, credentials=keys, secure=False, region="us-east-1")


class Root:
    """What the administrator sees of the lake."""

    def __init__(self, minio) -> None:
        self.client = as_client(minio, minio.root)

    def objects(self, lake: str, table: str) -> list[str]:
        bucket, prefix = objects.split(f"{objects.at(lake, TABLES[table].zone)}/{table}")
        return [str(o.object_name) for o in self.client.list_objects(bucket_name=bucket, prefix=f"{prefix}/", recursive=True)]

    def lease(self, lake: str) -> str:
        here = objects.below(objects.at(lake, "ops"), "_lease.json")
        with self.client.get_object(bucket_name=here.bucket, object_name=here.key) as answer:
            return answer.read().decode()

    def fetch(self, lake: str, folder: Path) -> None:
        """The lake as a folder."""
        for name, table in TABLES.items():
            bucket, prefix = objects.split(objects.at(lake, table.zone))
            for key in self.objects(lake, name):
                self.client.fget_object(
                    bucket_name=bucket, object_name=key, file_path=str(folder / key.removeprefix(f"{prefix}/"))
                )


def wait_until(condition) -> None:
    deadline = time.monotonic() + 240
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
