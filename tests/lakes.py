"""Small lakes for tests: rows of any table, of which a test says only what matters to it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kordon.lake import Lake
from kordon.tables import TABLES

PLAIN: dict[str, Any] = {
    "string": "x",
    "int": 1,
    "bigint": 1,
    "double": 1.0,
    "boolean": False,
    "binary": bytearray(16),
    "array<string>": [],
    "map<string,bigint>": {},
}


def fill(lake: Lake, name: str, rows: Iterable[Mapping[str, Any]], *, days: Iterable[dt.date] = (), where: str = "true") -> int:
    """Replace a table's content with rows, the columns that are not given filled with plain values; return the version."""
    table = TABLES[name]
    made = []
    for row in rows:
        day = row.get("service_day", dt.date(2026, 3, 10))
        plain = {**PLAIN, "date": day, "timestamp": dt.datetime.combine(day, dt.time(12), dt.UTC)}
        values = []
        for column in table.columns:
            value = None if column.may_be_null else column.one_of[0] if column.one_of else plain[column.type]
            values.append(row.get(column.name, value))
        made.append(tuple(values))
    return lake.replace(name, lake.rows(name, made), where=where, metadata={"days": [str(day) for day in days]})


def data_files(folder: Path, *names: str) -> list[Path]:
    """The Parquet files of some tables, in whatever version they stand."""
    return [path for name in names for path in (folder / name).rglob("*.parquet") if "_delta_log" not in path.parts]
