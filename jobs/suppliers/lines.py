"""Physical lines to cells of text: what each line is, and the supplier's text of each Kordon field.

A frame of lines has ``uri``, ``block``, ``row_id`` and ``value``; a frame of cells has the first three, ``outcome`` and a text
column per field. ``outcome`` is NULL for a line that is good so far, else ``header``, ``blank`` or an error code.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from kordon.city.source import FIELDS

LONGEST_LINE = 65_536
"""Characters. A line of 10 MB is no read, and the parsers would hold it several times."""

HEADER, BLANK = "header", "blank"


def escaped(path: str) -> str:
    """A path as Spark's reader takes it: what a glob would mean by itself is escaped."""
    return re.sub(r"([\\\[\]{}*?])", r"\\\1", path)


def text_lines(spark: SparkSession, paths: Iterable[str]) -> DataFrame:
    """The physical lines of text files; ``row_id`` rises within a file's block, in the order of the lines."""
    rows = spark.read.text([escaped(path) for path in paths])
    return rows.select(
        F.col("_metadata.file_path").alias("uri"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().alias("row_id"),
        "value",
    )


def checked(lines: DataFrame, *, charset: str | None, header: bytes | None) -> DataFrame:
    """Say of each line whether it can be handed to a parser.

    Args:
        lines: ``uri``, ``block``, ``row_id``, ``value``.
        charset: Java's name of the encoding, or None for UTF-8.
        header: the header's bytes; any line that equals them has the outcome ``header``, its place decides later.

    Returns:
        ``uri``, ``block``, ``row_id``, ``outcome``, and ``text``, which is NULL where ``outcome`` is not.
    """
    value = F.col("value")
    if charset is None:
        text, is_bad = value, ~F.is_valid_utf8(value)
    else:
        text = F.decode(value.cast("binary"), charset)
        # Java puts this character where bytes mean nothing in the charset.
        is_bad = F.contains(F.col("text"), F.lit("\ufffd"))
    is_header = F.lit(False) if header is None else value.cast("binary") == F.lit(bytearray(header))
    is_short = F.length(value) <= LONGEST_LINE
    outcome = (
        F.when(is_header, HEADER)
        .when(~value.rlike(r"\S"), BLANK)
        .when(~is_short, "line_too_long")
        .when(F.contains(value, F.lit("\0")), "nul_byte")
        .when(is_bad, "bad_encoding")
    )
    rows = lines.withColumn("text", F.when(is_short, text)).withColumn("outcome", outcome)
    return rows.select("uri", "block", "row_id", "outcome", F.when(F.col("outcome").isNull(), F.col("text")).alias("text"))


def csv_cells(
    lines: DataFrame, *, places: Mapping[str, int], width: int, delimiter: str, constants: Mapping[str, str]
) -> DataFrame:
    """The cells of checked CSV lines; a line of more or fewer columns than ``width`` is ``bad_columns``.

    Args:
        places: field -> position from 0.
    """
    schema = ", ".join([*(f"c{place} string" for place in range(width)), "_bad string"])
    options = {
        "sep": delimiter,
        "quote": '"',
        "escape": '"',
        "mode": "PERMISSIVE",
        "columnNameOfCorruptRecord": "_bad",
        # Univocity stops with an exception at its default of 20,480: a line of delimiters has more.
        "maxColumns": str(LONGEST_LINE + 2),
    }
    rows = lines.withColumn("cells", F.from_csv("text", schema, options))
    texts = {name: F.col(f"cells.c{place}") for name, place in places.items()}
    return _cells(rows, is_bad=F.col("cells._bad").isNotNull(), code="bad_columns", texts=texts, constants=constants)


def json_cells(lines: DataFrame, *, keys: Mapping[str, str], constants: Mapping[str, str]) -> DataFrame:
    """The cells of checked JSON lines; a line that is not exactly one object is ``bad_json``.

    Args:
        keys: field -> key of the object.
    """
    names = list(dict.fromkeys(keys.values()))
    quoted = ", ".join(f"`{name.replace('`', '``')}`: string" for name in names)
    # As an array of one: alone, the parser reads `{...}{...}` and never says that the second record was dropped.
    array = F.from_json(F.concat(F.lit("["), F.col("text"), F.lit("]")), f"array<struct<{quoted}>>")
    rows = lines.withColumn("objects", array)
    first = F.get("objects", F.lit(0))
    is_bad = F.coalesce((F.size("objects") != 1) | first.isNull(), F.lit(True))
    texts = {name: first.getField(key) for name, key in keys.items()}
    return _cells(rows, is_bad=is_bad, code="bad_json", texts=texts, constants=constants)


def parquet_cells(
    spark: SparkSession, paths: Sequence[str], *, columns: Mapping[str, str], constants: Mapping[str, str]
) -> DataFrame:
    """The cells of the rows of Parquet files of one layout; instants become ISO 8601 with ``Z``."""
    rows = spark.read.parquet(*(escaped(path) for path in paths))
    types = dict(rows.dtypes)
    texts = {}
    for name, column in columns.items():
        cell = F.col(f"`{column.replace('`', '``')}`")
        if types[column] == "timestamp":
            cell = F.date_format(cell, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")
        texts[name] = cell.cast("string")
    placed = rows.select(
        F.col("_metadata.file_path").alias("uri"),
        F.lit(0).cast("bigint").alias("block"),
        F.col("_metadata.row_index").alias("row_id"),
        *(cell.alias(f"{name}_cell") for name, cell in texts.items()),
    ).withColumn("text", F.lit(""))
    cells = [f"{name}_cell" for name in texts]
    outcome = (
        F.when(_any(F.length(cell) > LONGEST_LINE for cell in cells), "line_too_long")
        .when(_any(F.contains(F.col(cell), F.lit("\0")) for cell in cells), "nul_byte")
        .when(_any(~F.is_valid_utf8(cell) for cell in cells), "bad_encoding")
    )
    return _cells(
        placed.withColumn("outcome", outcome),
        is_bad=F.lit(False),
        code="",
        texts={name: F.col(f"{name}_cell") for name in texts},
        constants=constants,
    )


def _any(conditions: Iterable[Column]) -> Column:
    return reduce(lambda a, b: a | b, (F.coalesce(condition, F.lit(False)) for condition in conditions))


def _cells(
    rows: DataFrame, *, is_bad: Column, code: str, texts: Mapping[str, Column], constants: Mapping[str, str]
) -> DataFrame:
    outcome = F.coalesce(F.col("outcome"), F.when(is_bad, code))
    known = {**texts, **{name: F.lit(value) for name, value in constants.items()}}
    nothing = F.lit(None).cast("string")
    fields = (F.trim(known[name]).alias(name) if name in known else nothing.alias(name) for name in FIELDS)
    return rows.select("uri", "block", "row_id", outcome.alias("outcome"), *fields)
