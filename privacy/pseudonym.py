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
    """One row per service day with its key's id, message prefix and pads; small, to be broadcast.

    The key reaches Spark in this way only: a literal or a setting would stand in plans, event logs and the web interface.

    Raises:
        ConfigError: the session does not encrypt what it writes to disk, where this table would pass in clear.
    """
    refuse_clear_disks(spark)
    rows = [(day, key.key_id, key.prefix, *_pads(key.secret)) for day, key in sorted(keys.items())]
    return spark.createDataFrame(
        rows,
        "service_day date not null, key_id string not null, prefix string not null, ipad binary not null, opad binary not null",
    )


def vid_of(key: Key, *, country: str, plate: str) -> bytes:
    """:func:`vid` of one plate, outside Spark, by Python's own HMAC."""
    return hmac.digest(key.secret, f"{key.prefix}{country}|{plate}".encode(), "sha256")[:VID_BYTES]


def vid(*, prefix: "Column", country: "Column", plate: "Column", ipad: "Column", opad: "Column") -> "Column":
    """HMAC-SHA-256 cut to 16 bytes; NULL for a NULL plate."""
    from pyspark.sql import functions as F

    message = F.concat(prefix, country, F.lit("|"), plate).cast("binary")
    return F.substring(hmac_sha256(message, ipad=ipad, opad=opad), 1, VID_BYTES)


def hmac_sha256(message: "Column", *, ipad: "Column", opad: "Column") -> "Column":
    """HMAC-SHA-256 of a binary column, from functions that Spark 4.1 has (it has no ``hmac``).

    Source: RFC 2104, ``H(opad || H(ipad || message))``.
    """
    from pyspark.sql import functions as F

    inner = F.unhex(F.sha2(F.concat(ipad, message), 256))
    return F.unhex(F.sha2(F.concat(opad, inner), 256))
