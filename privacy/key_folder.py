"""A folder of wrapped keys: one file a key, one tombstone a destroyed key, 0700 and 0600.

What :mod:`privacy.keys` asks of a store is small, so that a store behind an interface like Vault's can take its place: ``living``,
``tombstones``, ``secret``, ``add``, ``destroy`` and ``rewrap``. A file system that keeps what was overwritten (snapshots, backups)
keeps wrapped keys too: leave the folder out of those, and renew the key-encryption key after a copy got away.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from kordon.errors import ConfigError
from privacy import kek as keks
from privacy.kek import Kek

KEY, TOMBSTONE, DRAFT = ".key", ".gone", ".draft-"


@dataclass(frozen=True)
class Record:
    """What is known of a key beside its secret."""

    key_id: str
    city: str
    purpose: str
    period: str
    first_day: date
    last_day: date
    created_at: datetime

    @property
    def name(self) -> str:
        return f"{self.city}.{self.purpose}.{self.period}"

    @property
    def about(self) -> bytes:
        """What the wrapping binds the secret to."""
        return json.dumps(asdict(self), default=str, sort_keys=True).encode()


@dataclass(frozen=True)
class Tombstone:
    """A destroyed key. ``is_settled`` once its file is gone and the audit log says so."""

    record: Record
    destroyed_at: datetime
    by: str
    reason: str
    is_settled: bool = False


class KeyFolder:
    """The keys in one folder.

    Args:
        kek: the file of the key-encryption key; without it the one beside the folder, made with the first key.
    """

    def __init__(self, folder: Path, *, kek: Path | None = None) -> None:
        self.folder = folder
        self.kek_path = kek or keks.beside(folder)
        self._may_make_kek = kek is None
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_mode & 0o077:
            raise ConfigError(f"The keystore {folder} can be read by others than its owner: run `chmod 700 {folder}`.")

    def living(self) -> list[Record]:
        """The keys that are not destroyed, in the order of their names."""
        gone = {tombstone.record.name for tombstone in self.tombstones()}
        found = (self._content(path) for path in sorted(self.folder.glob(f"*{KEY}")))
        return [record for record, _, _ in found if record.name not in gone]

    def tombstones(self) -> list[Tombstone]:
        """The keys that are destroyed, in the order of their names."""
        return [self._tombstone(path) for path in sorted(self.folder.glob(f"*{TOMBSTONE}"))]

    def find(self, *, city: str, purpose: str, period: str) -> Record | Tombstone | None:
        """The key of a period, living or destroyed."""
        name = f"{city}.{purpose}.{period}"
        gone, path = self.folder / f"{name}{TOMBSTONE}", self.folder / f"{name}{KEY}"
        if gone.exists():
            return self._tombstone(gone)
        return self._content(path)[0] if path.exists() else None

    def secret(self, record: Record) -> bytes:
        """The secret of a living key.

        Raises:
            ConfigError: the key-encryption key is not the one that wrapped it, or the file was changed.
        """
        path = self._path(record)
        stored, kek_id, wrapped = self._content(path)
        kek = keks.read(self.kek_path)
        secret = kek.unwrapped(wrapped, about=stored.about)
        if secret is not None:
            return secret
        if kek_id != kek.id:
            raise ConfigError(
                f"The key {path} was wrapped with another key-encryption key ({kek_id}) than {self.kek_path} ({kek.id}): give that "
                "one with --kek FILE. If it is lost, destroy the period's key; its days become closed."
            )
        raise _damaged(path)

    def add(self, record: Record, secret: bytes) -> None:
        """Store a new key; the caller holds the lock and has looked that the period has none."""
        kek = self._kek_for_a_new_key()
        self._write(self._path(record), _stored(record, kek, secret))

    def destroy(self, tombstone: Tombstone, *, log: Callable[[Tombstone], None]) -> None:
        """Destroy a key for good: first the tombstone, then the bytes, then the log, so that it can be finished after a crash."""
        self._write_tombstone(tombstone)
        self._settle(tombstone, log=log)

    def finish(self, *, log: Callable[[Tombstone], None]) -> None:
        """Finish what a process left that died while it made or destroyed a key."""
        if not self._unfinished():
            return
        with self.lock():
            for path in self.folder.glob(f"{DRAFT}*"):
                _wipe(path)
            for tombstone in self.tombstones():
                if not tombstone.is_settled:
                    self._settle(tombstone, log=log)

    def rewrap(self, new: Kek) -> int:
        """Wrap every living key with another key-encryption key, and return how many were; again after a crash, the rest."""
        count = 0
        for record in self.living():
            path = self._path(record)
            if self._content(path)[1] == new.id:
                continue
            secret = self.secret(record)
            with path.open("r+b") as old:
                self._write(path, _stored(record, new, secret))
                _overwrite(old.fileno())
            count += 1
        return count

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One process at a time changes the folder; the lock dies with its process."""
        handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _path(self, record: Record) -> Path:
        return self.folder / f"{record.name}{KEY}"

    def _unfinished(self) -> bool:
        return any(self.folder.glob(f"{DRAFT}*")) or any(not tombstone.is_settled for tombstone in self.tombstones())

    def _settle(self, tombstone: Tombstone, *, log: Callable[[Tombstone], None]) -> None:
        _wipe(self._path(tombstone.record))
        _sync(self.folder)
        log(tombstone)
        self._write_tombstone(replace(tombstone, is_settled=True))

    def _write_tombstone(self, tombstone: Tombstone) -> None:
        path = self.folder / f"{tombstone.record.name}{TOMBSTONE}"
        self._write(path, asdict(tombstone))

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        """Write a file whole or not at all."""
        draft = self.folder / f"{DRAFT}{secrets.token_hex(8)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(content, file, default=str)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync(self.folder)

    def _kek_for_a_new_key(self) -> Kek:
        # Beside keys that another wrapped, a new one would hide that theirs is lost.
        if self._may_make_kek and not self.kek_path.exists() and not any(self.folder.glob(f"*{KEY}")):
            return keks.make(self.kek_path)
        return keks.read(self.kek_path)

    def _content(self, path: Path) -> tuple[Record, str, bytes]:
        stored = _json(path)
        try:
            return _record(stored["about"]), stored["kek_id"], bytes.fromhex(stored["wrapped"])
        except (ValueError, KeyError, TypeError):
            raise _damaged(path) from None

    def _tombstone(self, path: Path) -> Tombstone:
        stored = _json(path)
        try:
            moment = datetime.fromisoformat(stored["destroyed_at"])
            return Tombstone(_record(stored["record"]), moment, stored["by"], stored["reason"], stored["is_settled"])
        except (ValueError, KeyError, TypeError):
            raise _damaged(path) from None


