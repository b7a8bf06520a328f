"""How a supplier's files are read: ``sources/<source>.toml``."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from kordon.city.instants import load_zone
from kordon.city.problem import shown
from kordon.city.settings import Section, Texts
from kordon.duration import hours
from kordon.tables.record import VEHICLE_CLASSES

REQUIRED_FIELDS = ("camera_id", "captured_at", "plate")
OPTIONAL_FIELDS = (
    "read_id",
    "received_at",
    "country",
    "confidence",
    "vehicle_class",
    "direction",
    "lane",
    "speed_kmh",
)
FIELDS = REQUIRED_FIELDS + OPTIONAL_FIELDS

FileFormat = Literal["csv", "jsonl", "parquet"]


@dataclass(frozen=True)
class Source:
    """A supplier's files. ``columns`` names Kordon fields by supplier column, or by number from 1 without a header.

    ``promise_h`` is in hours; ``time_formats`` are tried in order; ``time_zone`` is for stamps without an offset;
    confidence = value / ``confidence_scale``, and a read below ``confidence_minimum`` (0 to 1) is unread.
    """

    source: str
    files: str
    format: FileFormat
    encoding: str
    delimiter: str
    decimal: Literal[".", ","]
    header: bool
    compression: Literal["none", "gzip"]
    promise_h: float | None
    columns: dict[str, str | int] = field(hash=False)
    constants: dict[str, str] = field(hash=False)
    time_formats: tuple[str, ...]
    time_zone: str | None
    confidence_scale: float
    confidence_minimum: float
    classes: dict[str, str] = field(hash=False)
    countries: dict[str, str] = field(hash=False)
    directions: dict[str, str] = field(hash=False)
    plate_kind: Literal["plate", "tag"]
    unread: tuple[str, ...]


def is_ascii_compatible(encoding: str) -> bool:
    """Whether Python knows the encoding and its bytes below 128 are ASCII, so that lines can be counted in bytes.

    Raises:
        LookupError: Python knows no text encoding of that name.
    """
    codecs.lookup(encoding)
    # The second part tells apart encodings that only escape: UTF-7, unicode_escape, HZ.
    probe = "".join(map(chr, range(128))) + "+AG- \\n ~{VP~}"
    try:
        return probe.encode("ascii").decode(encoding) == probe
    except LookupError:
        raise
    except (ValueError, TypeError, AssertionError):
        return False


def _check_encoding(value: str) -> str:
    try:
        good = is_ascii_compatible(value)
    except (LookupError, ValueError):
        raise ValueError(f"{value!r} is not an encoding that Python knows") from None
    if not good:
        raise ValueError(f"{value!r} is not compatible with ASCII, so lines cannot be found in the bytes")
    return value


def _one_of(allowed: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")
        return value

    return AfterValidator(check)


def _column(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{value!r} is neither the name nor the number of a column")
    if value == "" or (isinstance(value, int) and value < 1):
        raise ValueError(f"{value!r} is no column: columns are numbered from 1")
    return value


def _constant(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


KordonField = Annotated[str, _one_of(FIELDS)]
Column = Annotated[str | int, BeforeValidator(_column)]
Constant = Annotated[str, BeforeValidator(_constant)]
VehicleClass = Annotated[str, _one_of(VEHICLE_CLASSES)]
InOut = Annotated[str, _one_of(("in", "out"))]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


def _check_pattern(pattern: str) -> None:
    if "%" in pattern:
        raise ValueError(f"{pattern!r} is a strftime pattern; Spark's look like yyyy-MM-dd HH:mm:ss")
    unquoted = re.sub(r"'[^']*'", "", pattern)
    if "Y" in unquoted:
        raise ValueError(f"{pattern!r} holds Y, the year of the week, which Spark refuses; use y")
    if not re.search(r"[yu]", unquoted):
        raise ValueError(f"{pattern!r} is not iso, epoch_s, epoch_ms or a pattern with a year such as yyyy-MM-dd HH:mm:ss")


class TimeSection(Section):
    """``[time]``."""

    formats: Texts = Field(default=("iso",), min_length=1, description="iso, epoch_s, epoch_ms or patterns, in order")
    zone: str | None = Field(default=None, description="time zone of stamps without an offset; without it the city's")

    @field_validator("formats")
    @classmethod
    def _formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            if pattern not in ("iso", "epoch_s", "epoch_ms"):
                _check_pattern(pattern)
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        if value is not None and load_zone(value) is None:
            raise ValueError(f"{value!r} is not an IANA time zone such as Europe/Brussels")
        return value


class ConfidenceSection(Section):
    """``[confidence]``."""

    scale: float = Field(default=1, gt=0, allow_inf_nan=False, description="the supplier's value for full confidence")
    minimum: float = Field(default=0, ge=0, le=1, description="a read below this share of full confidence is unread")


class PlatesSection(Section):
    """``[plates]``."""

    kind: Literal["plate", "tag"] = Field(default="plate", description="plate, or tag: no syntax, no repair")
    unread: Texts = Field(default=("",), description="values that mean that no plate was read")


class SourceFile(Section):
    """``sources/<source>.toml``."""

    files: str = Field(min_length=1, description="glob of the files below landing/<source>/, such as '**/*.csv'")
    format: FileFormat = Field(description="csv, jsonl or parquet")
    encoding: str = Field(default="utf-8", description="a character encoding that contains ASCII, such as utf-8 or cp1252")
    delimiter: str = Field(default=",", description="one character between the cells of a CSV file")
    decimal: Literal[".", ","] = Field(default=".", description="decimal mark")
    header: bool = Field(default=True, description="whether the first line names the columns")
    compression: Literal["none", "gzip"] = Field(default="none", description="none or gzip")
    promise: str | None = Field(default=None, description="delivery within this long after the hour, such as PT24H")
    columns: dict[KordonField, Column] = Field(default_factory=dict, description="Kordon field = supplier column")
    constants: dict[KordonField, Constant] = Field(
        default_factory=dict, description="Kordon field = value, for fields that the files lack"
    )
    time: TimeSection = Field(default_factory=TimeSection)
    confidence: ConfidenceSection = Field(default_factory=ConfidenceSection)
    classes: dict[str, VehicleClass] = Field(default_factory=dict, description="supplier value = vehicle class")
    countries: dict[str, CountryCode] = Field(default_factory=dict, description="supplier value = ISO 3166 alpha-2 code")
    directions: dict[str, InOut] = Field(default_factory=dict, description="supplier value = in or out")
    plates: PlatesSection = Field(default_factory=PlatesSection)

    @field_validator("files")
    @classmethod
    def _files(cls, value: str) -> str:
        path = PurePosixPath(value.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value):
            raise ValueError(f"{value!r} leaves the folder of the source")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, value: str) -> str:
        return _check_encoding(value)

    @field_validator("delimiter")
    @classmethod
    def _delimiter(cls, value: str) -> str:
        if len(value) != 1 or value in '"\r\n' or not value.isascii():
            raise ValueError(f"{value!r} is not one ASCII character other than a quote or line end")
        return value

    @field_validator("promise")
    @classmethod
    def _promise(cls, value: str | None) -> str | None:
        if value is not None:
            hours(value)
        return value

    def contradictions(self) -> Iterator[tuple[tuple[str, ...], str, str]]:
        """What keys say against each other: path of a key, what is wrong, cure."""
        for name in REQUIRED_FIELDS:
            if name not in self.columns and name not in self.constants:
                yield ("columns",), f"{name} is neither in [columns] nor in [constants]", f"add {name} to one of them"
        for name in sorted(set(self.columns) & set(self.constants)):
            yield ("constants", name), f"{name} is also in [columns]", "keep one of the two"
        if "captured_at" in self.constants:
            cure = "name the column that holds it"
            yield ("constants", "captured_at"), "every read has its own moment, which a constant cannot give", cure
        numbered = self.format == "csv" and not self.header
        for name, column in self.columns.items():
            if isinstance(column, int) and not numbered:
                yield ("columns", name), f"{column} is a number, but the files name their columns", "give the name"
            elif isinstance(column, str) and numbered:
                yield ("columns", name), f"{shown(column)} is a name, but header = false", "give the number, from 1"
        if self.format == "parquet" and self.compression != "none":
            yield ("compression",), "compression belongs to csv and jsonl", "remove it: parquet compresses itself"

    def source(self, name: str, *, timezone: str) -> Source:
        """This file as the record of the source of that name; stamps default to the city's time zone."""
        return Source(
            source=name,
            files=self.files,
            format=self.format,
            encoding=self.encoding,
            delimiter=self.delimiter,
            decimal=self.decimal,
            header=self.header,
            compression=self.compression,
            promise_h=None if self.promise is None else hours(self.promise),
            columns=dict(self.columns),
            constants=dict(self.constants),
            time_formats=self.time.formats,
            time_zone=self.time.zone or timezone,
            confidence_scale=self.confidence.scale,
            confidence_minimum=self.confidence.minimum,
            classes=dict(self.classes),
            countries=dict(self.countries),
            directions=dict(self.directions),
            plate_kind=self.plates.kind,
            unread=self.plates.unread,
        )
