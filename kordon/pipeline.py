"""``kordon run``: the steps over some days, chained in one Spark session."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event, Thread
from types import ModuleType
from typing import TYPE_CHECKING

from kordon import chain, days, lineage, log
from kordon.lake import Lake
from kordon.run import Judge, Override, Run
from kordon.spark import divide

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from kordon.city import City
    from kordon.delivered import Landing

READS_PER_BLOCK = 20_000_000
"""A backfill is cut here, by reads and not by days: what is persisted of so many fits in 8 GB."""

JOBS_AT_ONCE = 2
"""Of a step whose jobs need nothing of each other. On little data most of a job is one thread that plans, and a core stands idle."""

SAYS_EVERY_S = 60.0
"""So often a step that takes long says how far it is."""

Progress = Callable[[str], None]


@dataclass
class Summary:
    """What a run did."""

    run_id: str
    computed: list[date] = field(default_factory=list)
    closed: list[date] = field(default_factory=list)
    without_reads: list[date] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def run_id(started_at: datetime) -> str:
    """A run's id: its start, and enough chance that two starts in a second differ."""
    import secrets

    return f"{started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def execute(
    *,
    spark: "SparkSession",
    lake: Lake,
    city: "City",
    keystore: Path,
    wanted: Sequence[date] | None,
    landing: "Landing | None",
    steps: Sequence[chain.Step],
    judge: Judge | None,
    override: Override | None,
    kek: Path | None = None,
    destroyed: Collection[date] = (),
    started_at: datetime | None = None,
    progress: Progress = lambda line: None,
) -> Summary:
    """Run some steps over some days.

    Args:
        wanted: service days, or None for those that are stale, in order.
        landing: the suppliers' files; needed by ``ingest`` only.
        steps: as :func:`kordon.chain.between_steps` gives them.
        kek: the file of the key-encryption key, if not the one beside the keystore.
        destroyed: days whose key is destroyed, as the keystore says; those that the lake knows become closed.

    Raises:
        QualityError: a blocking rule failed; the step that it is about is not committed.
    """
    started = started_at or datetime.now(UTC)
    run = Run(
        spark=spark,
        lake=lake,
        city=city,
        days=sorted(wanted or []),
        run_id=run_id(started),
        started_at=started,
        keystore=keystore,
        landing=landing,
        kek=kek,
        judge=judge,
        override=override,
    )
    summary = Summary(run.run_id)
    days.close(lake, destroyed, metadata=run.metadata(destroyed))
    run.closed_days = {d.service_day for d in days.known(lake).values() if d.state == days.CLOSED} | set(destroyed)
    todo = list(steps)
    if todo[0].name == "ingest":
        _run_step(run, todo.pop(0), summary=summary, progress=progress, still_read={"raw_read"})
        if not todo:
            run.write_operations()
    if wanted is None:
        run.days = [d.service_day for d in days.known(lake).values() if d.state == days.STALE]
    summary.closed = [day for day in run.days if day in run.closed_days]
    if todo:
        _compute(run, todo, summary=summary, progress=progress)
    return summary


def _compute(run: Run, steps: list[chain.Step], *, summary: Summary, progress: Progress) -> None:
    open_days = [day for day in run.days if day not in run.closed_days]
    if not open_days:
        return
    # A run that begins after the plates are gone has no business in their zone.
    table = "raw_read" if any("raw_read" in step.reads for step in steps) else "core_read"
    reads = _reads_by_day(run, open_days, table=table)
    summary.without_reads = [day for day in open_days if not reads.get(day)]
    cut = _cut_by_reads([day for day in open_days if reads.get(day)], reads)
    for number, block in enumerate(cut, start=1):
        run.days = block
        divide(run.spark, rows=sum(reads[d] for d in block))
        progress(f"days {block[0]}..{block[-1]} ({number} of {len(cut)}), {sum(reads[d] for d in block):,} reads")
        for position, step in enumerate(steps):
            later = {name for other in steps[position + 1 :] for name in other.reads}
            held_over = {"raw_read"} if number < len(cut) else set()
            rewritten = {name for other in steps[position + 1 :] for name in other.writes}
            _run_step(run, step, summary=summary, progress=progress, still_read=later | held_over, rewritten=rewritten)
        run.write_operations()
        summary.computed += block


def _run_step(
    run: Run,
    step: chain.Step,
    *,
    summary: Summary,
    progress: Progress,
    still_read: set[str],
    rewritten: Collection[str] = (),
) -> None:
    started, began = datetime.now(UTC), time.monotonic()
    period = days.period(run.days)
    lines = log.about(run_id=run.run_id, days=period, step=step.name)
    events = lineage.of_step(step, lake=run.lake, city=run.city.id, run_id=run.run_id, progress=progress)
    with lines, events, _says_how_far(run.spark, step.name, progress=progress):
        with ThreadPoolExecutor(JOBS_AT_ONCE) as pool:
            for wave in step.waves:
                list(pool.map(lambda job: _run_job(run, step, job), wave))
        if step.name == "ingest":
            # Before the commits: a run that dies between them must not leave a day complete whose landing has changed.
            days.touched(run)
        run.finish(step.name, still_read=still_read, rewritten=rewritten)
        took = time.monotonic() - began
        # What a day's last commit cost is not told: there would be a commit after it.
        if "ops_day" not in step.writes:
            run.took(step.name, started_at=started, seconds=took)
        summary.seconds[step.name] = summary.seconds.get(step.name, 0.0) + took
        progress(f"  {step.name:<13} {took:6.1f} s")


@contextmanager
def _says_how_far(spark: "SparkSession", name: str, *, progress: Progress) -> Iterator[None]:
    """While a step works, say each minute how long it has and how many tasks of what runs now are done."""
    from py4j.protocol import Py4JError

    ended, began = Event(), time.monotonic()

    def tasks() -> str:
        tracker = spark.sparkContext.statusTracker()
        stages = [found for stage in tracker.getActiveStageIds() if (found := tracker.getStageInfo(stage)) is not None]
        every = sum(stage.numTasks for stage in stages)
        return f", {sum(stage.numCompletedTasks for stage in stages)} of {every} tasks" if every else ""

    def speak() -> None:
        # Of a Spark that died the step itself tells.
        with suppress(Py4JError, OSError):
            while not ended.wait(SAYS_EVERY_S):
                progress(f"  {name:<13} {time.monotonic() - began:6.0f} s so far{tasks()}")

    # Its lines are about the same run and step.
    speaker = Thread(target=copy_context().run, args=(speak,), daemon=True)
    speaker.start()
    try:
        yield
    finally:
        ended.set()
        speaker.join()


def _run_job(run: Run, step: chain.Step, job: ModuleType) -> None:
    run.tell(step.name, job.__name__.rpartition(".")[2])
    job.main(run)


def _reads_by_day(run: Run, open_days: list[date], *, table: str) -> dict[date, int]:
    run.days = open_days
    rows = run.table(table)
    if table == "raw_read":
        rows = rows.filter("NOT is_duplicate")
    counted = rows.groupBy("service_day").count().collect()
    return {row.service_day: int(row["count"]) for row in counted}


def _cut_by_reads(wanted: list[date], reads: dict[date, int]) -> list[list[date]]:
    """Blocks of consecutive days that hold at most :data:`READS_PER_BLOCK` reads, or one day that holds more."""
    cut: list[list[date]] = []
    for stretch in days.blocks(wanted):
        cut.append([])
        for day in stretch:
            if cut[-1] and sum(reads[d] for d in cut[-1]) + reads[day] > READS_PER_BLOCK:
                cut.append([])
            cut[-1].append(day)
    return cut
