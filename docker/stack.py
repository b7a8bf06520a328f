"""The stack as processes of this machine: what compose.yaml runs in containers, under one supervisor.

Its arguments are names of servers: with them these run and what they need, else all. Commands, health checks, order, restarts and
signals are those of compose.yaml; addresses are the defaults of servers/places.sh where the environment names no others. Ctrl-C
stops all.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import yaml
from make_secrets import make
from supervisor.xmlrpc import SupervisorTransport

ROOT = Path(__file__).resolve().parent.parent
PLACES = ROOT / "docker" / "servers" / "places.sh"
DOOR = "supervisor.sock"
UP_S = 600
"""So long servers have to come up. Airflow takes most of it."""
CHECK_S = 20
TRIES = 6
"""So often a server that ends at once is started again, each time a second later than the time before."""


class StackError(Exception):
    """The stack is not up, and why."""


@dataclass(frozen=True)
class Server:
    """A service of compose.yaml; one without a check is there when it has ended with 0."""

    name: str
    command: list[str]
    check: list[str]
    needs: list[str]
    stops_by: str
    grace_s: int

    @property
    def is_healthy(self) -> bool:
        try:
            return subprocess.run(self.check, cwd=ROOT, capture_output=True, timeout=CHECK_S, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def section(self, *, logs: Path, place: int) -> str:
        """Its part of supervisord's settings; those of a lower place stop last."""
        stays = bool(self.check)
        return f"""
[program:{self.name}]
command = {" ".join(self.command)}
directory = {ROOT}
priority = {place}
autostart = false
autorestart = {str(stays).lower()}
startsecs = {int(stays)}
startretries = {TRIES if stays else 0}
stopsignal = {self.stops_by}
stopwaitsecs = {self.grace_s}
killasgroup = true
redirect_stderr = true
stdout_logfile = {logs / self.name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
"""


def servers(wanted: list[str]) -> list[Server]:
    """The wanted servers and what they need, each after what it needs.

    Raises:
        StackError: one is none.
    """
    services = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    if unknown := [name for name in wanted if name not in services]:
        raise StackError(f"There is no server {unknown[0]}: choose of {', '.join(services)}.")
    found: dict[str, Server] = {}

    def add(name: str) -> None:
        service = services[name]
        needs = list(service.get("depends_on", {}))
        for need in needs:
            add(need)
        found.setdefault(
            name,
            Server(
                name=name,
                command=[str(word) for word in service["command"]],
                check=[str(word) for word in service.get("healthcheck", {}).get("test", [])[1:]],
                needs=needs,
                stops_by=service.get("stop_signal", "SIGTERM").removeprefix("SIG"),
                grace_s=int(service["stop_grace_period"].removesuffix("s")),
            ),
        )

    for name in wanted or services:
        add(name)
    return list(found.values())


def places() -> tuple[Path, Path]:
    """The stack's folder and that of its secrets, as servers/places.sh says."""
    said = subprocess.run(
        ["/bin/bash", "-c", '. "$0"; echo "$KORDON_STACK"; echo "$KORDON_SECRETS"', PLACES],
        capture_output=True,
        text=True,
        check=True,
    )
    folder, secrets = map(Path, said.stdout.splitlines())
    return folder, secrets


def asking(folder: Path) -> Any:
    """What supervisord answers, by XML-RPC. One that was interrupted cannot be asked again."""
    transport = SupervisorTransport(None, None, f"unix://{folder / DOOR}")
    return ServerProxy("http://127.0.0.1", transport=transport).supervisor


