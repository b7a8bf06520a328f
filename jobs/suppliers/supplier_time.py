"""A supplier's stamps to UTC instants. Nothing here may throw: an error would carry the text of the line."""

import re
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from kordon.errors import ConfigError

ISO = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)? ?(Z|[+-]\d{2}(:?\d{2})?)?$"
"""Spark's cast is lenient: it takes '2024' and '12:30' for stamps."""
OFFSET = r":\d{2}([.,]\d+)? ?(Z|[+-]\d{2}(:?\d{2})?)$"
"""An offset comes after a time: the end of a date looks like one."""
EPOCH_S, EPOCH_MS = r"^\d{1,11}([.,]\d{1,9})?$", r"^\d{1,14}([.,]\d{1,9})?$"
"""More digits than a year of four digits needs overflow sooner or later."""

EARLIEST, LATEST = "2000-01-01", "9000-01-01"
"""A camera whose clock was never set says 1970; no read is older than this. Python's dates end with the year 9999."""


def with_instant(rows: DataFrame, column: str, *, formats: Sequence[str], zone: str) -> DataFrame:
    """Add ``<column>_ts``, the UTC instant of a text column or NULL, and ``<column>_skipped``.

    A local stamp in a repeated hour is the earlier instant. In a skipped hour there is none, and ``_skipped`` is true.

    Args:
        formats: ``iso``, ``epoch_s``, ``epoch_ms`` or Spark patterns; the first that fits counts.
        zone: of stamps without an offset.
    """
    text = F.col(column)
    stamps = [_stamp(text, name) for name in formats]
    rows = rows.withColumn("_stamp", F.coalesce(*(stamp for stamp, _ in stamps)))
    rows = rows.withColumn("_local", _is_local(stamps))
    there = F.to_utc_timestamp("_stamp", zone)
    rows = rows.withColumn("_utc", F.when(F.col("_local"), there).otherwise(F.col("_stamp")))
    back = F.from_utc_timestamp("_utc", zone)
    skipped = F.coalesce(F.col("_local") & (back != F.col("_stamp")), F.lit(False))
    is_possible = F.col("_utc").between(F.lit(EARLIEST).cast("timestamp"), F.lit(LATEST).cast("timestamp"))
    instant = F.when(is_possible & ~skipped, F.col("_utc"))
    added = {f"{column}_ts": instant, f"{column}_skipped": skipped}
    return rows.withColumns(added).drop("_stamp", "_local", "_utc")


def _is_local(stamps: Sequence[tuple[Column, bool | Column]]) -> Column:
    """Whether the format that fitted is local: the same for all formats as a rule, and then nothing is parsed twice."""
    kinds = [is_local for _, is_local in stamps]
    if all(kind is True for kind in kinds) or all(kind is False for kind in kinds):
        return F.lit(kinds[0])
    if len(stamps) == 1:
        return F.lit(kinds[0]) if isinstance(kinds[0], bool) else kinds[0]
    fitted = [F.when(stamp.isNotNull(), kind if isinstance(kind, Column) else F.lit(kind)) for stamp, kind in stamps]
    return F.coalesce(*fitted)


def _stamp(text: Column, name: str) -> tuple[Column, bool | Column]:
    """A stamp as if it were UTC, or NULL; and whether it is local."""
    if name == "iso":
        upper = F.upper(text)
        # A space before the offset is common and not ISO; Spark's cast refuses it and the comma.
        tidy = F.regexp_replace(F.translate(upper, ",", "."), r" (?=[Z+-])", "")
        return F.when(upper.rlike(ISO), tidy).try_cast("timestamp"), ~upper.rlike(OFFSET)
    if name == "epoch_s":
        seconds = F.when(text.rlike(EPOCH_S), F.translate(text, ",", ".")).try_cast("decimal(20,6)")
        return F.timestamp_micros((seconds * 1_000_000).try_cast("bigint")), False
    if name == "epoch_ms":
        millis = F.when(text.rlike(EPOCH_MS), F.translate(text, ",", ".")).try_cast("decimal(20,3)")
        return F.timestamp_micros((millis * 1_000).try_cast("bigint")), False
    fits = F.lit(True) if (lengths := text_lengths(name)) is None else F.length(text).between(*lengths)
    # A stamp that does not fit costs an exception in Java, ten times a parse: most are told by their length.
    return F.try_to_timestamp(F.when(fits, text), F.lit(name)), not has_offset(name)


def text_lengths(pattern: str) -> tuple[int, int] | None:
    """The least and the most characters of a stamp of a Spark pattern, or None where its parts have no fixed width."""
    literal = re.sub(r"'[^']*'", "", pattern)
    parts = [match.group() for match in re.finditer(r"([A-Za-z])\1*", literal)]
    fixed = {"yyyy", "MM", "dd", "HH", "mm", "ss"}
    if "'" in pattern or "[" in pattern or not all(part in fixed or set(part) == {"S"} for part in parts):
        return None
    optional = sum(len(part) - 1 for part in parts if part[0] == "S")
    return len(pattern) - optional, len(pattern)


def has_offset(pattern: str) -> bool:
    """Whether a Spark pattern holds an offset or a zone."""
    return bool(re.search(r"[XxZzVO]", re.sub(r"'[^']*'", "", pattern)))


def refuse_bad_patterns(spark: SparkSession, patterns: Sequence[str], *, source: str) -> None:
    """Try each pattern once, before Spark meets it in the middle of a file.

    Raises:
        ConfigError: Spark does not know a pattern.
    """
    from pyspark.errors import PySparkException

    for pattern in patterns:
        if pattern in ("iso", "epoch_s", "epoch_ms"):
            continue
        try:
            spark.sql("SELECT 1").select(F.try_to_timestamp(F.lit("2026-03-10"), F.lit(pattern))).collect()
        except PySparkException:
            raise ConfigError(
                f"sources/{source}.toml: [time] formats holds '{pattern}', which is no Spark datetime pattern. "
                "Write one like yyyy-MM-dd'T'HH:mm:ss; letters that stand for themselves are quoted."
            ) from None
