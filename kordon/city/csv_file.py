"""CSV files of a city folder: rows with their physical line, every fault a problem."""

import csv
import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from kordon.city.instants import parse_date, parse_instant
from kordon.city.problem import Problems, listed, nearest, shown
from kordon.city.toml_file import read_text

T = TypeVar("T")

# Ids become folder names, columns of products and parts of URLs.
ID_LONGEST = 100


@dataclass
class Row:
    """One record of a CSV file. A getter that meets a fault notes it, returns None and marks the row as bad."""

    file: str
    line: int
    cells: dict[str, str]
    problems: Problems
    bad: bool = False

    def error(self, column: str | None, what: str, cure: str) -> None:
        """Note a fault of this row, which is then not used."""
        self.bad = True
        self.problems.error(file=self.file, line=self.line, column=column, what=what, cure=cure)

    def warning(self, column: str | None, what: str, cure: str) -> None:
        """Note something odd about this row."""
        self.problems.warning(file=self.file, line=self.line, column=column, what=what, cure=cure)

    def text(self, column: str) -> str:
        """The cell without surrounding space; empty where the column is absent."""
        return self.cells.get(column, "")

    def ident(self, column: str) -> str:
        """A cell that must hold an id."""
        value = self.text(column)
        if not value:
            self.error(column, "is empty", "give an id")
        elif not value.isprintable() or len(value) > ID_LONGEST:
            self.error(column, f"{shown(value)} cannot be an id", f"use at most {ID_LONGEST} printable characters")
        return value

    def reference(self, column: str, known: Iterable[str], *, where: str) -> str:
        """A cell that must hold an id of another file."""
        value = self.text(column)
        names = known if isinstance(known, set | dict | frozenset) else set(known)
        if not value:
            self.error(column, "is empty", f"give an id of {where}")
        elif value not in names:
            self.error(column, f"{shown(value)} is not in {where}", f"add it there or correct it; {nearest(value, names)}")
        return value

    def choice(self, column: str, allowed: Iterable[str]) -> str:
        """A cell that must hold one of a few words, of which the empty one may be one."""
        value, words = self.text(column), list(allowed)
        if value not in words:
            what = f"{shown(value)} is not allowed" if value else "is empty"
            self.error(column, what, f"use {listed(word or 'an empty cell' for word in words)}")
        return value

    def number(self, column: str, *, low: float, high: float, unit: str) -> float | None:
        """A finite number within bounds, or None where the cell is empty or wrong."""
        value = self.text(column)
        if not value:
            return None
        try:
            # Python reads 1_000 as a number, no spreadsheet does.
            number = math.nan if "_" in value else float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            comma = " with a point as decimal mark" if "," in value else ""
            self.error(column, f"{shown(value)} is not a number", f"give {unit}{comma}")
            return None
        if not low <= number <= high:
            self.error(column, f"{shown(value)} lies outside {low:g} to {high:g}", f"give {unit}")
            return None
        return number

    def needed_number(self, column: str, *, low: float, high: float, unit: str) -> float:
        """A finite number within bounds; 0 with a problem where there is none."""
        if not self.text(column):
            self.error(column, "is empty", f"give {unit}")
        return self.number(column, low=low, high=high, unit=unit) or 0.0

    def day(self, column: str) -> date | None:
        """An ISO date, or None with a problem."""
        return self._parsed(column, parse_date)

    def instant(self, column: str, *, zone: ZoneInfo, may_be_empty: bool = False) -> datetime | None:
        """A local date or date and time as a UTC instant, or None; empty is a problem unless allowed."""
        if may_be_empty and not self.text(column):
            return None
        return self._parsed(column, lambda text: parse_instant(text, zone=zone))

    def _parsed(self, column: str, parse: Callable[[str], T]) -> T | None:
        value = self.text(column)
        if not value:
            self.error(column, "is empty", "give a date such as 2026-03-10")
            return None
        try:
            return parse(value)
        except ValueError as error:
            self.error(column, f"{shown(value)} {error}", "correct the date")
            return None


def read_rows(
    path: Path,
    *,
    file: str,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
    problems: Problems,
) -> list[Row]:
    """The records of a UTF-8, comma separated file with a header, each with the physical line where it starts.

    Blank lines are skipped. A column that nobody knows is a warning; a missing one, or a record with more or fewer
    cells than the header, is an error and yields no rows or no row.
    """
    text = read_text(path, file=file, problems=problems)
    if text is None:
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    rows: list[Row] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            problems.error(file=file, line=line, what=f"is not CSV: {error}", cure="close the quotes and save the file as CSV")
            return rows
        if cells is None:
            break
        cells = [cell.strip() for cell in cells]
        if not any(cells) and len(cells) <= 1:
            continue
        if header is None:
            header = cells
            if not _header_is_good(header, required, optional, file=file, line=line, problems=problems):
                return []
        elif len(cells) != len(header):
            problems.error(
                file=file,
                line=line,
                what=f"has {len(cells)} cells where the header has {len(header)}",
                cure="quote cells that hold a comma, and keep the commas of empty cells",
            )
        else:
            rows.append(Row(file, line, dict(zip(header, cells, strict=True)), problems))
    if header is None:
        problems.error(file=file, what="has no header", cure=f"start with the line {','.join(required + optional)}")
    return rows


def _header_is_good(
    header: list[str], required: tuple[str, ...], optional: tuple[str, ...], *, file: str, line: int, problems: Problems
) -> bool:
    known = required + optional
    missing = [name for name in required if name not in header]
    for name in missing:
        wrong_mark = len(header) == 1 and any(mark in header[0] for mark in ";\t|")
        cure = "separate the cells with commas" if wrong_mark else f"add the column; the file has {listed(known)}"
        problems.error(file=file, line=line, column=name, what="this column is missing", cure=cure)
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            problems.error(file=file, line=line, column=name or None, what="this column occurs twice", cure="keep one of them")
        elif name not in known and not missing:
            problems.warning(
                file=file,
                line=line,
                column=name or None,
                what="nothing reads this column",
                cure=f"remove or rename it; {nearest(name, known)}",
            )
    return not missing and all(header.count(name) == 1 for name in header)
