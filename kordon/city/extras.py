"""The optional files: ``outages.csv``, ``calendar.csv``, ``counts.csv``, ``access.csv``, ``weather.csv``."""

import re
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import cast, get_args
from zoneinfo import ZoneInfo

from kordon.city.csv_file import Row, read_rows
from kordon.city.problem import Problems, shown
from kordon.city.records import AccessWindow, CalendarDay, Count, DayType, Outage, WeatherHour

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


def _span(row: Row, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    start, end = row.instant("from", zone=zone), row.instant("to", zone=zone)
    if start is None or end is None:
        return None
    if end <= start:
        row.error("to", "is not later than from", "correct one of them; to is exclusive")
    return start, end


def read_outages(path: Path, *, file: str, cameras: Collection[str], zone: ZoneInfo, problems: Problems) -> tuple[Outage, ...]:
    """Declared times without a camera; they may overlap."""
    outages = []
    rows = read_rows(path, file=file, required=("camera_id", "from", "to"), optional=("reason",), problems=problems)
    for row in rows:
        camera_id = row.reference("camera_id", cameras, where="cameras.csv")
        span = _span(row, zone)
        if span and not row.bad:
            outages.append(Outage(camera_id, *span, row.text("reason")))
    return tuple(outages)


def read_calendar(path: Path, *, file: str, problems: Problems) -> tuple[CalendarDay, ...]:
    """Days that differ from what their weekday says; one row a date."""
    days: dict[object, int] = {}
    calendar = []
    for row in read_rows(path, file=file, required=("date", "day_type"), optional=("note",), problems=problems):
        day = row.day("date")
        day_type = row.choice("day_type", get_args(DayType))
        if day in days:
            row.error("date", f"is already in line {days[day]}", "keep one row a date: the type that matters most")
        if day is None or row.bad:
            continue
        days[day] = row.line
        calendar.append(CalendarDay(day, cast(DayType, day_type), row.text("note")))
    return tuple(calendar)


def read_counts(
    path: Path, *, file: str, sites: Collection[str], classes: tuple[str, ...], zone: ZoneInfo, problems: Problems
) -> tuple[Count, ...]:
    """Counts made in another way; the class ``all`` counts every vehicle."""
    counts = []
    required = ("site_id", "from", "to", "vehicle_class", "count")
    for row in read_rows(path, file=file, required=required, optional=("method",), problems=problems):
        site_id = row.reference("site_id", sites, where="sites.csv")
        span = _span(row, zone)
        vehicle_class = row.choice("vehicle_class", ("all", *classes))
        count = row.needed_number("count", low=0, high=10_000_000, unit="a whole number of vehicles")
        if count != int(count):
            row.error("count", f"{shown(row.text('count'))} is not a whole number", "give vehicles, not a rate")
        if span and not row.bad:
            counts.append(Count(site_id, *span, vehicle_class, int(count), row.text("method")))
    return tuple(counts)


def read_access(
    path: Path, *, file: str, cordons: Collection[str], classes: tuple[str, ...], problems: Problems
) -> tuple[AccessWindow, ...]:
    """When which class may enter a car-free zone; a class without a window in a zone that has some may never."""
    windows: list[AccessWindow] = []
    lines: list[int] = []
    required = ("cordon_id", "vehicle_class", "from", "to")
    for row in read_rows(path, file=file, required=required, optional=("day_type", "note"), problems=problems):
        cordon_id = row.reference("cordon_id", cordons, where="gates.csv")
        vehicle_class = row.choice("vehicle_class", ("all", *classes))
        day_type = row.choice("day_type", ("", *get_args(DayType)))
        start, end = _minute(row, "from"), _minute(row, "to")
        if start is not None and end is not None and end <= start:
            row.error(
                "to", "is not later than from", "end a window at 24:00 and begin another at 00:00 where it spans midnight"
            )
        if start is None or end is None or row.bad:
            continue
        window = AccessWindow(cordon_id, vehicle_class, cast(DayType, day_type), start, end)
        for other, line in zip(windows, lines, strict=True):
            if _overlap(window, other):
                row.warning("from", f"overlaps the window of line {line}", "join the two; who is in either may enter")
        windows.append(window)
        lines.append(row.line)
    return tuple(windows)


def _minute(row: Row, column: str) -> int | None:
    """A time of day as minutes after 00:00, or None with a problem."""
    value = row.text(column)
    if not _CLOCK.fullmatch(value):
        row.error(column, f"{shown(value)} is not a time of day", "give hours and minutes such as 06:30, at most 24:00")
        return None
    hours, minutes = value.split(":")
    return int(hours) * 60 + int(minutes)


def _overlap(one: AccessWindow, other: AccessWindow) -> bool:
    alike = one.cordon_id == other.cordon_id and one.vehicle_class == other.vehicle_class and one.day_type == other.day_type
    return alike and one.start_minute < other.end_minute and other.start_minute < one.end_minute


def read_weather(path: Path, *, file: str, zone: ZoneInfo, problems: Problems) -> tuple[WeatherHour, ...]:
    """Weather by hour; a cell may be empty where it was not measured."""
    hours: dict[datetime, int] = {}
    weather = []
    for row in read_rows(path, file=file, required=("hour", "temperature_c", "rain_mm"), problems=problems):
        hour = row.instant("hour", zone=zone)
        temperature = row.number("temperature_c", low=-90, high=70, unit="degrees Celsius")
        rain = row.number("rain_mm", low=0, high=500, unit="millimetres in the hour")
        if hour is None or row.bad:
            continue
        # A file without offsets names the hour that the clock repeats in autumn twice.
        if hour in hours:
            row.warning("hour", f"is already in line {hours[hour]}", "write repeated hours with their offset")
            continue
        hours[hour] = row.line
        weather.append(WeatherHour(hour, temperature, rain))
    return tuple(weather)
