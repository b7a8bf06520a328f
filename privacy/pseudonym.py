"""The pseudonym ``vid``: the first 16 bytes of HMAC-SHA-256 over domain, country and plate, valid for one key period."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from kordon.errors import ConfigError
from privacy.keys import Key

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

BLOCK_BYTES = 64
VID_BYTES = 16


def _pads(secret: bytes) -> tuple[bytearray, bytearray]:
    """Inner and outer pad of HMAC (RFC 2104). Both are key material."""
    short = secret if len(secret) <= BLOCK_BYTES else hashlib.sha256(secret).digest()
    block = short.ljust(BLOCK_BYTES, b"\0")
    return bytearray(b ^ 0x36 for b in block), bytearray(b ^ 0x5C for b in block)


def refuse_clear_disks(spark: "SparkSession") -> None:
    """Stop before a small table of secrets is made: without encryption it passes over the session's disks in clear.

    Raises:
        ConfigError: the session does not encrypt what it writes.
    """
    if spark.sparkContext.getConf().get("spark.io.encryption.enabled") != "true":
        raise ConfigError("Spark runs without spark.io.encryption.enabled=true: a key or plate would reach its disks in clear.")


def key_table(spark: "SparkSession", keys: Mapping[date, Key]) -> "DataFrame":
    """One row per service day with its key's id and what HMAC takes of it, as :func:`vid` wants it; small, to be broadcast.

    ``inner`` is the inner pad and the beginning of every message of the key, put together once and not for every read.

    The key reaches Spark in this way only: a literal or a setting would stand in plans, event logs and the web interface.

    Raises:
        ConfigError: the session does not encrypt what it writes to disk, where this table would pass in clear.
    """
    refuse_clear_disks(spark)
    rows = []
    for day, key in sorted(keys.items()):
        ipad, opad = _pads(key.secret)
        rows.append((day, key.key_id, ipad + key.prefix.encode(), opad))
    return spark.createDataFrame(
        rows, "service_day date not null, key_id string not null, inner binary not null, outer binary not null"
    )


def vid_of(key: Key, *, country: str, plate: str) -> bytes:
    """:func:`vid` of one plate, outside Spark, by Python's own HMAC."""
    return hmac.digest(key.secret, f"{key.prefix}{country}|{plate}".encode(), "sha256")[:VID_BYTES]


def vid(*, country: "Column", plate: "Column", inner: "Column", outer: "Column") -> "Column":
    """HMAC-SHA-256 cut to 16 bytes; NULL for a NULL plate. The rest of the message is in ``inner``."""
    from pyspark.sql import functions as F

    message = F.concat(country, F.lit("|"), plate).cast("binary")
    return F.unhex(F.substring(hmac_hex(message, inner=inner, outer=outer), 1, 2 * VID_BYTES))


def hmac_hex(message: "Column", *, inner: "Column", outer: "Column") -> "Column":
    """HMAC-SHA-256 of a binary column as hexadecimal digits, from functions that Spark 4.1 has (it has no ``hmac``).

    Source: RFC 2104, ``H(opad || H(ipad || message))``.

    Args:
        inner: the inner pad, and what all messages begin with.
        outer: the outer pad.
    """
    from pyspark.sql import functions as F

    digest = F.unhex(F.sha2(F.concat(inner, message), 256))
    return F.sha2(F.concat(outer, digest), 256)
