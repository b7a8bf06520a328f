"""The audit log: who did what, when, and under which purpose; each entry holds the hash of the one before it.

One JSON object a line, only ever appended. A log stands beside what it is about, so that who may change a thing can also log it:
what happens to keys beside the keystore, what happens to data in the lake. An entry that was changed, removed or moved breaks the
chain; entries cut off at the end do not, so keep the head that ``kordon audit-log verify`` prints and give it back next time.
"""

import fcntl
import hashlib
import json
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kordon import objects
from kordon.errors import ConfigError, PrivacyError
from kordon.tables.record import OPS

FIRST = "0" * 64
"""What stands for the hash before the first entry."""
TORN = "torn_line"
"""Action of the entry that accounts for a line whose writer died; it holds the hash of that line."""

Entry = dict[str, Any]
Log = Path | objects.Object


@dataclass(frozen=True)
class Verified:
    """What a whole log holds. ``torn_bytes`` are those of a last line whose writer died: its event was not acknowledged."""

    entries: int
    head: str
    torn_bytes: int


def beside(keystore: Path) -> Path:
    """The log of a keystore."""
    return keystore.with_name(f"{keystore.name}.audit.jsonl")


def of_lake(lake: str | Path) -> Log:
    """The log of a lake: a file of its folder, or an object of its zone of operation."""
    name = "_audit.jsonl"
    return objects.below(objects.at(str(lake), OPS), name) if objects.is_remote(lake) else Path(lake) / name


def account() -> str:
    """The operating-system account that acts; the environment could say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def append(
    log: Log,
    *,
    action: str,
    purpose: str,
    by: str | None = None,
    role: str | None = None,
    now: datetime | None = None,
    **what: Any,
) -> Entry:
    """Add one entry, on disk or in the store when this returns.

    Args:
        action: what was done, such as ``key_destroyed``.
        purpose: the purpose of the processing under which it was done.
        by: the person who answers for it; without one only the account is known.
        role: the role in which they act.
        what: plain values about the event; never a plate, a vehicle id or a key.

    Raises:
        ConfigError: others may write the log.
        TryAgain: its store does not answer.
    """
    stamp = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    who = {"account": account(), **({"by": by} if by else {}), **({"role": role} if role else {})}
    content = {"ts": stamp, **who, "action": action, "purpose": purpose, **what}
    return _to_file(log, content) if isinstance(log, Path) else _to_object(log, content)


def _to_object(log: objects.Object, content: Entry) -> Entry:
    """Write the log anew with one more entry, on the condition that nobody else has."""
    entry: Entry | None = None
    while True:
        found = log.read()
        before = found.data if found else b""
        last = _entry(before.splitlines()[-1]) if before else None
        if before and last is None:
            raise PrivacyError(f"{log}: the last line is no entry: the log was changed.")
        if entry is not None and last == entry:
            # The store wrote it, and its answer was lost on the way.
            return entry
        entry = _chained(last, content)
        try:
            log.write(before + _line(entry), instead_of=found)
        except objects.Changed:
            continue
        return entry


def _to_file(log: Path, content: Entry) -> Entry:
    is_new = not log.exists()
    log.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(log, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.fstat(handle).st_mode & 0o022:
            raise ConfigError(f"The audit log {log} can be written by others than its owner: run `chmod go-w {log}`.")
        fcntl.flock(handle, fcntl.LOCK_EX)
        last, torn, is_cut = _end(handle)
        text = b"\n" if is_cut else b""
        if torn:
            about = {"bytes": len(torn), "sha256": hashlib.sha256(torn.rstrip(b"\n")).hexdigest()}
            torn_line = {"ts": content["ts"], "account": account(), "action": TORN, "purpose": content["purpose"], **about}
            last = _chained(last, torn_line)
            text += _line(last)
        entry = _chained(last, content)
        os.write(handle, text + _line(entry))
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        folder = os.open(log.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    return entry


def entries(log: Log) -> Iterator[Entry]:
    """The entries in order; lines that are none are left out."""
    return (entry for line in _lines(log) if (entry := _entry(line)) is not None)


def _lines(log: Log) -> list[bytes]:
    if isinstance(log, Path):
        return log.read_bytes().splitlines(keepends=True) if log.exists() else []
    found = log.read()
    return found.data.splitlines(keepends=True) if found else []


def verify(log: Log, *, head: str | None = None) -> Verified:
    """Recompute the whole chain.

    Args:
        head: a hash that was seen before and must still be there; without it nobody can tell whether the end was cut off.

    Raises:
        PrivacyError: an entry was changed, removed or put in; or the head that was seen is gone.
    """
    before, number, seen, torn = FIRST, 0, head is None or head == FIRST, b""
    for position, line in enumerate(_lines(log), start=1):
        entry = _entry(line)
        if entry is None:
            torn += line
            continue
        if torn and (entry["action"] != TORN or entry["sha256"] != hashlib.sha256(torn.rstrip(b"\n")).hexdigest()):
            raise PrivacyError(
                f"{log}: the line before line {position} is no entry, and none accounts for it: the log was changed."
            )
        torn = b""
        if entry["prev"] != before or entry["seq"] != number:
            raise PrivacyError(
                f"{log}: line {position} does not follow the line before it: an entry was removed, moved or put in."
            )
        before, number, seen = entry["hash"], number + 1, seen or entry["hash"] == head
    if torn.endswith(b"\n"):
        raise PrivacyError(f"{log}: the last line is no entry, and its writer did not die over it: it was changed.")
    if not seen:
        raise PrivacyError(f"{log}: the head {head} that was seen before is gone: entries were cut off at the end.")
    return Verified(number, before, len(torn))


def _line(entry: Entry) -> bytes:
    return json.dumps(entry, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _hash(entry: Entry) -> str:
    rest = {name: value for name, value in entry.items() if name != "hash"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _chained(last: Entry | None, content: Entry) -> Entry:
    linked = {"seq": last["seq"] + 1 if last else 0, "prev": last["hash"] if last else FIRST}
    # As it will be read back, so that the hash is of what stands in the file.
    entry: Entry = json.loads(json.dumps({**content, **linked}, default=str))
    return {**entry, "hash": _hash(entry)}


def _entry(line: bytes) -> Entry | None:
    """The entry of a line, or None when it is no whole one or its hash is not its own."""
    try:
        entry = json.loads(line)
        return entry if entry["hash"] == _hash(entry) else None
    except (ValueError, KeyError, TypeError):
        return None


def _end(handle: int) -> tuple[Entry | None, bytes, bool]:
    """The last entry, the bytes after it that are none, and whether the file ends within a line."""
    size = os.fstat(handle).st_size
    reach = 1 << 16
    while True:
        start = max(0, size - reach)
        lines = os.pread(handle, size - start, start).splitlines(keepends=True)
        torn = b""
        # The first line of a part of the file may be the end of one.
        for line in reversed(lines[1:] if start else lines):
            entry = _entry(line)
            if entry is not None:
                return entry, torn, not lines[-1].endswith(b"\n")
            torn = line + torn
        if not start:
            return None, torn, bool(torn) and not torn.endswith(b"\n")
        reach *= 16
