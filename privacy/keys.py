"""The keystore: one independent random key per city, purpose and key period, wrapped in a folder that only its owner reads.

Keys are not derived from a master: as long as a master lives, destroying a key destroys nothing. A destroyed key leaves a tombstone,
so that its period is never given another: its late reads are counted and dropped.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from kordon import audit_log
from kordon.errors import ConfigError, UsageError
from privacy import kek as keks
from privacy.key_folder import KeyFolder, Record, Tombstone
from privacy.key_life import DESTROYED, KeyLife, refuse_clock_set_back

PURPOSE = "mobility"
KEY_BYTES = 32


class KeyDestroyedError(ConfigError):
    """The key of a period is destroyed, so its reads have no vehicle ids any more."""


@dataclass(frozen=True)
class Key:
    """A key of one period. ``key_id`` is random and may stand beside the data; the secret never does."""

    key_id: str
    city: str
    purpose: str
    period: str
    first_day: date
    last_day: date
    secret: bytes = field(repr=False)

    @property
    def prefix(self) -> str:
        """What stands before country and plate in the message, so that no two purposes or periods share a pseudonym."""
        return f"anpr/v1|{self.city}|{self.purpose}|{self.period}|"


class Keystore:
    """The keys of one keystore, and the log of what happened to them, beside it.

    Args:
        folder: made when it is not there, 0700.
        kek: the file of the key-encryption key, as :class:`privacy.key_folder.KeyFolder` has it.

    Raises:
        ConfigError: others than the owner can read it.
    """

    def __init__(self, folder: Path, *, kek: Path | None = None) -> None:
        self.store = KeyFolder(folder, kek=kek)
        self.log = audit_log.beside(folder)
        self.store.finish(log=self._log_destroyed)

    def key(
        self, *, city: str, period: str, first_day: date, last_day: date, purpose: str = PURPOSE, now: datetime | None = None
    ) -> Key:
        """The key of a period, made at its first use.

        Raises:
            KeyDestroyedError: it was destroyed; it is never made again.
            ConfigError: it cannot be read, or the clock was set back.
        """
        found = self.store.find(city=city, purpose=purpose, period=period)
        if found is None:
            with self.store.lock():
                found = self.store.find(city=city, purpose=purpose, period=period)
                if found is None:
                    found = self._make(
                        Record(secrets.token_hex(8), city, purpose, period, first_day, last_day, (now or datetime.now(UTC)))
                    )
        if isinstance(found, Tombstone):
            raise KeyDestroyedError(
                f"The key of {city} for {period} was destroyed on {found.destroyed_at:%Y-%m-%d}: its reads cannot be computed again."
            )
        secret = self.store.secret(found)
        return Key(found.key_id, found.city, found.purpose, found.period, found.first_day, found.last_day, secret)

    def living(self, city: str) -> list[Record]:
        """The keys of a city that are not destroyed."""
        return [record for record in self.store.living() if record.city == city]

    def opened(self, record: Record) -> Key:
        """A living key with its secret."""
        secret = self.store.secret(record)
        return Key(record.key_id, record.city, record.purpose, record.period, record.first_day, record.last_day, secret)

    def destroyed_days(self, city: str) -> set[date]:
        """The service days of a city whose key is destroyed."""
        gone = [t.record for t in self.store.tombstones() if t.record.city == city and t.record.purpose == PURPOSE]
        return {r.first_day + timedelta(days=n) for r in gone for n in range((r.last_day - r.first_day).days + 1)}

    def status(self, city: str, *, life: KeyLife, now: datetime) -> list[dict[str, Any]]:
        """One record per key of a city, living or destroyed, by period; never a secret."""
        rows = [
            {
                **_named(record),
                "state": life.state(record, now=now),
                "is_due": life.is_due(record, now=now),
                "created_at": record.created_at,
                "grace_until": life.grace_until(record),
                "destroyed_at": None,
            }
            for record in self.living(city)
        ]
        rows += [
            {
                **_named(tombstone.record),
                "state": DESTROYED,
                "is_due": False,
                "created_at": tombstone.record.created_at,
                "grace_until": life.grace_until(tombstone.record),
                "destroyed_at": tombstone.destroyed_at,
            }
            for tombstone in self.store.tombstones()
            if tombstone.record.city == city
        ]
        return sorted(rows, key=lambda row: (row["first_day"], row["purpose"]))

    def destroy_due(self, city: str, *, life: KeyLife, now: datetime, by: str) -> list[Record]:
        """Destroy the keys whose grace is over, and return them.

        Raises:
            ConfigError: the clock was set back.
        """
        with self.store.lock():
            refuse_clock_set_back(self._moments(), now=now)
            due = [record for record in self.living(city) if life.is_due(record, now=now)]
            for record in due:
                self._destroy(record, now=now, by=by, reason="grace is over")
        return due

    def destroy(self, record: Record, *, now: datetime, by: str, reason: str) -> None:
        """Destroy one key before its time; a clock that was set back does not hinder it.

        Args:
            record: of a living key, or made up for one whose file is damaged.
        """
        if not by.strip() or not reason.strip():
            raise UsageError("A key is destroyed before its time in somebody's name and for a reason: give both.")
        with self.store.lock():
            self._destroy(record, now=now, by=by, reason=reason)

    def renew_kek(self, path: Path) -> int:
        """Wrap every living key with the key-encryption key in a file, made when it is not there; return how many were."""
        with self.store.lock():
            new = keks.read(path) if path.exists() else keks.make(path)
            count = self.store.rewrap(new)
            audit_log.append(self.log, action="kek_renewed", purpose=PURPOSE, keys=count, kek_id=new.id)
        return count

    def log_read(self, keys: Iterable[Key], *, run_id: str) -> None:
        """Log that a run read some keys."""
        ids = sorted({key.key_id for key in keys})
        if ids:
            audit_log.append(self.log, action="keys_read", purpose=PURPOSE, key_ids=ids, run_id=run_id)

    def _make(self, record: Record) -> Record:
        record = Record(**{**vars(record), "created_at": record.created_at.astimezone(UTC).replace(microsecond=0)})
        refuse_clock_set_back(self._moments(), now=record.created_at)
        # Before the key, so that none ever lives that the log does not know.
        audit_log.append(self.log, action="key_created", now=record.created_at, **_named(record))
        self.store.add(record, secrets.token_bytes(KEY_BYTES))
        return record

    def _destroy(self, record: Record, *, now: datetime, by: str, reason: str) -> None:
        self.store.destroy(Tombstone(record, now.astimezone(UTC), by, reason), log=self._log_destroyed)

    def _log_destroyed(self, tombstone: Tombstone) -> None:
        """One event a destroyed key, also when a process died between the event and the note that it was written."""
        key_id = tombstone.record.key_id
        known = (e for e in audit_log.entries(self.log) if e["action"] == "key_destroyed" and e["key_id"] == key_id)
        if next(known, None) is None:
            audit_log.append(
                self.log,
                action="key_destroyed",
                by=tombstone.by,
                now=tombstone.destroyed_at,
                reason=tombstone.reason,
                **_named(tombstone.record),
            )

    def _moments(self) -> list[tuple[str, datetime]]:
        made = [(f"the key of {record.period} was made", record.created_at) for record in self.store.living()]
        return made + [(f"the key of {t.record.period} was destroyed", t.destroyed_at) for t in self.store.tombstones()]


def _named(record: Record) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name != "created_at"}
