"""Local dates and times of the city files as UTC instants."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

# Outside these years a stamp is a typing error, and time zone arithmetic could overflow.
FIRST_YEAR, LAST_YEAR = 1970, 2199


def parse_date(text: str) -> date:
    """An ISO date.

    Raises:
        ValueError: a sentence about the text.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not an ISO date such as 2026-03-10") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"lies outside {FIRST_YEAR} to {LAST_YEAR}")
    return day


def parse_instant(text: str, *, zone: ZoneInfo) -> datetime:
    """A local ISO date (its 00:00), or date and time, as a UTC instant; an offset in the text wins over the zone.

    A time in the repeated hour is the earlier instant; a date whose 00:00 is skipped starts at its first instant.

    Raises:
        ValueError: a sentence about the text.
    """
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not an ISO date or date and time such as 2026-03-10 or 2026-03-10 06:30") from None
    if not FIRST_YEAR <= stamp.year <= LAST_YEAR:
        raise ValueError(f"lies outside {FIRST_YEAR} to {LAST_YEAR}")
    if stamp.tzinfo is not None:
        return stamp.astimezone(UTC)
    instant = stamp.replace(tzinfo=zone, fold=0).astimezone(UTC)
    midnight = stamp.time() == datetime.min.time()
    if not midnight and instant.astimezone(zone).replace(tzinfo=None) != stamp:
        raise ValueError(f"does not exist in {zone.key}: the clock skips it")
    return instant


def load_zone(name: str) -> ZoneInfo | None:
    """The time zone of that IANA name, or None when there is none."""
    # ZoneInfo raises OSError, UnicodeError or TypeError for odd names, such as a folder of the zone data base.
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        return None


def key_bounds(service_day: date, *, period: str) -> tuple[str, date, date]:
    """Label, first day and last day of the calendar period (``service_day``, ``week``, ``month``) of a service day."""
    if period == "service_day":
        return service_day.isoformat(), service_day, service_day
    if period == "week":
        year, week, weekday = service_day.isocalendar()
        monday = service_day - timedelta(days=weekday - 1)
        return f"{year:04d}-W{week:02d}", monday, monday + timedelta(days=6)
    if period == "month":
        first = service_day.replace(day=1)
        next_first = (first + timedelta(days=31)).replace(day=1)
        return f"{first:%Y-%m}", first, next_first - timedelta(days=1)
    raise ValueError(f"no calendar period is called {period!r}")
