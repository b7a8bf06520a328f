"""Spec tables: rows as a person writes them, turned into a frame with the types that the columns' names imply."""

from collections.abc import Callable, Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from kordon.tables import TABLES

DAY = "2026-03-10"
"""A spec day is a Tuesday; a time without a day is on it, in UTC."""

KNOWN_TYPES = {c.name: c.type for table in reversed(TABLES.values()) for c in table.columns}
EXTRA_TYPES = {
    "lon": "double",
    "lat": "double",
    "distance_m": "double",
    "ts": "timestamp",
    "end_ts": "timestamp",
    "up": "double",
    "least_up": "double",
}


def _type(column: str) -> str:
    if column == "vid":
        return "binary"
    if column.endswith("passage_id") or column in ("trip_id", "visit_id"):
        return "string"
    return EXTRA_TYPES.get(column) or KNOWN_TYPES.get(column) or ("timestamp" if column.endswith(("_ts", "_at")) else "string")


def _cells(text: str) -> tuple[list[str], list[list[str | None]]]:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    header, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return header, [[None if cell in ("", "-") else cell for cell in row] for row in rows]


def frame(spark: SparkSession, text: str, **constants: str) -> DataFrame:
    """A frame from a spec table. ``-`` or nothing is NULL; ``08:00:00`` is a moment of the spec day; ``service_day`` is it; ``a,b`` is a list."""
    header, rows = _cells(text)
    made = spark.createDataFrame(rows, StructType([StructField(name, StringType()) for name in header]))
    for name in header:
        kind = _type(name)
        value = F.col(name)
        if kind == "timestamp":
            value = F.when(F.length(name) <= 8, F.concat(F.lit(f"{DAY} "), name)).otherwise(value)
        if kind == "array<string>":
            value = F.array_remove(F.split(F.coalesce(value, F.lit("")), ","), "")
        made = made.withColumn(name, value.cast(kind))
    if "service_day" not in header and any(name == "vid" or name.endswith("ts") for name in header):
        made = made.withColumn("service_day", F.lit(DAY).cast("date"))
    for name, constant in constants.items():
        made = made.withColumn(name, F.lit(constant).cast(_type(name)))
    return made


def _shown(value: Any, name: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode()
    if isinstance(value, list):
        return ",".join(value) or "-"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def shown(rows: DataFrame, columns: list[str]) -> list[list[str]]:
    """The rows as a person would write them, sorted."""
    texts = []
    for name in columns:
        kind = dict(rows.dtypes)[name]
        column = F.col(name)
        if kind == "timestamp":
            on_the_day = F.to_date(column) == F.lit(DAY)
            clock = F.when(on_the_day, F.date_format(column, "HH:mm:ss")).otherwise(
                F.date_format(column, "yyyy-MM-dd HH:mm:ss")
            )
            column = clock
        texts.append(column.alias(name))
    return sorted(
        [_shown(value, name) for value, name in zip(row, columns, strict=True)] for row in rows.select(texts).collect()
    )


def check(
    spark: SparkSession,
    function: Callable[..., DataFrame],
    *,
    given: str | Mapping[str, Any] | DataFrame,
    then: str,
    constants: Mapping[str, str] | None = None,
    **arguments: Any,
) -> None:
    """Call a function on the given rows and compare what comes out, in the columns that ``then`` names, in any order."""
    if isinstance(given, str):
        result = function(frame(spark, given, **(constants or {})), **arguments)
    elif isinstance(given, Mapping):
        inputs = {name: frame(spark, text) if isinstance(text, str) else text for name, text in given.items()}
        result = function(**inputs, **arguments)
    else:
        result = function(given, **arguments)
    header, rows = _cells(then)
    expected = sorted(["-" if cell is None else cell for cell in row] for row in rows)
    assert shown(result, header) == expected
