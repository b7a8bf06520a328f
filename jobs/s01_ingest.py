"""Ingest: suppliers' files to raw reads, every line accounted for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.suppliers.duplicates import read_id, with_duplicates
from jobs.suppliers.landing import CHANGED_WHILE_READING, UNREADABLE, Landed, changed
from jobs.suppliers.line_numbers import Contents, blocks, contents, numbered, survey
from jobs.suppliers.lines import BLANK, HEADER
from jobs.suppliers.source_files import parsed
from kordon.delivered import Landing
from kordon.errors import InputError
from kordon.lake import among
from kordon.persist import Kept, persisted
from kordon.run import Run
from kordon.spark import divide, small_frame
from kordon.tables import TABLES

READS, WRITES = (), ("raw_read", "ops_load", "ops_quarantine")

FileKey = tuple[str, str]


@dataclass(frozen=True)
class Stored:
    """Rows of one file on one day as the lake holds them."""

    service_day: date
    key: FileKey
    rows: int
    duplicate: int


def main(run: Run) -> None:
    known = {(row.source, row.file): row for row in run.lake.read("ops_load").collect()}
    files = new_files(run, known)
    if not files:
        return
    divide(run.spark, rows=sum(file.lines for file in files))
    lines = parsed(run.spark, [f for f in files if f.is_usable and f.lines], city=run.city, loaded_at=run.started_at)
    if lines is None:
        load(run, files, lines=None, found={}, surveyed=[], known=known)
        return
    lines, kept = _persisted(lines)
    try:
        surveyed = survey(lines)
        found = contents(surveyed)
        files = [_confirmed(file, found.get(file.path)) for file in files]
        load(run, files, lines=lines, found=found, surveyed=surveyed, known=known)
    finally:
        kept.unpersist()


def _persisted(lines: DataFrame) -> tuple[DataFrame, Kept]:
    """The parsed lines, persisted, and planned without whole-stage code.

    One generated method of all these expressions is longer than the 8,000 bytes that Java compiles, and is interpreted: 10 s a
    million lines on two cores instead of 6.
    """
    conf, name = lines.sparkSession.conf, "spark.sql.codegen.wholeStage"
    before = str(conf.get(name))
    conf.set(name, "false")
    try:
        return persisted(lines)
    finally:
        conf.set(name, before)


def new_files(run: Run, known: dict[FileKey, Any]) -> list[Landed]:
    """The files of the landing folder that differ from what was loaded.

    Raises:
        InputError: there is nothing to load, now or before, and nothing usable was ever loaded.
    """
    usable_before = any(row.status != UNREADABLE for row in known.values())
    if run.landing is None or not run.landing.is_dir():
        raise InputError(f"The landing folder {run.landing} is not there: give the suppliers' files with --landing.")
    files = changed(
        run.landing,
        sources=run.city.sources,
        known={key: (row.sha256, row.bytes) for key, row in known.items()},
        retried={key for key, row in known.items() if row.error_code == CHANGED_WHILE_READING},
    )
    if not usable_before and not any(file.is_usable for file in files):
        raise InputError(_nothing_usable(run.landing, files, run=run))
    return files


def _nothing_usable(landing: Landing, files: Sequence[Landed], *, run: Run) -> str:
    globs = ", ".join(f"{source.source}/{source.files}" for source in run.city.sources)
    if not files:
        return f"No file was found below {landing}: looked for {globs}. Put files there, or change `files` in sources/*.toml."
    named = [f"  {file.file}: {file.error_code}" for file in files[:10]]
    return "\n".join([f"No file below {landing} is usable, of {len(files)} (looked for {globs}):", *named])


def _confirmed(file: Landed, found: Contents | None) -> Landed:
    """The file with the number of lines that Spark read, or unreadable when that cannot be the file that was hashed."""
    rows = found.rows if found else 0
    if not file.is_usable or rows == file.lines:
        return file
    if file.status == "truncated":
        # The unfinished line before the break is no line.
        return replace(file, lines=rows)
    return replace(file, status=UNREADABLE, error_code=CHANGED_WHILE_READING, header_lines=0)


def load(
    run: Run,
    files: Sequence[Landed],
    *,
    lines: DataFrame | None,
    found: dict[str, Contents],
    surveyed: list[Any],
    known: dict[FileKey, Any],
) -> None:
    """Hand over the three tables and the accounts, and name the touched days."""
    loaded = {file.key for file in files}
    stored = _stored(run)
    usable = {file.path: (file.source, file.file, file.sha256) for file in files if file.is_usable}
    accepted = [(day, rows) for path in usable for day, rows in found.get(path, Contents()).accepted.items()]
    days = {day for day, _ in accepted} | {h.service_day for h in stored if h.key in loaded}
    touched = days - run.closed_days
    run.touched_days |= touched
    run.lost_days |= {day for day, _ in accepted} & run.closed_days

    places = None if lines is None else numbered(lines, blocks(surveyed), files=usable)
    now: list[Stored] = []
    if touched:
        rows = _raw_rows(run, places, touched=touched, loaded=loaded, known=known)
        now = _counted(run.write("raw_read", rows, where=among(touched), days=touched))
    _account(run, now, touched=touched, lost=[(day, n) for day, n in accepted if day in run.closed_days])
    _quarantine(run, files, places=places, found=found, known=known)
    before = [h for h in stored if h.service_day in touched]
    _ops_load(run, files, found=found, now=now, before=before, known=known)


def _stored(run: Run) -> list[Stored]:
    if run.lake.version("raw_read") is None:
        return []
    return _counted(run.lake.read("raw_read"))


def _counted(raw: DataFrame) -> list[Stored]:
    counted = raw.groupBy("service_day", "source", "file").agg(
        F.count("*").alias("n"), F.count_if("is_duplicate").alias("duplicate")
    )
    return [Stored(r.service_day, (r.source, r.file), r.n, r.duplicate) for r in counted.collect()]


def _raw_rows(
    run: Run, places: DataFrame | None, *, touched: set[date], loaded: set[FileKey], known: dict[FileKey, Any]
) -> DataFrame:
    """The content of the touched days: what other files gave them, and the new lines."""
    names = [name for name in TABLES["raw_read"].column_names if name != "is_duplicate"]
    parts = []
    if places is not None:
        ids = F.coalesce("supplier_read_id", read_id())
        new = places.filter(F.col("outcome").isNull() & F.col("service_day").isin(sorted(touched)))
        parts.append(new.withColumn("read_id", ids).select(*names, "sha256"))
    others = [(source, file, row.sha256) for (source, file), row in known.items() if (source, file) not in loaded]
    if others and run.lake.version("raw_read") is not None:
        kept = small_frame(run.spark, others, "source string, file string, sha256 string")
        old = run.lake.read("raw_read").filter(among(touched))
        # The inner join also drops what a run left that died before it named its files in ops_load.
        parts.append(old.join(F.broadcast(kept), ["source", "file"]).select(*names, "sha256"))
    rows = reduce(lambda a, b: a.unionByName(b), parts) if parts else _no_rows(run, names)
    with_ids = [source.source for source in run.city.sources if "read_id" in source.columns]
    return with_duplicates(rows, with_ids=with_ids).drop("sha256")


def _no_rows(run: Run, names: list[str]) -> DataFrame:
    return run.lake.rows("raw_read", []).select(*names, F.lit("").alias("sha256"))


def _account(run: Run, now: Sequence[Stored], *, touched: set[date], lost: Sequence[tuple[date, int]]) -> None:
    rows: list[tuple[date, str, int]] = [(day, reason, 0) for day in touched for reason in ("in", "out")]
    for h in now:
        rows += [(h.service_day, "in", h.rows), (h.service_day, "out", h.rows - h.duplicate)]
        rows += [(h.service_day, "duplicate", h.duplicate)] if h.duplicate else []
    for day, number in lost:
        rows += [(day, "in", number), (day, "key_destroyed", number)]
    if rows:
        run.account(small_frame(run.spark, rows, "service_day date, reason string, rows bigint"))


def _quarantine(
    run: Run, files: Sequence[Landed], *, places: DataFrame | None, found: dict[str, Contents], known: dict[FileKey, Any]
) -> None:
    """One row a refused line. Of an unreadable file every line is one, by number alone."""
    parts = []
    if places is not None:
        is_header = (F.col("outcome") == HEADER) & (F.col("line") == 1)
        refused = places.filter(F.col("outcome").isNotNull() & (F.col("outcome") != BLANK) & ~is_header)
        code = F.when(F.col("outcome") == HEADER, "repeated_header").otherwise(F.col("outcome"))
        parts.append(refused.select("source", "file", "line", code.alias("error_code")))
    unreadable = [f for f in files if not f.is_usable and f.lines > f.header_lines]
    whole = [(f.source, f.file, f.header_lines + 1, f.lines, f.error_code) for f in unreadable]
    if whole:
        schema = "source string, file string, first int, last int, error_code string"
        each = F.explode(F.sequence("first", "last")).alias("line")
        parts.append(small_frame(run.spark, whole, schema).select("source", "file", each, "error_code"))
    if not any(_quarantined(f, found.get(f.path)) for f in files):
        if not any(known[f.key].quarantined for f in files if f.key in known):
            return
        parts = [run.lake.rows("ops_quarantine", []).drop("run_id")]
    rows = reduce(lambda a, b: a.unionByName(b), parts).withColumn("run_id", F.lit(run.run_id))
    kept = run.write("ops_quarantine", rows, where=_of_files(file.key for file in files), days=run.touched_days)
    # The lines are released when this step's main ends: what is committed later must be in memory by then.
    kept.count()


def _quarantined(file: Landed, found: Contents | None) -> int:
    if not file.is_usable:
        return file.lines - file.header_lines
    return found.refused + found.headers - file.header_lines if found else 0


def _ops_load(
    run: Run,
    files: Sequence[Landed],
    *,
    found: dict[str, Contents],
    now: Sequence[Stored],
    before: Sequence[Stored],
    known: dict[FileKey, Any],
) -> None:
    """One row a file that was loaded, and the new counts of older files of which other lines repeat now."""
    duplicates: dict[FileKey, int] = {}
    for h in now:
        duplicates[h.key] = duplicates.get(h.key, 0) + h.duplicate
    rows: list[tuple[object, ...]] = []
    for file in files:
        in_file = found.get(file.path, Contents()) if file.is_usable else Contents()
        kept = sum(in_file.accepted.values())
        duplicate = duplicates.get(file.key, 0)
        counts = (file.lines, file.header_lines, in_file.blank, kept - duplicate, duplicate)
        span = (_instant(in_file.first_us), _instant(in_file.last_us))
        facts = (file.source, file.file, file.sha256, file.bytes, *counts, _quarantined(file, in_file))
        rows.append((*facts, file.status, file.error_code, *span, run.run_id, run.started_at))
    loaded = {file.key for file in files}
    changes = {key: duplicates.get(key, 0) for key in {h.key for h in [*now, *before]} - loaded}
    for h in before:
        if h.key in changes:
            changes[h.key] -= h.duplicate
    for key, more in changes.items():
        if more and key in known:
            old = {**known[key].asDict(), "run_id": run.run_id}
            old |= {"accepted": old["accepted"] - more, "duplicate": old["duplicate"] + more}
            rows.append(tuple(old[name] for name in TABLES["ops_load"].column_names))
    where = _of_files((str(row[0]), str(row[1])) for row in rows)
    run.write("ops_load", run.lake.rows("ops_load", rows), where=where, days=run.touched_days)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _of_files(keys: Iterable[FileKey]) -> str:
    """The predicate of some files; the partition column is part of it, so that other suppliers' rows are not rewritten."""
    pairs = sorted(set(keys))
    sources = ", ".join(_quoted(source) for source in sorted({source for source, _ in pairs}))
    return f"source IN ({sources}) AND file IN ({', '.join(_quoted(file) for _, file in pairs)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
