"""A day's life: open, complete, stale, closed; one row a day in ``ops_day``."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from kordon.lake import Lake, among

if TYPE_CHECKING:
    from kordon.run import Run

OPEN, COMPLETE, STALE, CLOSED = "open", "complete", "stale", "closed"


@dataclass(frozen=True)
class Day:
    """A day as ``ops_day`` has it; ``versions`` are those with which it was whole last, none when it never was.

    ``snapshots`` are the numbers of those that it looked back on, see :mod:`kordon.snapshots`.
    """

    service_day: date
    state: str
    run_id: str
    config_hash: str
    code_version: str
    versions: dict[str, int] = field(default_factory=dict)
    snapshots: dict[str, int] = field(default_factory=dict)


def known(lake: Lake) -> dict[date, Day]:
    """Every day that the lake knows."""
    return {
        row.service_day: Day(
            row.service_day,
            row.state,
            row.run_id,
            row.config_hash,
            row.code_version,
            dict(row.table_versions or {}),
            # A lake that was written before there were snapshots does not have the column.
            dict(row.asDict().get("snapshots") or {}),
        )
        for row in lake.read("ops_day").collect()
    }


def period(days: Iterable[date]) -> str:
    """``A..B`` from the first of some days to the last, as the command line has it; empty when there is none."""
    wanted = sorted(days)
    return f"{wanted[0]}..{wanted[-1]}" if wanted else ""


def started_at(run_id: str) -> datetime | None:
    """When a run started, from its id; None for an id that says nothing of it."""
    try:
        return datetime.strptime(run_id.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def write(lake: Lake, days: Iterable[Day], *, metadata: dict[str, object]) -> None:
    """Replace the rows of these days, in one commit."""
    rows = [(d.service_day, d.state, d.run_id, d.config_hash, d.code_version, d.versions, d.snapshots) for d in days]
    if rows:
        where = among(row[0] for row in rows)
        lake.replace("ops_day", lake.rows("ops_day", rows), where=where, metadata=metadata)


def touched(run: "Run") -> None:
    """Say of the days whose landing changed that they are not whole: stale if they were complete, else open."""
    import kordon

    before = known(run.lake)
    changed = []
    for day in sorted(run.touched_days):
        old = before.get(day)
        if old is None:
            changed.append(Day(day, OPEN, run.run_id, run.city.config_hash, kordon.__version__))
        elif old.state == COMPLETE:
            changed.append(replace(old, state=STALE))
    for day in sorted(run.lost_days - set(before)):
        changed.append(Day(day, CLOSED, run.run_id, run.city.config_hash, kordon.__version__))
    write(run.lake, changed, metadata=run.metadata(run.touched_days | run.lost_days))


def close(lake: Lake, gone: Iterable[date], *, metadata: dict[str, object], without: Iterable[str] = ()) -> list[date]:
    """Close the days that the lake knows and whose key or reads are gone; what they had when they were whole stays readable.

    Args:
        without: tables that no longer hold these days.

    Returns:
        The days that were not closed before.
    """
    wanted, dropped = set(gone), set(without)
    if not wanted:
        return []
    before = [day for day in known(lake).values() if day.service_day in wanted]
    after = [
        replace(day, state=CLOSED, versions={name: v for name, v in day.versions.items() if name not in dropped})
        for day in before
    ]
    write(lake, [new for old, new in zip(before, after, strict=True) if new != old], metadata=metadata)
    return sorted(day.service_day for day in before if day.state != CLOSED)


def blocks(days: Iterable[date]) -> list[list[date]]:
    """The days in order, cut where they are not consecutive."""
    found: list[list[date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][-1] == timedelta(days=1):
            found[-1].append(day)
        else:
            found.append([day])
    return found
