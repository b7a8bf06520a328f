"""Retention: what is past its time goes, from tables, from their old versions and from the landing folder, and a listing proves it.

A table's record says how long it is kept: lines with plates for ``[retention] raw_hours`` from their loading, rows of vehicles for
``core_days`` after their key period, exact flows for ``flow_years``. A day that loses lines or vehicles becomes closed, whatever it
was: its figures stay, and it is never computed again.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from kordon import audit_log, days
from kordon.lake import among
from kordon.landing_files import LandingReport, delete_loaded
from kordon.tables import TABLES
from kordon.vacuum import days_on_disk, forget, kept_back, remains, vacuum

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.delivered import Landing
    from kordon.lake import Lake

RAW, VEHICLES, FLOWS = "raw_hours", "core_days", "flow_years"


@dataclass(frozen=True)
class Deleted:
    """Rows of a table on a day that are gone."""

    table: str
    service_day: date
    rows: int


@dataclass
class Report:
    """What was deleted and, by listing, what is left that should be gone.

    Attributes:
        closed: days that became closed.
        left: files past their retention that are still there; each with the reason in ``spared``, or this is a bug.
        spared: days whose last whole state lives in old versions only, because a run on them died; run them again.
    """

    deleted: list[Deleted] = field(default_factory=list)
    closed: list[date] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    spared: list[date] = field(default_factory=list)
    landing: LandingReport = field(default_factory=LandingReport)


def kept_by(name: str) -> str:
    """The setting of ``[retention]`` that rules a table, from its record."""
    kept = TABLES[name].kept
    if kept.startswith("PT"):
        return RAW
    return VEHICLES if "key period" in kept else FLOWS


def apply(*, lake: "Lake", city: "City", now: datetime, landing: "Landing | None" = None) -> Report:
    """Delete what is past its retention, and log it in the lake's audit log.

    Args:
        landing: the suppliers' files; those that were loaded longer ago than ``raw_hours`` are deleted too.
    """
    report = Report()
    due = _due(lake, city, now=now)
    # First the state, then the deletion: a day whose reads are half gone must not be recomputed from the other half.
    for rule in (RAW, VEHICLES):
        of_rule = [name for name in TABLES if kept_by(name) == rule]
        gone = {day for name in of_rule for day in due.get(name, {})}
        report.closed += days.close(lake, gone, metadata=_metadata(gone), without=of_rule)
    spared: set[date] = set()
    for name, rows in due.items():
        found = {day: n for day, n in rows.items() if n}
        if found:
            lake.delete(name, where=among(found), metadata=_metadata(found))
        report.deleted += [Deleted(name, day, n) for day, n in sorted(found.items())]
        # A table of raw reads is always swept: an old version may hold a file's lines that were replaced since.
        spared |= vacuum(lake, name, but_for=rows) if kept_by(name) != RAW else vacuum(lake, name, but_for=None)
    report.spared = sorted(spared)
    _old_operations(lake, before=years_before(now, city.retention.flow_years))
    if landing is not None:
        report.landing = delete_loaded(lake, landing=landing, before=_raw_limit(city, now=now))
    report.left = [path for name, rows in due.items() for path in remains(lake, name, days=rows, strays=kept_by(name) == RAW)]
    for name in sorted(TABLES.keys() - due.keys()):
        forget(lake, name)
        report.left += kept_back(lake, name)
    _log(lake, city, report, now=now)
    return report


def _metadata(gone: Iterable[date]) -> dict[str, object]:
    return {"days": sorted(str(day) for day in gone), "reason": "retention"}


def _raw_limit(city: "City", *, now: datetime) -> datetime:
    return now - timedelta(hours=city.retention.raw_hours)


def years_before(now: datetime, years: int) -> date:
    """The same day, some years ago."""
    today = now.date()
    # Of the 29th of February only some years have one.
    day = 28 if (today.month, today.day) == (2, 29) else today.day
    return today.replace(year=today.year - years, day=day)


def _due(lake: "Lake", city: "City", *, now: datetime) -> dict[str, dict[date, int]]:
    """Per table the days that are past their time, with their rows; rows may be 0 where only old versions hold the day."""
    on_disk = {name: days_on_disk(lake, name) for name, table in TABLES.items() if table.is_daily}
    raw = _raw_days_due(lake, on_disk["raw_read"], limit=_raw_limit(city, now=now))
    # Repaired plates live as long as the reads that they are of.
    raw |= on_disk["raw_repaired"] - on_disk["raw_read"]
    oldest_flow = years_before(now, city.retention.flow_years)
    vehicles = _vehicle_days_due(lake, city, set().union(*(on_disk[n] for n in on_disk if kept_by(n) == VEHICLES)), now=now)
    due: dict[str, dict[date, int]] = {}
    for name, found in on_disk.items():
        rule = kept_by(name)
        past = found & (raw if rule == RAW else vehicles if rule == VEHICLES else {d for d in found if d < oldest_flow})
        if past or (rule == RAW and found):
            due[name] = _rows(lake, name, past)
    return due


def _rows(lake: "Lake", name: str, wanted: Iterable[date]) -> dict[date, int]:
    counts = dict.fromkeys(wanted, 0)
    if counts:
        counted = lake.read(name).filter(among(counts)).groupBy("service_day").count().collect()
        counts |= {row.service_day: int(row["count"]) for row in counted}
    return counts


def _raw_days_due(lake: "Lake", found: set[date], *, limit: datetime) -> set[date]:
    """Days of which the oldest lines were loaded before the limit; lines that no load knows are as old as their file in the lake."""
    from pyspark.sql import functions as F

    if not found:
        return set()
    loads = lake.read("ops_load").select("source", "file", "loaded_at")
    raw = lake.spark.read.format("delta").load(lake.path("raw_read"))
    raw = raw.select("service_day", "source", "file", F.col("_metadata.file_modification_time").alias("written_at"))
    age = F.min(F.coalesce("loaded_at", "written_at")).alias("oldest")
    aged = raw.join(F.broadcast(loads), ["source", "file"], "left").groupBy("service_day").agg(age).collect()
    return {row.service_day for row in aged if row.oldest.astimezone(UTC) < limit}


def _vehicle_days_due(lake: "Lake", city: "City", found: set[date], *, now: datetime) -> set[date]:
    """Days whose key period, and whose last run, ended ``core_days`` ago: a backfill is of use for as long as a day is."""
    known = days.known(lake) if found else {}
    past = set()
    for day in found:
        last = city.key_period(day)[2]
        ended = datetime.combine(last + timedelta(days=1), time(4), city.zone_info).astimezone(UTC)
        made = days.started_at(known[day].run_id) if day in known else None
        if now >= max(ended, made or ended) + timedelta(days=city.retention.core_days):
            past.add(day)
    return past


def _old_operations(lake: "Lake", *, before: date) -> None:
    """Rows about files, which have no service day."""
    limits = {"ops_load": f"loaded_at < '{before}'", "ops_quarantine": f"run_id < '{before:%Y%m%d}'"}
    for name, where in limits.items():
        if lake.version(name) is not None and not lake.read(name).filter(where).isEmpty():
            lake.delete(name, where=where, metadata={"reason": "retention"})
            vacuum(lake, name, but_for=None)


def _log(lake: "Lake", city: "City", report: Report, *, now: datetime) -> None:
    tables: dict[str, dict[str, int]] = {}
    for gone in report.deleted:
        tables.setdefault(gone.table, {})[str(gone.service_day)] = gone.rows
    audit_log.append(
        audit_log.of_lake(lake.uri),
        action="retention",
        purpose="; ".join(city.governance.purposes) or "mobility statistics",
        now=now,
        rules=rules(city),
        deleted=tables,
        closed=[str(day) for day in report.closed],
        landing=asdict(report.landing),
        left=len(report.left),
    )


def rules(city: "City") -> dict[str, int]:
    """The retention in force, as the audit log and the register of processing name it."""
    return {RAW: city.retention.raw_hours, VEHICLES: city.retention.core_days, FLOWS: city.retention.flow_years}
