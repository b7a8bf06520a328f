"""Snapshots: what days look back on, built by ``kordon calibrate`` from the daily statistics of complete days, never by a run.

A snapshot has a number and is never replaced. A day's first run takes the newest whose period ends before the day, and a rerun the
same, or none if there was none: so the order in which days are computed does not change them.
"""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from kordon import days
from kordon.run import Run

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from kordon.lake import Lake

NAMES = ("core_pooled_q",)
NONE = 0


def used(day: days.Day | None) -> dict[str, int]:
    """The snapshots that a day looked back on, all of them named."""
    return dict.fromkeys(NAMES, NONE) | (day.snapshots if day else {})


def of_days(run: Run, name: str) -> dict[date, int]:
    """The number of the snapshot of each day of a run, :data:`NONE` without; a choice that is new is written to ``ops_day`` at once.

    Between the steps of a day somebody may calibrate: what the first of them chose holds for the rest.
    """
    made = _made(run.lake, name)
    if not made:
        return dict.fromkeys(run.days, NONE)
    before = days.known(run.lake)
    chosen = {day: before[day].snapshots.get(name) if day in before else None for day in run.days}
    fresh = {day: _newest(made, before=day) for day, number in chosen.items() if number is None}
    told = [
        replace(before[day], snapshots=before[day].snapshots | {name: number}) for day, number in fresh.items() if day in before
    ]
    days.write(run.lake, told, metadata=run.metadata(fresh))
    return {day: fresh.get(day, number) or NONE for day, number in chosen.items()}


def add(lake: "Lake", name: str, rows: "DataFrame", *, last_day: date, metadata: dict[str, Any]) -> int:
    """Add a snapshot whose period ends with a day, and return its number.

    Args:
        rows: the table's columns without ``service_day`` and ``snapshot``.
    """
    from pyspark.sql import functions as F

    number = max((number for _, number in _made(lake, name)), default=NONE) + 1
    numbered = rows.withColumn("service_day", F.lit(last_day)).withColumn("snapshot", F.lit(number))
    lake.replace(name, numbered, where=f"service_day = '{last_day}' AND snapshot = {number}", metadata=metadata)
    return number


def _made(lake: "Lake", name: str) -> list[tuple[date, int]]:
    """The last day and the number of each snapshot there is."""
    if lake.version(name) is None:
        return []
    return [(row.service_day, row.snapshot) for row in lake.read(name).select("service_day", "snapshot").distinct().collect()]


def _newest(made: list[tuple[date, int]], *, before: date) -> int:
    return max((found for found in made if found[0] < before), default=(before, NONE))[1]
