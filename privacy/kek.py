"""The key-encryption key: with it every key of a keystore is wrapped, and it is kept somewhere else.

It comes from a file or a descriptor (``/dev/fd/3``), never from an argument or the environment: other processes and logs see those.
"""

import hashlib
import logging
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kordon.errors import ConfigError

KEK_BYTES = 32
NONCE_BYTES = 12
ID_CHARACTERS = 16

_once: dict[str, "Kek"] = {}
"""What came through a pipe, by its path: a pipe is read once, and a run opens its keystore several times."""


@dataclass(frozen=True)
class Kek:
    """A key-encryption key. Its id tells whether it is the one that wrapped a key, and nothing else about it."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        return hashlib.sha256(b"kordon kek id|" + self.secret).hexdigest()[:ID_CHARACTERS]

    def wrapped(self, secret: bytes, *, about: bytes) -> bytes:
        """AES-256-GCM over the secret; what is said about it cannot be changed without breaking it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.secret).encrypt(nonce, secret, about)

    def unwrapped(self, wrapped: bytes, *, about: bytes) -> bytes | None:
        """The secret, or None when this key did not wrap it, or it or what is said about it was changed."""
        try:
            return AESGCM(self.secret).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], about)
        except (InvalidTag, ValueError):
            return None


def beside(keystore: Path) -> Path:
    """Where the key-encryption key is when no option says otherwise: good for one machine, as anybody who copies both has the keys."""
    return keystore.with_name(f"{keystore.name}.kek")


def read(path: Path) -> Kek:
    """The key in a file or behind a descriptor: 32 bytes, or 64 hexadecimal digits.

    Raises:
        ConfigError: it is not there, others can read it, or it is no key.
    """
    if str(path) in _once:
        return _once[str(path)]
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(
                f"The key-encryption key {path} can be read by others than its owner: run `chmod 600 {path}` "
                "(a mounted secret: set its mode to 0400)."
            )
        content = path.read_bytes()
    except OSError as wrong:
        raise ConfigError(
            f"The key-encryption key {path} cannot be read ({wrong.strerror}): mount it, or say where it is with --kek FILE. If it "
            "is lost, no living key opens any more: end those keys with `kordon keys destroy --period P --by NAME --reason TEXT`; "
            "their days become closed, what was computed stays."
        ) from None
    try:
        secret = content if len(content) == KEK_BYTES else bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != KEK_BYTES:
        # The content is not quoted: it may be the key with a slip.
        raise ConfigError(f"The key-encryption key {path} is not {KEK_BYTES} bytes or {2 * KEK_BYTES} hexadecimal digits.")
    found = Kek(secret)
    if not path.is_file():
        _once[str(path)] = found
    return found


def make(path: Path) -> Kek:
    """A new random key in a new file that only its owner reads.

    Raises:
        ConfigError: there is a file already.
    """
    secret = secrets.token_bytes(KEK_BYTES)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(
            f"There is a file {path} already: a key-encryption key never replaces anything; name another."
        ) from None
    with os.fdopen(handle, "w") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    logging.getLogger("kordon.keys").warning(
        "A key-encryption key was made in %s. Who copies it and the keystore has the keys: in production mount one from elsewhere "
        "with --kek FILE, and keep both out of backups.",
        path,
    )
    return Kek(secret)
