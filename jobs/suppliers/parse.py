"""Cells of text to the typed columns of a read, and the first reason for which a line is refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.service_day import service_day
from jobs.suppliers.supplier_time import with_instant
from kordon.spark import small_frame
from kordon.tables.record import VEHICLE_CLASSES

if TYPE_CHECKING:
    from kordon.city import Camera

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
"""Spark's cast is lenient: it takes '1d' and 'Infinity' for numbers."""

LONGEST_PLATE = 64
SHORTEST_GENERIC, LONGEST_GENERIC = 4, 10

PARSED = (
    "outcome",
    "service_day",
    "supplier_read_id",
    "camera_id",
    "site_id",
    "captured_at",
    "received_at",
    "vehicle_class",
    "country",
    "confidence",
    "direction",
    "lane",
    "speed_kmh",
    "plate_quality",
    "plate",
)


def camera_table(spark: SparkSession, cameras: Sequence["Camera"], *, source: str) -> DataFrame:
    """A supplier's camera ids: ``supplier_camera_id`` and ``device_0``, ``device_1``, ... had the id in turn.

    A device is a structure of camera_id, site_id, valid_from and valid_to in microseconds.
    """
    devices: dict[str, list[tuple[str, str, int | None, int | None]]] = {}
    for camera in sorted(cameras, key=lambda c: c.camera_id):
        if camera.source == source:
            bounds = (_micros(camera.valid_from), _micros(camera.valid_to))
            devices.setdefault(camera.supplier_camera_id, []).append((camera.camera_id, camera.site_id, *bounds))
    most = max(map(len, devices.values()), default=1)
    struct = "struct<camera_id string, site_id string, valid_from bigint, valid_to bigint>"
    schema = ", ".join(["supplier_camera_id string", *(f"device_{n} {struct}" for n in range(most))])
    rows = [(name, *found, *[None] * (most - len(found))) for name, found in devices.items()]
    return small_frame(spark, rows, schema)


def _micros(instant: datetime | None) -> int | None:
    return None if instant is None else round(instant.timestamp()) * 1_000_000


def reads(
    cells: DataFrame,
    *,
    cameras: DataFrame,
    formats: Sequence[str],
    zone: str,
    decimal: str,
    scale: float,
    minimum: float,
    classes: Mapping[str, str],
    countries: Mapping[str, str],
    directions: Mapping[str, str],
    plate_kind: str,
    unread: Sequence[str],
    timezone: str,
    loaded_at: datetime,
    constants: Mapping[str, str],
) -> DataFrame:
    """The reads of one source's cells, refused ones included.

    Args:
        cells: as :mod:`jobs.suppliers.lines` gives them.
        cameras: as :func:`camera_table` gives them.
        formats, zone: of the supplier's stamps.
        decimal: the supplier's decimal mark.
        scale, minimum: confidence = value / scale, from 0 to 1; a plate below minimum counts as unread.
        classes, countries, directions: supplier value -> Kordon value.
        plate_kind: ``plate`` or ``tag``.
        unread: values that mean that no plate was read.
        timezone: the city's, for the service day.
        loaded_at: the moment of loading, for reads from the future.
        constants: Kordon values of fields that the files lack.

    Returns:
        ``uri``, ``block``, ``row_id``, the columns of :data:`PARSED`, ``is_class_unmapped`` and ``is_country_unmapped``;
        ``outcome`` is NULL for an accepted line.
    """
    rows = with_instant(cells, "captured_at", formats=formats, zone=zone)
    rows = with_instant(rows, "received_at", formats=formats, zone=zone)
    rows = rows.withColumns(
        {
            "confidence_value": number(F.col("confidence"), decimal=decimal) / F.lit(float(scale)),
            "speed_value": number(F.col("speed_kmh"), decimal=decimal),
            "supplier_camera_id": F.coalesce("camera_id", F.lit("")),
        }
    )
    rows = rows.join(F.broadcast(cameras), "supplier_camera_id", "left")
    devices = [F.col(name) for name in cameras.columns if name.startswith("device_")]
    rows = rows.withColumn("device", _device(devices, at=F.unix_micros("captured_at_ts")))
    rows = rows.withColumn("outcome", F.coalesce(F.col("outcome"), _refusal(loaded_at=loaded_at)))
    rows = rows.withColumn("tidy", F.col("plate") if plate_kind == "tag" else _tidy(F.col("plate")))
    rows = rows.withColumn("is_unread", _is_unread(unread=unread, minimum=minimum, plate_kind=plate_kind))

    word = F.coalesce("vehicle_class", F.lit(""))
    vehicle_class = _mapped(word, classes, constant=_constant(constants, "vehicle_class", VEHICLE_CLASSES))
    country_word = F.coalesce("country", F.lit(""))
    country = _mapped(country_word, countries, constant=None)
    country = F.coalesce(country, F.when(F.col("country").rlike("^[A-Za-z]{2}$"), F.upper("country")))
    direction_word = F.coalesce("direction", F.lit(""))
    direction = _mapped(direction_word, directions, constant=_constant(constants, "direction", ("in", "out")))
    day = service_day(F.col("captured_at_ts"), timezone=timezone)
    return rows.select(
        "uri",
        "block",
        "row_id",
        "outcome",
        day.alias("service_day"),
        F.when(F.col("read_id") != "", F.col("read_id")).alias("supplier_read_id"),
        F.col("device.camera_id").alias("camera_id"),
        F.col("device.site_id").alias("site_id"),
        F.col("captured_at_ts").alias("captured_at"),
        F.col("received_at_ts").alias("received_at"),
        F.coalesce(vehicle_class, F.lit("unknown")).alias("vehicle_class"),
        country.alias("country"),
        F.col("confidence_value").alias("confidence"),
        direction.alias("direction"),
        F.when(F.col("lane") != "", F.substring("lane", 1, 32)).alias("lane"),
        F.when(F.col("speed_value").between(0, 1_000), F.col("speed_value")).alias("speed_kmh"),
        _quality(plate_kind=plate_kind).alias("plate_quality"),
        F.when(~F.col("is_unread"), F.substring("tidy", 1, LONGEST_PLATE)).alias("plate"),
        ((word != "") & vehicle_class.isNull()).alias("is_class_unmapped"),
        ((country_word != "") & country.isNull()).alias("is_country_unmapped"),
    )