def _damaged(path: Path) -> ConfigError:
    # Without the cause, which would quote the file's content.
    return ConfigError(
        f"The key file {path} is damaged: restore it, or destroy the key (`kordon keys destroy --period`); its days become closed."
    )


def _stored(record: Record, kek: Kek, secret: bytes) -> dict[str, Any]:
    wrapped = kek.wrapped(secret, about=record.about)
    return {"about": asdict(record), "kek_id": kek.id, "wrapped": wrapped.hex()}


def _record(content: dict[str, str]) -> Record:
    return Record(
        key_id=content["key_id"],
        city=content["city"],
        purpose=content["purpose"],
        period=content["period"],
        first_day=date.fromisoformat(content["first_day"]),
        last_day=date.fromisoformat(content["last_day"]),
        created_at=datetime.fromisoformat(content["created_at"]).astimezone(UTC),
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"The key file {path} can be read by others than its owner: run `chmod 600 {path}`.")
        content = json.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigError(
            f"The key file {path} has just gone: another process destroyed the key. Run the command again."
        ) from None
    except ValueError:
        raise _damaged(path) from None
    if not isinstance(content, dict):
        raise _damaged(path)
    return content


def _wipe(path: Path) -> None:
    """Overwrite a file and remove it; nothing when it is not there."""
    with suppress(FileNotFoundError):
        with path.open("r+b") as file:
            _overwrite(file.fileno())
        path.unlink()


def _overwrite(handle: int) -> None:
    os.pwrite(handle, b"\0" * os.fstat(handle).st_size, 0)
    os.fsync(handle)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
