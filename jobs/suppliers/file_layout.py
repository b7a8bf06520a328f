"""Where a file's columns are: from the header of a CSV, the width of one without, the footer of a Parquet file."""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from jobs.suppliers.file_content import first_lines

if TYPE_CHECKING:
    import pyarrow as pa

REQUIRED = ("camera_id", "captured_at", "plate")
LONGEST_HEADER = 65_536
LINES_FOR_WIDTH = 100


class UnusableError(Exception):
    """A file whose columns cannot be used: an error code, and its lines where they are known."""

    def __init__(self, code: str, *, lines: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.lines = lines


@dataclass(frozen=True)
class Layout:
    """Kordon field -> position (CSV) or column (Parquet). Files of equal layout are parsed as one."""

    header: bytes | None = None
    width: int = 0
    columns: tuple[tuple[str, int | str], ...] = ()
    types: tuple[str, ...] = ()


def csv_layout(
    head: bytes,
    *,
    is_whole: bool,
    encoding: str,
    delimiter: str,
    has_header: bool,
    columns: Mapping[str, str | int],
) -> Layout:
    """The layout of a CSV file from its first bytes.

    Raises:
        UnusableError: a required column is not there, or the header cannot be read.
    """
    if has_header:
        return _layout_by_header(head, is_whole=is_whole, encoding=encoding, delimiter=delimiter, columns=columns)
    lines = first_lines(head, is_whole=is_whole, most=LINES_FOR_WIDTH)
    widths = Counter(len(_cells(line, encoding=encoding, delimiter=delimiter)) for line in lines if line.strip())
    # Without a header the width that most lines have is the file's: one damaged first line must not refuse the others.
    width = max(widths, key=lambda w: (widths[w], w), default=0)
    places = {name: int(number) - 1 for name, number in columns.items()}
    if any(places[name] >= width for name in REQUIRED if name in places):
        raise UnusableError("missing_column")
    return Layout(None, width, tuple((name, place) for name, place in places.items() if place < width))


def _layout_by_header(
    head: bytes, *, is_whole: bool, encoding: str, delimiter: str, columns: Mapping[str, str | int]
) -> Layout:
    lines = first_lines(head, is_whole=is_whole, most=1)
    if not lines or len(lines[0]) > LONGEST_HEADER:
        raise UnusableError("bad_header")
    names = [name.strip() for name in _cells(lines[0], encoding=encoding, delimiter=delimiter)]
    if any(str(columns[name]) not in names for name in REQUIRED if name in columns):
        raise UnusableError("missing_column")
    if any(names.count(str(column)) > 1 for column in columns.values()):
        raise UnusableError("duplicate_column")
    places = tuple((name, names.index(str(column))) for name, column in columns.items() if str(column) in names)
    return Layout(lines[0], len(names), places)


def _cells(line: bytes, *, encoding: str, delimiter: str) -> list[str]:
    text = line.decode(encoding, errors="replace")
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        raise UnusableError("bad_header") from None


def parquet_layout(file: BinaryIO, *, columns: Mapping[str, str | int]) -> tuple[Layout, int]:
    """The layout of a Parquet file and its rows, from its footer.

    Raises:
        UnusableError: the footer cannot be read, or a required column is not there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        footer = pq.ParquetFile(file)
        schema, rows = footer.schema_arrow, footer.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError):
        raise UnusableError("bad_parquet") from None
    if any(str(columns[name]) not in schema.names for name in REQUIRED if name in columns):
        raise UnusableError("missing_column", lines=rows)
    lower = [name.lower() for name in schema.names]
    if any(lower.count(str(column).lower()) > 1 for column in columns.values()):
        raise UnusableError("duplicate_column", lines=rows)
    found = tuple((name, str(column)) for name, column in columns.items() if column in schema.names)
    return Layout(None, 0, found, _types(schema, [column for _, column in found])), rows


def _types(schema: "pa.Schema", columns: list[str]) -> tuple[str, ...]:
    return tuple(str(schema.field(column).type) for column in columns)
