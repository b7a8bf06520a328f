"""One writer per lake: a hold that ends with its process, however that ends, so that a killed run leaves nothing to clean up.

A lake in a folder is guarded by an operating-system lock on a file in it, which the kernel releases. A lake in an object store is
guarded by an object that its holder writes anew again and again, each time on the condition that nobody else has: the store decides.
Who finds it waits for a sign of life. An object that stays the same for as long as it says is of a dead holder, and is taken over.
No clock of another machine is asked.
"""

import fcntl
import json
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kordon import objects
from kordon.errors import KordonError, TryAgain
from kordon.tables.record import OPS

NAME, PUBLISHER = "_lease.json", "_publisher.json"
TTL_S = 30.0
"""A holder without a sign of life for so long is dead. A full garbage collection of 8 GB takes Java 10 s; Python waits beside it."""
SIGNS = 3
"""Signs of life that a holder gives in that time: two may be lost."""

Say = Callable[[str], None]


@contextmanager
def writer(lake: str | Path, *, say: Say = lambda line: None, ttl_s: float = TTL_S, lost: Say | None = None) -> Iterator[None]:
    """Hold the lake for one writer, whoever publishes releases of it.

    Args:
        say: told when this waits for another writer's sign of life.
        ttl_s: seconds without one after which a holder in an object store is dead.
        lost: called when somebody took the lake over from this process, which was silent for too long; without it, the process ends
            at once with 75, since every further byte could overwrite the other's.

    Raises:
        TryAgain: another process writes this lake, or the store does not answer.
    """
    with _hold(lake, NAME, busy=f"The lake {lake} is being written", say=say, ttl_s=ttl_s, lost=lost):
        yield


@contextmanager
def publisher(lake: str | Path, *, say: Say = lambda line: None, ttl_s: float = TTL_S) -> Iterator[None]:
    """Hold the releases of a lake for one who publishes or withdraws, whoever writes the lake.

    Raises:
        TryAgain: another process publishes, or the store does not answer.
    """
    with _hold(lake, PUBLISHER, busy=f"A release of {lake} is being published", say=say, ttl_s=ttl_s, lost=None):
        yield


@contextmanager
def _hold(lake: str | Path, name: str, *, busy: str, say: Say, ttl_s: float, lost: Say | None) -> Iterator[None]:
    if not objects.is_remote(lake):
        with _locked(Path(lake) / name, busy=busy):
            yield
        return
    held = _Held(objects.below(objects.at(str(lake), OPS), name), busy=busy, ttl_s=ttl_s, lost=lost or _end)
    held.take(say=say)
    try:
        yield
    finally:
        held.give_back()


def reachable(lake: str) -> None:
    """Ask the store for the lake's lease, so that a store that is away is known before Spark starts.

    Raises:
        ConfigError, TryAgain: as :meth:`kordon.objects.Object.read`.
    """
    if objects.is_remote(lake):
        objects.below(objects.at(lake, OPS), NAME).read()


@contextmanager
def _locked(path: Path, *, busy: str) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise TryAgain(f"{busy} ({file.read().strip()}): wait for that run to end.") from None
        file.seek(0)
        file.truncate()
        json.dump({"pid": os.getpid(), "host": socket.gethostname()}, file)
        file.flush()
        yield


def _end(reason: str) -> None:
    print(f"kordon: {reason}", file=sys.stderr, flush=True)  # noqa: T201 - no other code of this process may run any more
    os._exit(TryAgain.exit_code)


@dataclass
class _Held:
    """The lease object as this process holds it."""

    object: objects.Object
    busy: str
    ttl_s: float
    lost: Say
    holder: str = field(default_factory=lambda: secrets.token_hex(8))
    _content: objects.Content | None = None
    _signs: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def take(self, *, say: Say) -> None:
        """Take a lake that is free or whose holder is dead; wait for as long as only time can tell.

        Raises:
            TryAgain: its holder lives.
        """
        seen: objects.Content | None = None
        since = time.monotonic()
        while True:
            found = self.object.read()
            about = _about(found)
            if found is not None and not about.get("is_free"):
                if seen is not None and found.tag != seen.tag:
                    raise TryAgain(f"{self.busy} ({_named(about)}): wait for that run to end.")
                if seen is None:
                    seen, since = found, time.monotonic()
                    say(f"{self.busy} ({_named(about)}); waiting up to {about['ttl_s']:.0f} s for a sign of life")
                if time.monotonic() - since < about["ttl_s"]:
                    time.sleep(about["ttl_s"] / SIGNS / 4)
                    continue
            try:
                self._write(instead_of=found)
            except objects.Changed:
                # Another one was faster: it lives, and the next look shows it.
                seen = found
                continue
            self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
            self._thread.start()
            return

    def give_back(self) -> None:
        """Free it, unless it is lost; a store that is away frees it by itself."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self._write(instead_of=self._content, is_free=True)
        except (objects.Changed, KordonError):
            return

    def _renew(self) -> None:
        while not self._over.wait(self.ttl_s / SIGNS):
            try:
                self._write(instead_of=self._content)
            except objects.Changed:
                silence = f"this process gave no sign of life for {self.ttl_s:.0f} s"
                self.lost(f"the lease {self.object} was taken over: {silence}. Run the same command again.")
                return
            except KordonError:
                # Away for this process; while it is away for all, nobody takes the lake over.
                continue

    def _write(self, *, instead_of: objects.Content | None, is_free: bool = False) -> None:
        """Write a sign of life.

        Raises:
            Changed: somebody else has written the object.
        """
        self._signs += 1
        sign = {"holder": self.holder, "sign": self._signs}
        about = {**sign, "pid": os.getpid(), "host": socket.gethostname(), "ttl_s": self.ttl_s, "is_free": is_free}
        try:
            self._content = self.object.write(json.dumps(about).encode(), instead_of=instead_of)
        except objects.Changed:
            # Or the store wrote it, its answer was lost on the way, and the second try met the first.
            found = self.object.read()
            if not sign.items() <= _about(found).items():
                raise
            self._content = found


def _about(content: objects.Content | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content.data) if content else {}
    return found


def _named(about: dict[str, Any]) -> str:
    return f"process {about['pid']} on {about['host']}"
