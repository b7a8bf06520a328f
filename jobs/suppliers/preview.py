"""What the profiles of a city make of the first lines of supplier files: numbers and error codes, never a value."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import reduce
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.suppliers.file_content import HEAD_BYTES, Content, first_lines
from jobs.suppliers.landing import Landed, looked_at, matching
from jobs.suppliers.line_numbers import path_of
from jobs.suppliers.lines import BLANK, HEADER
from jobs.suppliers.source_files import group_cells, line_cells, source_reads
from kordon import objects
from kordon.delivered import Delivered, Landing, name_below

if TYPE_CHECKING:
    from kordon.city import City, Source

Looked = tuple[Landed, Content | None]


def preview(
    *, spark: SparkSession, city: "City", landing: Landing, lines_per_file: int = 1000, files_per_source: int = 50
) -> list[dict[str, Any]]:
    """What becomes of the first lines of each file, and of no more than its first quarter of a megabyte.

    Args:
        lines_per_file: so many lines of a file at most.
        files_per_source: of a source with more files, the last ones by name.

    Returns:
        A dictionary a file: ``source``, ``file``, ``lines`` (looked at), ``accepted``, ``errors`` (lines by error code),
        ``blank``, ``header_lines``, ``unknown_class`` and ``unknown_country`` (accepted lines whose word is in no mapping), and
        ``problem``, the error code of the file itself or None.
    """
    found: list[Looked] = []
    parts: list[DataFrame] = []
    for source in city.sources:
        paths = matching(landing, source=source.source, files=source.files)[-files_per_source:]
        of_source = [_look(path, landing=landing, source=source) for path in paths]
        found += of_source
        cells = _cells(spark, of_source, source=source, most=lines_per_file)
        parts += [source_reads(part, source=source, city=city, loaded_at=datetime.now(UTC)) for part in cells]
    counts = _counts(reduce(lambda a, b: a.unionByName(b), parts)) if parts else {}
    return [_shown(landed, counts.get(landed.path, {}), most=lines_per_file) for landed, _ in found]


def _look(path: Delivered, *, landing: Landing, source: "Source") -> Looked:
    seen = Landed(source.source, name_below(path, landing), str(path))
    return looked_at(seen, source=source, most_bytes=HEAD_BYTES)


def _cells(spark: SparkSession, files: Sequence[Looked], *, source: "Source", most: int) -> list[DataFrame]:
    """The cells of the first lines, a frame for files of the same layout."""
    parts = []
    usable = sorted((look for look in files if look[0].is_usable), key=lambda look: repr(look[0].layout))
    for _, of_layout in groupby(usable, key=lambda look: look[0].layout):
        group = list(of_layout)
        landed = [file for file, _ in group]
        if source.format == "parquet":
            parts.append(group_cells(spark, landed, source=source).filter(F.col("row_id") < most))
        elif rows := [row for file, content in group if content for row in _lines(file, content, most=most)]:
            lines = spark.createDataFrame(rows, "uri string, block bigint, row_id bigint, value binary")
            parts.append(line_cells(lines.withColumn("value", F.col("value").cast("string")), landed[0], source=source))
    return parts


def _lines(file: Landed, content: Content, *, most: int) -> list[tuple[str, int, int, bytearray]]:
    uri = file.path if objects.is_remote(file.path) else Path(file.path).as_uri()
    lines = first_lines(content.head, is_whole=content.head_is_whole, most=most)
    return [(uri, 0, number, bytearray(line)) for number, line in enumerate(lines)]


def _counts(parsed: DataFrame) -> dict[str, dict[str | None, tuple[int, int, int]]]:
    counted = parsed.groupBy("uri", "outcome").agg(
        F.count("*").alias("rows"),
        F.count_if("is_class_unmapped").alias("classes"),
        F.count_if("is_country_unmapped").alias("countries"),
    )
    found: dict[str, dict[str | None, tuple[int, int, int]]] = {}
    for row in counted.collect():
        found.setdefault(path_of(row.uri), {})[row.outcome] = (row.rows, row.classes, row.countries)
    return found


def _shown(file: Landed, counts: dict[str | None, tuple[int, int, int]], *, most: int) -> dict[str, Any]:
    lines = {outcome: rows for outcome, (rows, _, _) in counts.items()}
    accepted, unknown_class, unknown_country = counts.get(None, (0, 0, 0))
    headers = min(lines.get(HEADER, 0), 1)
    errors = {outcome: rows for outcome, rows in lines.items() if outcome is not None and outcome not in (HEADER, BLANK)}
    if lines.get(HEADER, 0) > 1:
        errors["repeated_header"] = lines[HEADER] - 1
    looked = sum(lines.values())
    if not file.is_usable:
        looked, headers = min(file.lines, most), min(file.header_lines, most)
        errors = {str(file.error_code): looked - headers}
    return {
        "source": file.source,
        "file": file.file,
        "lines": looked,
        "header_lines": headers,
        "blank": lines.get(BLANK, 0),
        "accepted": accepted,
        "errors": errors,
        "unknown_class": unknown_class,
        "unknown_country": unknown_country,
        "problem": file.error_code,
    }
