"""What a city's CSV and GeoJSON files hold: one frozen record a row."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

EXTERNAL = "external"

Direction = Literal["in", "out"]
GateDirection = Literal["in", "out", "both"]
DayType = Literal["workday", "saturday", "sunday", "holiday", "school_holiday", "event"]


@dataclass(frozen=True)
class Site:
    """A place and direction that one or more cameras watch together; lon and lat in WGS84 degrees.

    ``zone_id`` is resolved: as given, else the polygon around the point, else ``external``.
    """

    site_id: str
    name: str
    lon: float
    lat: float
    heading_deg: float | None
    direction: Direction | None
    road_class: str
    zone_id: str
    district_id: str | None


@dataclass(frozen=True)
class Camera:
    """A device at a site, from ``valid_from`` (inclusive) to ``valid_to`` (exclusive); UTC, None is unbounded."""

    camera_id: str
    source: str
    supplier_camera_id: str
    site_id: str
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(frozen=True)
class Gate:
    """A site that crosses a cordon. A gate with several sites is several records."""

    cordon_id: str
    gate_id: str
    name: str
    site_id: str
    direction: GateDirection


@dataclass(frozen=True)
class Zone:
    """An area of the city; ``geometry`` is a GeoJSON Polygon or MultiPolygon in WGS84."""

    zone_id: str
    name: str
    district_id: str | None
    geometry: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Outage:
    """A declared time without a camera, UTC instants, the end exclusive."""

    camera_id: str
    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True)
class CalendarDay:
    """A day that differs from what its weekday says."""

    date: date
    day_type: DayType
    note: str


@dataclass(frozen=True)
class Count:
    """Vehicles counted at a site in another way, between two UTC instants; class ``all`` is every vehicle."""

    site_id: str
    start: datetime
    end: datetime
    vehicle_class: str
    count: int
    method: str


@dataclass(frozen=True)
class AccessWindow:
    """A time of day in which a class may enter a car-free zone, which is a cordon; in minutes after local 00:00, the end exclusive.

    ``vehicle_class`` may be ``all``; ``day_type`` is empty where every day is meant.
    """

    cordon_id: str
    vehicle_class: str
    day_type: DayType | Literal[""]
    start_minute: int
    end_minute: int


@dataclass(frozen=True)
class WeatherHour:
    """Weather in the hour that starts at a UTC instant: degrees Celsius, millimetres of rain."""

    hour: datetime
    temperature_c: float | None
    rain_mm: float | None
