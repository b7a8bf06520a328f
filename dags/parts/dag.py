"""What all DAGs of a city have in common: owner, tags, retries, alarms, and how dates are named in commands."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import DAG, CronDataIntervalTimetable, CronTriggerTimetable
from airflow.sdk.exceptions import AirflowFailException

from dags.parts.alarm import alarm
from dags.parts.city import ScheduledCity
from kordon import spark

RUNBOOK = "What exit codes and alarms mean, and what to do: `docs/runbook.md`."
SERVICE_DAY = "0 4 * * *"
"""A service day lasts from 04:00 to 04:00 local time, also on the two nights when the clock changes."""


def city_dag(
    name: str, city: ScheduledCity, *, doc: str, by_interval: str | None = None, at: str | None = None, **more: Any
) -> DAG:
    """An empty DAG of a city.

    Args:
        by_interval: cron line of the ends of its data intervals, in the city's time zone.
        at: cron line of its starts, for a DAG that is about whatever there is.
    """
    if by_interval:
        timetable = CronDataIntervalTimetable(by_interval, timezone=city.timezone)
    else:
        timetable = CronTriggerTimetable(at or "", timezone=city.timezone)
    return DAG(
        dag_id=f"kordon_{name}_{city.id}",
        description=doc.strip().splitlines()[0],
        doc_md=f"{doc.strip()}\n\n{RUNBOOK}",
        schedule=timetable,
        start_date=city.first_day or datetime(2026, 1, 1, tzinfo=ZoneInfo(city.timezone)),
        catchup=bool(by_interval and city.first_day),
        max_active_runs=1,
        tags=["kordon", city.id],
        default_args={
            "owner": city.name,
            # A lease is held for as long as a run takes: with 5, 10, 20 and 30 minutes between, a task waits for about an hour.
            "retries": 4,
            "retry_delay": timedelta(minutes=5),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=30),
            "on_failure_callback": alarm,
        },
        user_defined_macros={
            "service_days": service_days(city),
            "after": after(city),
            "java_options": java_options(city),
            **more.pop("macros", {}),
        },
        **more,
    )


def service_days(city: ScheduledCity) -> Callable[[Any, Any], str]:
    """``service_days(data_interval_start, data_interval_end)``: ``A..B`` as commands take it."""

    def macro(start: Any, end: Any) -> str:
        first, last = days_of(city, start, end)
        return str(first) if first == last else f"{first}..{last}"

    return macro


def days_of(city: ScheduledCity, start: Any, end: Any) -> tuple[date, date]:
    """The first and the last service day of a data interval.

    Raises:
        AirflowFailException: the run has no interval, or it is not over.
    """
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        raise AirflowFailException("This run has no data interval: start it with a logical date, the morning after the day.")
    if end > datetime.now(tz=end.tzinfo):
        raise AirflowFailException(
            f"The interval ends on {end:%Y-%m-%d %H:%M} UTC, which is to come: choose a day that is over."
        )
    zone = ZoneInfo(city.timezone)
    return start.astimezone(zone).date(), end.astimezone(zone).date() - timedelta(days=1)


def after(city: ScheduledCity) -> Callable[..., str]:
    """``after(data_interval_end, "promised")``: the instant at which all reads are promised, or ``"grace"``: at which keys end.

    ``days`` may come on top.
    """

    def macro(end: Any, what: str, days: int = 0) -> str:
        days_of(city, end, end)
        return str((end + {"promised": city.promised, "grace": city.grace}[what]() + timedelta(days=days)).isoformat())

    return macro


def java_options(city: ScheduledCity) -> Callable[[], str]:
    """``java_options()``: how Java compiles, by what lies in the landing folder now; a small city's day is over sooner."""

    def macro() -> str:
        from kordon.cli import is_little

        landing = Path(city.place("landing"))
        return spark.java_options(quick=landing.is_dir() and is_little(landing))

    return macro
