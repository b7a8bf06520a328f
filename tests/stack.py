"""Servers of the stack for a test, by the stack's own program: a folder and ports of their own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PORTS = (
    "MINIO_PORT",
    "MINIO_CONSOLE_PORT",
    "POSTGRESQL_PORT",
    "API_PORT",
    "AIRFLOW_LOG_PORT",
    "AIRFLOW_TRIGGER_LOG_PORT",
    "MASTER_PORT",
    "MASTER_WEB_PORT",
    "WORKER_WEB_PORT",
    "SECOND_WORKER_WEB_PORT",
)


@dataclass(frozen=True)
class Stack:
    """Servers that run.

    Attributes:
        environment: what the scripts of ``docker/servers`` need to find them.
        said: what the stack printed until all were up.
    """

    folder: Path
    environment: dict[str, str]
    said: str


def _first_of_free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(21_000 + os.getpid() % 5000, 31_000, count):
        with_sockets = [socket.socket() for _ in range(count)]
        try:
            for number, held in enumerate(with_sockets):
                held.bind(("127.0.0.1", first + number))
        except OSError:
            continue
        else:
            return first
        finally:
            for held in with_sockets:
                held.close()
    raise RuntimeError("there are no free ports")


@contextmanager
def stack(folder: Path, *servers: str, **environment: str) -> Iterator[Stack]:
    """Run servers and what they need; stop them as Ctrl-C does, and see that they stop well."""
    first = _first_of_free_ports(len(PORTS))
    given = {name: str(first + number) for number, name in enumerate(PORTS)} | {"KORDON_STACK": str(folder)} | environment
    # Servers do not need the code on their path.
    whole = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | given
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "docker" / "stack.py"), *servers], env=whole, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if line.startswith("folders"):
                break
        assert process.poll() is None, said
        yield Stack(folder, given, said)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert process.returncode == 0


def command_lines() -> str:
    """The command lines of all processes of this machine."""
    said = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said.append(process.read_bytes().decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return "\n".join(said)
