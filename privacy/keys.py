"""The keystore: one independent random key per city, purpose and key period, in a folder that only its owner reads.

Keys are not derived from a master: as long as a master lives, destroying a key destroys nothing.
"""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from kordon.errors import ConfigError

PURPOSE = "mobility"
KEY_BYTES = 32


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
    """The keys in one folder, 0700; each key is one file, 0600, written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_mode & 0o077:
            raise ConfigError(f"The keystore {folder} can be read by others than its owner: run `chmod 700 {folder}`.")

    def _path(self, city: str, purpose: str, period: str) -> Path:
        return self.folder / f"{city}.{purpose}.{period}.json"

    def key(self, *, city: str, period: str, first_day: date, last_day: date, purpose: str = PURPOSE) -> Key:
        """The key of a period, made at its first use.

        Raises:
            ConfigError: the file is not one that Kordon wrote, or others can read it.
        """
        path = self._path(city, purpose, period)
        if not path.exists():
            self._make(path, city=city, purpose=purpose, period=period, first_day=first_day, last_day=last_day)
        return _read(path)

    def _make(self, path: Path, *, city: str, purpose: str, period: str, first_day: date, last_day: date) -> None:
        content = {
            "key_id": secrets.token_hex(8),
            "city": city,
            "purpose": purpose,
            "period": period,
            "first_day": str(first_day),
            "last_day": str(last_day),
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "secret": secrets.token_hex(KEY_BYTES),
        }
        draft = self.folder / f".{secrets.token_hex(8)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces: of two runs that make the same key at once, one wins and both use it.
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
        directory = os.open(self.folder, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)


def _read(path: Path) -> Key:
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"The key file {path} can be read by others than its owner: run `chmod 600 {path}`.")
    try:
        content = json.loads(path.read_text())
        return Key(
            key_id=content["key_id"],
            city=content["city"],
            purpose=content["purpose"],
            period=content["period"],
            first_day=date.fromisoformat(content["first_day"]),
            last_day=date.fromisoformat(content["last_day"]),
            secret=bytes.fromhex(content["secret"]),
        )
    except (ValueError, KeyError, TypeError):
        # The cause would quote the file's content, which holds the key.
        raise ConfigError(f"The key file {path} is damaged: restore it, or the reads of its period cannot be linked.") from None
