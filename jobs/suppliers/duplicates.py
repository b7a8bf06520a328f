"""Repeats of a read, within and between deliveries."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

BROADCAST_HASHES = 2_000_000
"""So many repeated hashes take some 100 MB on each executor; more (a landing delivered twice) are joined by shuffle."""


def with_duplicates(rows: DataFrame, *, with_ids: list[str]) -> DataFrame:
    """Replace ``is_duplicate``: true for every read of a set of repeats but the smallest (read_id, sha256, line, file).

    Repeats agree in service day and source, and in the supplier's read_id or, without one, in camera_id, captured_at and plate,
    where NULL plates are equal. A day is a function of its own reads, so a repeat on another day is none.

    Args:
        rows: columns of ``raw_read`` without ``is_duplicate``, and ``sha256``.
        with_ids: the sources that write a read_id.
    """
    keyed = rows.withColumn("own_id", _own_id(with_ids=with_ids)).withColumn("key_hash", F.xxhash64(*_key()))
    repeated = keyed.groupBy("key_hash").count().filter("count > 1").select("key_hash").persist()
    number = repeated.count()
    if not number:
        repeated.unpersist()
        return keyed.drop("own_id", "key_hash").withColumn("is_duplicate", F.lit(False))
    hashes = F.broadcast(repeated) if number <= BROADCAST_HASHES else repeated
    single = keyed.join(hashes, "key_hash", "left_anti").withColumn("is_duplicate", F.lit(False))
    # Equal hashes are candidates only: the window compares the true key.
    order = Window.partitionBy("key_hash", *_key()).orderBy("read_id", "sha256", "line", "file")
    candidates = keyed.join(hashes, "key_hash", "left_semi").withColumn("is_duplicate", F.row_number().over(order) > 1)
    return single.unionByName(candidates).drop("own_id", "key_hash")


def _own_id(*, with_ids: list[str]) -> Column:
    """The supplier's read_id, or NULL where Kordon made it: a supplier may leave it out on some lines."""
    made = read_id()
    return F.when(F.col("source").isin(with_ids) & (F.col("read_id") != made), F.col("read_id"))


def _key() -> list[Column]:
    """The key of repeats. Without a supplier's id the parts of the read, with one nothing but it."""
    has_no_id = F.col("own_id").isNull()
    parts = [F.when(has_no_id, F.col(name)) for name in ("camera_id", "captured_at", "plate")]
    # The hash skips NULLs: a flag keeps columns from moving into each other's place.
    return [F.col("service_day"), F.col("source"), has_no_id, F.col("own_id"), *parts]


def read_id() -> Column:
    """The id of a read whose supplier gives none: hex SHA-256 of ``source|file sha256|line``."""
    return F.sha2(F.concat_ws("|", "source", "sha256", F.col("line").cast("string")), 256)
