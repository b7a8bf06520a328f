"""The record of a table: plain data from which schema, checks, dictionary and catalogue entry are derived."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

CLOSED, SHARED, OPEN = "closed", "shared", "open"

RAW, VEHICLES, COUNTS, OPS = "raw", "closed-vehicles", "closed-counts", "ops"
"""Zones of a lake: who may read one may read all that stands in it."""

STRING, INT, LONG, DOUBLE, BOOLEAN = "string", "int", "bigint", "double", "boolean"
DATE, TIMESTAMP, BINARY, STRINGS, VERSIONS = "date", "timestamp", "binary", "array<string>", "map<string,bigint>"

VEHICLE_CLASSES = ("car", "van", "truck", "bus", "motorcycle", "other", "unknown")
DAY_PARTS = ("night", "morning", "day", "evening", "late")
"""22 to 6, 6 to 10, 10 to 15, 15 to 19, 19 to 22 hours local time."""


@dataclass(frozen=True)
class Column:
    """One column: its type, what it means in English and Dutch, and the rules that its values obey.

    A column is NOT NULL unless ``may_be_null``. ``at_least``, ``at_most`` and ``one_of`` hold for values that are not NULL.
    """

    name: str
    type: str
    en: str
    nl: str
    unit: str | None = None
    may_be_null: bool = False
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Table:
    """One table. ``kept`` is an ISO 8601 duration or the name of the event that ends it."""

    name: str
    tier: str
    kept: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    warnings: tuple[str, ...] = ()
    partitioned_by: tuple[str, ...] = ("service_day",)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def zone(self) -> str:
        """The zone in which the table stands: by its layer, and by whether it holds vehicles."""
        layer = self.name.partition("_")[0]
        if layer in (RAW, OPS):
            return layer
        return VEHICLES if any(column.type == BINARY for column in self.columns) else COUNTS

    @property
    def is_daily(self) -> bool:
        return "service_day" in self.partitioned_by


def records(modules: Iterable[ModuleType]) -> dict[str, Table]:
    """All table records found in the modules, by name, in the order in which they are written there."""
    return {value.name: value for module in modules for value in vars(module).values() if isinstance(value, Table)}
