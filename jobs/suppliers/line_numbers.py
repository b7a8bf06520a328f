"""Physical line numbers from the place in the file; see ``docs/adr/0002-line-numbers.md``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import unquote

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.suppliers.lines import BLANK, HEADER
from kordon import objects
from kordon.spark import small_frame


@dataclass
class Contents:
    """What was found in one file: rows by outcome, accepted ones by service day, first and last instant in microseconds."""

    rows: int = 0
    blank: int = 0
    headers: int = 0
    refused: int = 0
    accepted: dict[date, int] = field(default_factory=dict)
    first_us: int | None = None
    last_us: int | None = None


@dataclass(frozen=True)
class Block:
    """A part of a file that one task read: ``row_id + shift`` is the line."""

    uri: str
    block: int
    shift: int


def path_of(uri: str) -> str:
    """The path of a file's URI as Spark writes it: local, or of an object store."""
    if objects.is_remote(uri):
        return unquote(uri)
    path = unquote(uri.removeprefix("file:"))
    return "/" + path.lstrip("/")


def survey(parsed: DataFrame) -> list[Any]:
    """Count the parsed rows by file, block, outcome and service day: as many rows as files have blocks, days and codes."""
    captured = F.unix_micros("captured_at")
    accepted_day = F.when(F.col("outcome").isNull(), F.col("service_day")).alias("service_day")
    return (
        parsed.groupBy("uri", "block", "outcome", accepted_day)
        .agg(
            F.count("*").alias("rows"),
            F.min("row_id").alias("first_id"),
            F.min(captured).alias("first_us"),
            F.max(captured).alias("last_us"),
        )
        .collect()
    )


def contents(surveyed: Iterable[Any]) -> dict[str, Contents]:
    """What each file, by path, holds."""
    found: dict[str, Contents] = {}
    for row in surveyed:
        file = found.setdefault(path_of(row.uri), Contents())
        file.rows += row.rows
        if row.outcome == HEADER:
            file.headers += row.rows
        elif row.outcome == BLANK:
            file.blank += row.rows
        elif row.outcome is not None:
            file.refused += row.rows
        else:
            file.accepted[row.service_day] = file.accepted.get(row.service_day, 0) + row.rows
            file.first_us = row.first_us if file.first_us is None else min(file.first_us, row.first_us)
            file.last_us = row.last_us if file.last_us is None else max(file.last_us, row.last_us)
    return found


def blocks(surveyed: Iterable[Any]) -> list[Block]:
    """The shift of each block: the lines of the blocks before it, counted from its own first row."""
    parts: dict[tuple[str, int], list[int]] = {}
    for row in surveyed:
        part = parts.setdefault((row.uri, row.block), [row.first_id, 0])
        part[0] = min(part[0], row.first_id)
        part[1] += row.rows
    found, before, last_uri = [], 0, None
    for (uri, block), (first_id, rows) in sorted(parts.items()):
        before = before if uri == last_uri else 0
        found.append(Block(uri, block, before + 1 - first_id))
        before, last_uri = before + rows, uri
    return found


def numbered(parsed: DataFrame, placed: Iterable[Block], *, files: Mapping[str, tuple[str, str, str]]) -> DataFrame:
    """Add ``source``, ``file``, ``sha256`` and ``line`` to the rows of the files named; other files' rows are left out.

    Args:
        files: path -> (source, file, SHA-256).
    """
    rows = [(b.uri, b.block, b.shift, *files[path_of(b.uri)]) for b in placed if path_of(b.uri) in files]
    schema = "uri string, block bigint, shift bigint, source string, file string, sha256 string"
    places = small_frame(parsed.sparkSession, rows, schema)
    line = (F.col("row_id") + F.col("shift")).cast("int")
    return parsed.join(F.broadcast(places), ["uri", "block"]).withColumn("line", line).drop("uri", "block", "row_id", "shift")