@contextmanager
def supervisor(folder: Path, wanted: list[Server]) -> Iterator[None]:
    """A running supervisord that knows the servers and has started none. All have ended afterwards.

    Raises:
        StackError: one runs in this folder, or it does not stay.
    """
    logs, door = folder / "logs", folder / DOOR
    logs.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(door)) == 0:
            raise StackError(f"A stack runs in {folder}: stop it with Ctrl-C where it was started, or set KORDON_STACK.")
    door.unlink(missing_ok=True)
    settings = folder / "supervisord.conf"
    settings.write_text(
        f"""[unix_http_server]
file = {door}
chmod = 0600
[supervisord]
nodaemon = true
silent = true
logfile = {logs / "supervisord.log"}
pidfile = {folder / "supervisord.pid"}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
        + "".join(server.section(logs=logs, place=n) for n, server in enumerate(wanted)),
        encoding="utf-8",
    )
    # A session of its own: Ctrl-C is for this process, which then stops the servers in order.
    process = subprocess.Popen([Path(sys.executable).parent / "supervisord", "-c", settings], start_new_session=True)
    try:
        for _ in range(100):
            if process.poll() is not None:
                raise StackError(f"supervisord ended at once: {logs / 'supervisord.log'} says why.")
            if door.exists():
                break
            time.sleep(0.1)
        yield
    except (Fault, OSError) as fault:
        raise StackError(f"supervisord does not do what it should ({fault}): {logs / 'supervisord.log'} says why.") from None
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        end_session(process.pid)


def end_session(leader: int) -> None:
    """End what the servers of a session left behind: a Spark driver is in a group of its own, and outlives Airflow's task."""
    for by in (signal.SIGTERM, signal.SIGKILL):
        for _ in range(50):
            left = [pid for pid in (int(path.name) for path in Path("/proc").glob("[0-9]*")) if session_of(pid) == leader]
            if not left:
                return
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, by)
            time.sleep(0.2)


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def bring_up(wanted: list[Server], *, asked: Any, logs: Path) -> None:
    """Start each server when what it needs is there, and wait until all are.

    Raises:
        StackError: one gave up, or is not there in time.
    """
    start = time.monotonic()
    waiting, started = list(wanted), set[str]()
    while waiting:
        there = {server.name for server in wanted if server not in waiting}
        for server in list(waiting):
            if server.name not in started:
                if there.issuperset(server.needs):
                    asked.startProcess(server.name, False)
                    started.add(server.name)
                continue
            about = asked.getProcessInfo(server.name)
            has_ended = about["statename"] in ("EXITED", "FATAL")
            if has_ended and (server.check or about["exitstatus"] != 0 or about["statename"] == "FATAL"):
                raise StackError(f"{server.name} did not start: {logs / server.name}.log ends with\n{tail(logs / server.name)}")
            if server.is_healthy if server.check else has_ended:
                waiting.remove(server)
                say(f"{time.monotonic() - start:6.1f} s  {server.name}")
        if time.monotonic() - start > UP_S:
            late = ", ".join(server.name for server in waiting)
            raise StackError(f"After {UP_S} s these do not answer: {late}. Their logs are in {logs}.")
        time.sleep(0.5)
    say(f"All are up after {time.monotonic() - start:.0f} s. Ctrl-C stops them.")


def take_down(wanted: list[Server], *, asked: Any) -> None:
    """Stop at once all that nobody needs any more, then what those needed, and so on."""
    left = list(wanted)
    while left:
        last = [server for server in left if not any(server.name in other.needs for other in left)]
        for server in last:
            # One that has ended cannot be stopped.
            with suppress(Fault):
                asked.stopProcess(server.name, False)
        while any(asked.getProcessInfo(server.name)["statename"] == "STOPPING" for server in last):
            time.sleep(0.2)
        left = [server for server in left if server not in last]


def tail(log: Path) -> str:
    return "\n".join(log.with_name(f"{log.name}.log").read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def main(names: list[str]) -> None:
    """Run the stack until it is told to stop.

    Raises:
        StackError: it cannot be run.
    """
    wanted = servers(names)
    folder, secrets = places()
    folder.mkdir(parents=True, exist_ok=True)
    # Servers of other users must get to their own folder; nobody else's can be listed or read.
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    taken = [server.name for server in wanted if server.check and server.is_healthy]
    if taken:
        raise StackError(f"{taken[0]} answers before it was started: stop what runs there, or give another port ({PLACES}).")
    make(secrets)
    with supervisor(folder, wanted):
        try:
            run(wanted, asked=asking(folder), logs=folder / "logs")
        finally:
            take_down(wanted, asked=asking(folder))


def run(wanted: list[Server], *, asked: Any, logs: Path) -> None:
    """Bring the servers up, say where they are, and wait until somebody stops this process."""
    bring_up(wanted, asked=asked, logs=logs)
    addresses = subprocess.run([ROOT / "docker" / "servers" / "addresses"], capture_output=True, text=True, check=True).stdout
    kinds = {server.name.partition("-")[0] for server in wanted} | {"folders"}
    say("\n".join(line for line in addresses.splitlines() if line.partition(" ")[0].lower() in kinds))
    while True:
        asked.getState()
        time.sleep(5)


def stop(*_: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    os.umask(0o077)
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        say("Stopped.")
    except StackError as failed:
        sys.exit(f"stack: {failed}")
