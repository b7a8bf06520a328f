"""One writer per lake, on a real server: who lives keeps it, who dies or falls silent loses it, and no clock is asked."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from kordon import audit_log, cli, lease, objects
from kordon.errors import TryAgain

ROOT = Path(__file__).resolve().parents[2]
TTL_S = 1.5


@pytest.fixture
def lake(keys, act_as, lake_uri, request) -> str:
    """A lake of the test's own, written as the task of reads."""
    act_as(keys / "reads")
    return f"{lake_uri}/{request.node.name[:40]}"


@contextmanager
def other(lake: str, *, ttl_s: float = TTL_S):
    """Another process that holds the lake."""
    command = [sys.executable, "-m", "tests.store.holder", lake, str(ttl_s)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "holds\n", process.stderr.read()
        yield process
    finally:
        process.kill()
        process.communicate()


def seconds_to_take(lake: str) -> float:
    began = time.monotonic()
    with lease.writer(lake, ttl_s=TTL_S):
        return time.monotonic() - began


def test_a_living_writer_keeps_the_lake_and_the_second_ends_with_75_and_its_name(lake):
    said = []
    with other(lake) as holder:
        for _ in range(2):
            with pytest.raises(TryAgain, match=f"process {holder.pid} on "), lease.writer(lake, say=said.append, ttl_s=TTL_S):
                pass
    assert "waiting up to 2 s for a sign of life" in said[0]


def test_a_lake_that_is_given_back_is_free_at_once(lake):
    with lease.writer(lake, ttl_s=60):
        pass
    assert seconds_to_take(lake) < 1


def test_the_lease_of_a_killed_writer_ends_by_itself_and_not_before_its_time(lake):
    with other(lake) as holder:
        holder.kill()
        holder.wait()
        assert TTL_S <= seconds_to_take(lake) < TTL_S + 3
    assert seconds_to_take(lake) < 1


def test_of_two_that_wait_for_a_dead_writer_one_gets_the_lake(lake):
    with other(lake) as holder:
        holder.kill()
        holder.wait()
        command = [sys.executable, "-m", "tests.store.holder", lake, str(TTL_S)]
        pair = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in "ab"]
        try:
            deadline = time.monotonic() + 20
            while all(process.poll() is None for process in pair) and time.monotonic() < deadline:
                time.sleep(0.05)
            ended = [process for process in pair if process.poll() is not None]
            assert len(ended) == 1
            assert "TryAgain" in ended[0].stderr.read()
            (lives,) = [process for process in pair if process not in ended]
            assert lives.stdout.readline() == "holds\n"
        finally:
            for process in pair:
                process.kill()
                process.communicate()


def test_a_writer_that_slept_while_another_took_the_lake_ends_at_once_with_75(lake):
    with other(lake) as holder:
        os.kill(holder.pid, signal.SIGSTOP)
        with lease.writer(lake, ttl_s=TTL_S):
            os.kill(holder.pid, signal.SIGCONT)
            _, said = holder.communicate(timeout=10)
        assert holder.returncode == 75
        assert "was taken over" in said


def test_a_store_that_is_away_for_longer_than_the_lease_takes_it_from_nobody(lake, minio):
    lost = []
    with lease.writer(lake, ttl_s=TTL_S, lost=lost.append):
        minio.kill()
        time.sleep(2 * TTL_S)
        minio.start()
        time.sleep(TTL_S)
        with pytest.raises(TryAgain, match="is being written"), lease.writer(lake, ttl_s=TTL_S):
            pass
    assert lost == []
    assert seconds_to_take(lake) < 1


def test_an_answer_that_was_lost_on_the_way_is_no_other_writer(lake, monkeypatch):
    """The store wrote the sign of life, and the client, which did not hear it, tried again."""
    write = objects.Object.write

    def twice(self, data, *, instead_of):
        write(self, data, instead_of=instead_of)
        return write(self, data, instead_of=instead_of)

    monkeypatch.setattr(objects.Object, "write", twice)
    lost = []
    with lease.writer(lake, ttl_s=0.3, lost=lost.append):
        time.sleep(0.5)
    assert lost == []


def test_entries_of_two_writers_at_once_all_stand_in_one_chain(lake):
    from concurrent.futures import ThreadPoolExecutor

    log = audit_log.of_lake(lake)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: audit_log.append(log, action="test", purpose="a test", n=n), range(12)))
    assert audit_log.verify(log).entries == 12
    assert sorted(entry["n"] for entry in audit_log.entries(log)) == list(range(12))


def test_a_store_that_is_away_ends_a_run_with_75_before_spark_starts(lake, minio, monkeypatch, tmp_path, capsys):
    from tests.e2e.vliet import CITY

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    run = ["run", "--city", str(CITY), "--lake", lake, "--landing", str(tmp_path), "--days", "2026-03-10"]
    with pytest.raises(SystemExit) as left:
        cli.main([*run, "--keystore", str(tmp_path / "keys")])
    assert left.value.code == 75
    assert "The object store http://127.0.0.1:9 does not answer" in capsys.readouterr().err
