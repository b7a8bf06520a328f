"""A person's request: find and erase the rows of one plate, for as long as a key or a raw read links them to it.

The plate comes in as a value, goes to Spark as a table of one row, and stands in no plan, log or message.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any

from kordon import audit_log, days
from kordon.lake import among
from kordon.tables import TABLES
from kordon.vacuum import vacuum
from privacy.pseudonym import refuse_clear_disks, vid_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from kordon.lake import Lake
    from privacy.keys import Key

VEHICLE_TABLES = tuple(name for name, table in TABLES.items() if "vid" in table.column_names)
RAW_TABLES = ("raw_read", "raw_repaired")
"""In this order: a line that was mended to the plate is found through what repair made of it."""
STARTED, ENDED = "erasure_started", "erased"


@dataclass(frozen=True)
class Subject:
    """Whose rows are meant.

    Attributes:
        plates: the plate as ``raw_repaired`` may hold it: normalised and, where a city reads tags, as it was written.
        countries: those that the plate may have been given; '' where none was known.
        normalised: what makes a plate column comparable with ``plates``.
    """

    plates: frozenset[str]
    countries: frozenset[str]
    normalised: "Callable[[Column], Column]"

    def vids(self, keys: "Iterable[Key]") -> list[bytes]:
        """The vehicle ids under the keys that still live."""
        return [
            vid_of(key, country=country, plate=plate)
            for key in keys
            for country in sorted(self.countries)
            for plate in sorted(self.plates)
        ]


@dataclass(frozen=True)
class Found:
    """Rows of a table on a day that belong to the plate."""

    table: str
    service_day: date
    rows: int


def _wanted(lake: "Lake", subject: Subject, vids: Collection[bytes]) -> "tuple[DataFrame, DataFrame]":
    from pyspark.sql import functions as F

    refuse_clear_disks(lake.spark)
    plates = lake.spark.createDataFrame([(plate,) for plate in sorted(subject.plates)], "wanted_plate string not null")
    # One row that no vehicle has, where no key lives.
    ids = lake.spark.createDataFrame([(bytearray(v),) for v in vids] or [(bytearray(1),)], "vid binary not null")
    return F.broadcast(plates), F.broadcast(ids)


def _hits(lake: "Lake", subject: Subject, vids: Collection[bytes]) -> "dict[str, DataFrame]":
    """Per table the key columns of the rows that belong to the plate."""
    from pyspark.sql import functions as F

    plates, ids = _wanted(lake, subject, vids)
    has_country = F.coalesce("country", F.lit("")).isin(sorted({"", *subject.countries}))

    def own(name: str) -> "DataFrame":
        rows = lake.read(name).filter(has_country)
        return rows.join(plates, subject.normalised(F.col("plate")) == F.col("wanted_plate"), "left_semi")

    of_read = ["service_day", "source", "read_id"]
    repaired = own("raw_repaired").select(*of_read).distinct()
    raw = lake.read("raw_read")
    line = ["service_day", "source", "camera_id", "captured_at", "plate"]
    # What was read otherwise and mended to this plate is its too, and so are repeats of such a line.
    mended = raw.join(repaired, of_read, "left_semi")
    lines = own("raw_read").select(*line).unionByName(mended.select(*line)).distinct()
    found = {"raw_repaired": repaired, "raw_read": raw.join(lines, line, "left_semi").select("service_day", "file", "line")}
    for name in (name for name in VEHICLE_TABLES if lake.version(name) is not None):
        found[name] = lake.read(name).join(ids, "vid", "left_semi").select(*TABLES[name].key, "vid").distinct()
    return found


def find(lake: "Lake", *, subject: Subject, keys: "Iterable[Key]") -> list[Found]:
    """How many rows of which table and day belong to a plate."""
    return _counted(_hits(lake, subject, subject.vids(keys)))


def _counted(hits: "dict[str, DataFrame]") -> list[Found]:
    from pyspark.sql import functions as F

    parts = [rows.select("service_day", F.lit(name).alias("table")) for name, rows in hits.items()]
    rows = reduce(lambda a, b: a.unionByName(b), parts).groupBy("service_day", "table").count().collect()
    return sorted((Found(r.table, r.service_day, int(r["count"])) for r in rows), key=lambda one: (one.service_day, one.table))


def unlinkable_days(lake: "Lake", *, living: Iterable[tuple[date, date]]) -> list[date]:
    """Days of which rows of vehicles are left whose key is gone: nobody can tell whose they are (GDPR article 11)."""
    periods = list(living)
    left = {row.service_day for row in lake.read("core_read").select("service_day").distinct().collect()}
    return sorted(day for day in left if not any(first <= day <= last for first, last in periods))


def erase(lake: "Lake", *, subject: Subject, keys: "Iterable[Key]", by: str, purpose: str) -> tuple[list[Found], list[str]]:
    """Erase a plate's rows from raw and vehicle tables, old versions included, and mark the days stale.

    Figures that were computed hold no vehicle; those of a day that can still be computed change with ``kordon run --stale``,
    those of a closed day stay. Started again after a crash, it finishes what was begun.

    Returns:
        What was erased, and the landing files that hold lines of it.
    """
    hits = _hits(lake, subject, subject.vids(keys))
    found = _counted(hits)
    begun_days, begun_files = _unfinished(lake)
    landing = sorted({row.file for row in hits["raw_read"].select("file").distinct().collect()} | begun_files)
    affected = {one.service_day for one in found} | begun_days
    log = audit_log.of_lake(lake.uri)
    audit_log.append(log, action=STARTED, purpose=purpose, by=by, days=sorted(str(day) for day in affected), landing=landing)
    _mark_stale(lake, affected)
    for name in (*VEHICLE_TABLES, *RAW_TABLES):
        of_table = {one.service_day for one in found if one.table == name}
        if of_table:
            keep = lake.read(name).filter(among(of_table)).join(_key_of(name, hits[name]), _columns(name), "left_anti")
            lake.replace(name, keep, where=among(of_table), metadata=_metadata(of_table))
    _account(lake, affected)
    _recorded_anew(lake, affected)
    for name in (*VEHICLE_TABLES, *RAW_TABLES):
        vacuum(lake, name, but_for=None if name in RAW_TABLES else affected)
    rows: dict[str, int] = {}
    for one in found:
        rows[one.table] = rows.get(one.table, 0) + one.rows
    audit_log.append(log, action=ENDED, purpose=purpose, by=by, rows=rows, days=sorted(str(day) for day in affected))
    return found, landing


def _columns(name: str) -> list[str]:
    return {"raw_read": ["service_day", "file", "line"], "raw_repaired": ["service_day", "source", "read_id"]}.get(
        name, ["service_day", "vid"]
    )


def _key_of(name: str, hits: "DataFrame") -> "DataFrame":
    return hits.select(*_columns(name)).distinct()


def _metadata(touched: Iterable[date]) -> dict[str, Any]:
    return {"days": sorted(str(day) for day in touched), "reason": "erasure"}


def _unfinished(lake: "Lake") -> tuple[set[date], set[str]]:
    """The days and landing files of erasures whose process died."""
    begun_days: set[date] = set()
    begun_files: set[str] = set()
    for entry in audit_log.entries(audit_log.of_lake(lake.uri)):
        if entry["action"] == STARTED:
            begun_days |= {date.fromisoformat(day) for day in entry["days"]}
            begun_files |= set(entry["landing"])
        elif entry["action"] == ENDED:
            begun_days, begun_files = set(), set()
    return begun_days, begun_files


def _mark_stale(lake: "Lake", affected: Collection[date]) -> None:
    whole = [d for d in days.known(lake).values() if d.service_day in affected and d.state == days.COMPLETE]
    days.write(lake, [replace(day, state=days.STALE) for day in whole], metadata=_metadata(affected))


def _recorded_anew(lake: "Lake", affected: Collection[date]) -> None:
    """Let the days be read from the versions without the plate; the older ones are about to go."""
    versions = {name: v for name in (*VEHICLE_TABLES, *RAW_TABLES) if (v := lake.version(name)) is not None}
    anew = [
        replace(day, versions={name: versions.get(name, v) for name, v in day.versions.items()})
        for day in days.known(lake).values()
        if day.service_day in affected and day.versions
    ]
    days.write(lake, anew, metadata=_metadata(affected))


def _account(lake: "Lake", affected: Collection[date]) -> None:
    """What ingest handed out must be what repair takes in: the lines that were erased since are a reason of their own."""
    from pyspark.sql import functions as F

    closed = {day.service_day for day in days.known(lake).values() if day.state == days.CLOSED}
    # A closed day's raw reads are gone; its accounts tell of what was computed.
    affected = set(affected) - closed
    if not affected or lake.version("raw_read") is None:
        return
    raw = lake.read("raw_read").filter(among(affected)).groupBy("service_day")
    now = {r.service_day: r for r in raw.agg(F.count_if("is_duplicate").alias("again"), F.count("*").alias("n")).collect()}
    stored = lake.read("ops_reconciliation").filter(among(affected)).filter("step = 'ingest'").collect()
    accounts: dict[date, dict[str, int]] = {}
    for row in stored:
        accounts.setdefault(row.service_day, {})[row.reason] = int(row.rows)
    runs = {row.service_day: row.run_id for row in stored}
    rows = []
    for day, before in accounts.items():
        again, total = (now[day].again, now[day].n) if day in now else (0, 0)
        reasons = {**before, "out": total - again, **({"duplicate": again} if "duplicate" in before else {})}
        reasons["erased"] = reasons["in"] - sum(n for reason, n in reasons.items() if reason not in ("in", "erased"))
        rows += [(day, runs[day], "ingest", reason, n) for reason, n in reasons.items()]
    if rows:
        where = f"step = 'ingest' AND {among(accounts)}"
        lake.replace("ops_reconciliation", lake.rows("ops_reconciliation", rows), where=where, metadata=_metadata(affected))
