"""Attacks 2 and 4: no key and no plate in plans, logs, process list, environment or local files, also not after kill -9."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kordon import spark as sessions
from privacy.keys import Keystore
from privacy.pseudonym import _pads
from tests.attack.search import hits
from tests.attack.victim import PLATES

ROOT = Path(__file__).resolve().parents[2]
LITERAL = bytes.fromhex("c0ffee" * 10 + "0102")
CANARIES = [plate.encode() for plate in PLATES[::250]]

LOGGING = """
rootLogger.level = error
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = {log}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c: %m%n%throwable
"""


def _ready(process, word, *, errors):
    line = process.stdout.readline().strip()
    assert line == word, f"the victim said {line!r}: {errors.read_text()[-2000:]}"


def _of_processes(pid: int, what: str) -> bytes:
    """The command lines, or environments, of a process group."""
    found = b""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if os.getpgid(int(folder.name)) == pid:
                    found += (folder / what).read_bytes()
            except (OSError, ProcessLookupError):
                continue
    return found


def _forms(secret: bytes) -> list[bytes]:
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), repr(secret)[2:-1].encode()]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What an attacker finds beside the running victim, and after it was killed."""
    folder = tmp_path_factory.mktemp("traces")
    for name in ("conf", "events", "tmp", "clear"):
        (folder / name).mkdir()
    (folder / "conf" / "log4j2.properties").write_text(LOGGING.format(log=folder / "debug.log"))
    defaults = f"spark.eventLog.enabled true\nspark.eventLog.dir {folder / 'events'}\nspark.eventLog.compress false\n"
    (folder / "conf" / "spark-defaults.conf").write_text(defaults)
    environment = {
        **os.environ,
        "SPARK_CONF_DIR": str(folder / "conf"),
        "TMPDIR": str(folder / "tmp"),
        "KORDON_SPARK_MEMORY_GB": "2",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.attack.victim", str(folder), LITERAL.hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / "stderr.txt").open("w"),
        text=True,
        cwd=ROOT,
        env=environment | {"CONTROL": LITERAL.hex()},
        start_new_session=True,
    )
    try:
        _ready(process, "clear", errors=folder / "stderr.txt")
        found = {"processes": {what: _of_processes(process.pid, what) for what in ("cmdline", "environ")}}
        found["clear_files"] = hits(folder / "clear", CANARIES)
        _go_on(process)
        _ready(process, "protected", errors=folder / "stderr.txt")
        found["local"] = [path for path in (folder / "tmp").rglob("*") if path.is_file()]
        found["secrets"] = _secrets(folder)
        found["local_hits"] = hits(folder / "tmp", [*CANARIES, *found["secrets"]])
        found["processes"] = {what: text + _of_processes(process.pid, what) for what, text in found["processes"].items()}
        _go_on(process)
        _ready(process, "shuffling", errors=folder / "stderr.txt")
        time.sleep(1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return folder, found


def _go_on(process):
    process.stdin.write("\n")
    process.stdin.flush()


def _secrets(folder):
    store = Keystore(folder / "keys")
    key = store.opened(store.living("vliet")[0]).secret
    return [key, *(bytes(pad) for pad in _pads(key))]


def _channels(folder, found, secrets):
    """How many of the secrets each channel shows."""
    texts = {
        "plan": b"".join(path.read_bytes() for path in folder.glob("plan-*.txt")),
        "event log": b"".join(path.read_bytes() for path in (folder / "events").rglob("*") if path.is_file()),
        "debug log": (folder / "debug.log").read_bytes() + (folder / "stderr.txt").read_bytes(),
        "process list": found["processes"]["cmdline"],
        "environment": found["processes"]["environ"],
    }
    assert all(texts.values()), "a channel that is empty shows nothing"
    return {name: sum(any(form in text for form in _forms(secret)) for secret in secrets) for name, text in texts.items()}


def test_2_the_key_is_in_no_channel_and_a_literal_one_is(seen, measured):
    folder, found = seen
    key = _channels(folder, found, found["secrets"])
    literal = _channels(folder, found, [LITERAL])
    print(f"key and pads by channel: {key}; literal key: {literal}; files in the local directory: {len(found['local'])}")
    caught = [name for name, n in literal.items() if n]
    measured("key_leaks", sum(key.values()) + len(found["local_hits"]), control=f"a literal key in: {', '.join(caught)}")
    assert set(key.values()) == {0}
    assert found["local_hits"] == {}
    assert caught == ["plan", "event log", "debug log", "process list", "environment"], "positive control"


def test_2_a_session_that_does_not_encrypt_gets_no_key(seen):
    assert "spark.io.encryption.enabled=true" in (seen[0] / "refused.txt").read_text()


def test_2_no_plate_in_plan_event_log_or_debug_log(seen):
    folder, _ = seen
    logs = [
        folder / "debug.log",
        folder / "plan-protected.txt",
        *(path for path in (folder / "events").rglob("*") if path.is_file()),
    ]
    assert len(logs) > 2
    assert [path.name for path in logs if any(plate in path.read_bytes() for plate in CANARIES)] == []


def test_4_shuffle_files_hold_no_readable_plate_and_those_without_encryption_do(seen):
    _, found = seen
    names = {path.name.split("_")[0] for path in found["local"]}
    clear = sum(found["clear_files"].values())
    print(
        f"{len(found['local'])} files while it ran, 0 plates; without encryption {len(found['clear_files'])} files hold them, {clear} finds"
    )
    assert {"shuffle", "rdd"} <= names, "shuffled and persisted on disk, or nothing is tested"
    assert found["local_hits"] == {}
    assert clear >= len(CANARIES), "positive control"


def test_4_what_kill_9_leaves_holds_no_plate_and_the_next_session_sweeps_it(seen, monkeypatch, measured):
    folder, found = seen
    left = [path for path in (folder / "tmp").rglob("*") if path.is_file()]
    assert left, "positive control: a killed run leaves files"
    residue = hits(folder / "tmp", [*CANARIES, *found["secrets"]])
    unprotected = sum(found["clear_files"].values())
    measured("plate_residue_after_kill", len(residue), control=f"{unprotected} finds without encryption")
    assert residue == {}
    monkeypatch.setattr(sessions.tempfile, "gettempdir", lambda: str(folder / "tmp"))
    swept = sessions.sweep_scratch()
    after = [path for path in sessions.scratch_root().rglob("*") if path.is_file()]
    print(f"kill -9 left {len(left)} files, 0 plates; swept {swept} folders, {len(after)} files are left")
    assert swept >= 1
    assert after == []
