"""What is computed, waiting, stale, failed and revised in a lake, and which suppliers are silent past their promise."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kordon import audit_log, days
from kordon.lake import Lake, among
from kordon.state import uri_of, working_copy

if TYPE_CHECKING:
    from kordon.city import City, Source

COMPUTED, WAITING, FAILED, REVISED = "computed", "waiting", "failed", "revised"
QUIET_H = 3.0
"""A supplier is not silent before this: between 01:00 and 04:00 the roads of a small city are empty."""
HOUR_H = 1.0
"""A promise counts from the end of the hour in which a read was taken."""
DAY_STARTS = time(4)


class Judged(NamedTuple):
    """A blocking rule that failed in the newest run of a day."""

    run_id: str
    rule: str


class Released(NamedTuple):
    """A published version and the runs that its days came from."""

    path: str
    runs: Mapping[date, str]


class Load(NamedTuple):
    """A loaded file of a supplier: the instants of its first and last read."""

    source: str
    first: datetime
    last: datetime


@dataclass(frozen=True)
class DayStatus:
    """One service day. ``state``: computed, waiting, stale, failed, revised, closed; ``note`` says why."""

    service_day: date
    state: str
    run_id: str = ""
    note: str = ""


@dataclass(frozen=True)
class Silence:
    """A supplier that did not deliver what it promised; ``silent_h`` in hours, None when it never delivered."""

    source: str
    promise_h: float
    last_read: datetime | None
    silent_h: float | None

    def __str__(self) -> str:
        if self.last_read is None:
            return f"{self.source} has delivered no read, and promised to within {self.promise_h:g} h"
        return (
            f"{self.source} is silent: its last read is of {self.last_read:%Y-%m-%d %H:%M} UTC, {self.silent_h:.0f} h before what it "
            f"promised to have delivered (within {self.promise_h:g} h)"
        )


def day_states(
    known: Mapping[date, days.Day],
    *,
    blocking: Mapping[date, Judged],
    released: Iterable[Released],
    wanted: Iterable[date] | None = None,
) -> list[DayStatus]:
    """The state of each day, in order.

    Args:
        known: what ``ops_day`` says.
        blocking: the rule that stopped the newest run of a day, for days whose newest run was stopped.
        released: the newest version of each published period.
        wanted: days to answer for; without them every day from the first to the last that the lake knows.
    """
    revised = {
        day: release.path
        for release in released
        for day, run_id in release.runs.items()
        if day in known and known[day].state == days.COMPLETE and known[day].run_id != run_id
    }
    if wanted is None:
        seen = sorted({*known, *blocking})
        wanted = [seen[0] + timedelta(days=n) for n in range((seen[-1] - seen[0]).days + 1)] if seen else []
    return [_state(day, known.get(day), blocking.get(day), revised.get(day)) for day in sorted(wanted)]


WHY = {
    days.OPEN: "reads have arrived; its run has not reached the end",
    days.STALE: "its input changed: `kordon run --stale` recomputes it",
    days.CLOSED: "its key or raw reads are gone; never replaced",
    days.COMPLETE: "",
}


def _state(service_day: date, known: days.Day | None, blocking: Judged | None, revised: str | None) -> DayStatus:
    run_id = known.run_id if known else ""
    if blocking:
        kept = "; what was whole before stays readable" if known and known.versions else ""
        return DayStatus(service_day, FAILED, blocking.run_id, f"{blocking.rule} stopped the run{kept}")
    if known is None:
        return DayStatus(service_day, WAITING, note="no read has arrived")
    if revised:
        return DayStatus(service_day, REVISED, run_id, f"computed again since {revised} was published: revision due")
    state = {days.OPEN: WAITING, days.COMPLETE: COMPUTED}.get(known.state, known.state)
    return DayStatus(service_day, state, run_id, WHY[known.state])


def silent(
    sources: "Iterable[Source]", loads: Iterable[Load], *, now: datetime, until: datetime | None = None
) -> list[Silence]:
    """The suppliers that have a promise and are silent past it.

    Args:
        loads: what was loaded; instants have an offset.
        until: ask for reads taken before this instant only, the end of a service day.

    Returns:
        Suppliers of which no read is known from the last :data:`QUIET_H` hours before the instant up to which they promised to
        have delivered by now.
    """
    by_source: dict[str, list[Load]] = {}
    for load in loads:
        by_source.setdefault(load.source, []).append(load)
    found = []
    for source in sources:
        if source.promise_h is None:
            continue
        due = now - timedelta(hours=source.promise_h + HOUR_H)
        due = min(due, until) if until else due
        given = [min(load.last, due) for load in by_source.get(source.source, []) if load.first <= due]
        last = max(given, default=None)
        hours = None if last is None else (due - last) / timedelta(hours=1)
        if hours is None or hours > QUIET_H:
            found.append(Silence(source.source, source.promise_h, last, hours))
    return found


def end_of(service_day: date, city: "City") -> datetime:
    """The instant at which a service day ends in the city."""
    return datetime.combine(service_day + timedelta(days=1), DAY_STARTS, city.zone_info)


def blocked(lake: Lake, wanted: Iterable[date] | None = None) -> dict[date, Judged]:
    """The days whose newest run was stopped by a rule."""
    from pyspark.sql import functions as F

    facts = lake.read("ops_quality")
    if wanted is not None:
        facts = facts.filter(among(wanted))
    # A run's id begins with its start, so that the largest is the newest.
    newest = facts.groupBy("service_day").agg(F.max("run_id").alias("run_id"))
    rule = F.concat_ws(".", "table", "check", "entity")
    stopped = facts.filter("severity = 'blocking'").join(newest, ["service_day", "run_id"])
    rows = stopped.groupBy("service_day", "run_id").agg(F.min(rule).alias("rule")).collect()
    return {row.service_day: Judged(row.run_id, row.rule) for row in rows}


def loads(lake: Lake) -> list[Load]:
    """The spans of reads that each supplier delivered."""
    from pyspark.sql import functions as F

    seconds = [F.col(name).cast("double").alias(name) for name in ("first_captured_at", "last_captured_at")]
    rows = lake.read("ops_load").filter("last_captured_at IS NOT NULL").select("source", *seconds).collect()
    return [Load(row.source, _instant(row.first_captured_at), _instant(row.last_captured_at)) for row in rows]


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def releases(lake: str | Path) -> list[Released]:
    """The newest published version of each period, as the audit log of a lake names them and where they, or their copies, still stand."""
    newest: dict[Path, Path] = {}
    for entry in audit_log.entries(audit_log.of_lake(lake)):
        if entry["action"] == "release_approved":
            path = working_copy(str(entry["release"]))
            newest[path.parent] = path
    found = []
    for path in newest.values():
        manifest = path / "datapackage.json"
        if manifest.is_file():
            runs = json.loads(manifest.read_text(encoding="utf-8")).get("kordon", {}).get("runs", [])
            found.append(Released(uri_of(path), {date.fromisoformat(run["service_day"]): run["run_id"] for run in runs}))
    return found