def number(text: Column, *, decimal: str) -> Column:
    """A supplier's number, or NULL."""
    plain = F.translate(text, ",", ".") if decimal == "," else text
    return F.when(plain.rlike(NUMBER), plain).try_cast("double")


def _device(devices: Sequence[Column], *, at: Column) -> Column:
    """The device that is valid at a moment. Columns, not an array: a lambda over one doubled the time of the step's parsing."""

    def is_valid(device: Column) -> Column:
        begun = device.getField("valid_from").isNull() | (device.getField("valid_from") <= at)
        return begun & (device.getField("valid_to").isNull() | (at < device.getField("valid_to")))

    return F.coalesce(*(F.when(device.isNotNull() & is_valid(device), device) for device in devices))


def _refusal(*, loaded_at: datetime) -> Column:
    """The first reason against a line, in the order in which a supplier would want to mend them."""
    captured, confidence = F.col("captured_at_ts"), F.col("confidence_value")
    latest = F.coalesce(F.col("received_at_ts"), F.lit(loaded_at)) + F.expr("INTERVAL 1 DAY")
    has_confidence = F.coalesce(F.col("confidence") != "", F.lit(False))
    return (
        F.when(F.col("device_0").isNull(), "unknown_camera")
        .when(F.col("captured_at_skipped"), "time_skipped")
        .when(captured.isNull(), "bad_time")
        .when(captured > latest, "time_future")
        .when(F.col("device").isNull(), "camera_not_valid")
        .when(has_confidence & ~F.coalesce(confidence.between(0, 1), F.lit(False)), "bad_confidence")
    )


def _tidy(plate: Column) -> Column:
    return F.regexp_replace(F.upper(plate), "[^A-Z0-9]", "")


def _is_unread(*, unread: Sequence[str], minimum: float, plate_kind: str) -> Column:
    words = [F.lit(word.strip()) for word in unread]
    is_word = F.col("plate").isin(*words) if words else F.lit(False)
    if plate_kind == "plate" and words:
        is_word = is_word | F.col("tidy").isin(*(_tidy(word) for word in words))
    is_nothing = F.coalesce(F.col("tidy") == "", F.lit(True))
    is_unsure = F.coalesce(F.col("confidence_value") < F.lit(float(minimum)), F.lit(False))
    return is_nothing | is_word | is_unsure


def _quality(*, plate_kind: str) -> Column:
    tidy = F.col("tidy")
    has_length = F.length(tidy).between(SHORTEST_GENERIC, LONGEST_GENERIC)
    has_two_characters = F.replace(tidy, F.substring(tidy, 1, 1), F.lit("")) != ""
    is_generic = F.lit(True) if plate_kind == "tag" else has_length & has_two_characters
    return F.when(F.col("is_unread"), "unread").when(is_generic, "generic").otherwise("invalid")


def _mapped(text: Column, words: Mapping[str, str], *, constant: str | None) -> Column:
    found = F.lit(constant)
    for word, meaning in words.items():
        found = F.when(text == word.strip(), meaning).otherwise(found)
    return found.cast("string")


def _constant(constants: Mapping[str, str], name: str, allowed: Sequence[str]) -> str | None:
    """A constant may be written in Kordon's own words."""
    value = constants.get(name)
    return value if value in allowed else None
