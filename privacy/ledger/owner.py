"""Who holds a reservation, and whether that process still lives."""

import json
import os
import socket
from pathlib import Path


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """When a process started, in ticks since boot, so that a reused number is not taken for the old process; None: not there."""
    try:
        # The name in brackets may hold blanks; the start is the 20th field behind it.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except OSError:
        return None
    return ""


def this_process(nonce: str) -> str:
    """The owner string of this process and one reservation of it."""
    here = {"host": socket.gethostname(), "boot": _boot(), "pid": os.getpid(), "started": _started(os.getpid()), "nonce": nonce}
    return json.dumps(here, sort_keys=True)


def has_died(owner: str) -> bool:
    """Whether the process is surely gone; a process of another machine may always live."""
    held = json.loads(owner)
    if held["host"] != socket.gethostname():
        return False
    return bool(held["boot"] != _boot() or _started(held["pid"]) != held["started"])
