"""Quality: judges what spans steps, and alone makes days complete."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import kordon
from kordon import days as life
from kordon import snapshots
from kordon.run import Fact, Run
from kordon.tables import TABLES
from kordon.tables.record import OPS, RAW

READS, WRITES = ("ops_reconciliation", "core_open_visit", "ops_day"), ("ops_day",)

HANDED_ON = (
    ("ingest", "repair"),
    ("repair", "pseudonymise"),
    ("pseudonymise", "clocks"),
    ("clocks", "passages"),
    ("passages", "legs"),
    ("passages", "trips"),
)
"""What one step hands out, the other takes in, in the same unit."""


def gaps(accounts: Iterable[tuple[date, str, str, int]]) -> list[Fact]:
    """Where a step did not take in what the one before it handed out.

    Args:
        accounts: ``service_day``, ``step``, ``reason``, ``rows`` of ``ops_reconciliation``.
    """
    rows = {(day, step, reason): count for day, step, reason, count in accounts}
    facts = []
    for day in sorted({day for day, *_ in rows}):
        for giver, taker in HANDED_ON:
            lost = rows.get((day, giver, "out"), 0) - rows.get((day, taker, "in"), 0)
            severity = "blocking" if lost else "ok"
            facts.append(Fact(day, "ops_reconciliation", "handed_on", f"{giver}>{taker}", float(lost), "0", severity))
    return facts


def fingerprint(rows: DataFrame) -> tuple[int, int]:
    """Number of rows and an order-free sum over them: equal for equal content."""
    found = rows.agg(F.count("*").alias("n"), F.sum(F.xxhash64(*rows.columns).cast("decimal(38,0)")).alias("s")).first()
    return (int(found.n), int(found.s or 0)) if found else (0, 0)


def looked_back_in_vain(run: Run, before: dict[date, life.Day]) -> list[life.Day]:
    """The day after this run's last, if it is complete and what it looked back on has changed: it becomes stale."""
    last = max(run.days)
    following = before.get(last + timedelta(days=1))
    linked = run.city.key_period(last)[2] > last
    if not linked or following is None or following.state != life.COMPLETE:
        return []
    old_version = before[last].versions.get("core_open_visit") if last in before else None
    old = run.lake.read("core_open_visit", [last], version=old_version)
    if old_version is None:
        old = old.limit(0)
    if fingerprint(old) == fingerprint(run.lake.read("core_open_visit", [last])):
        return []
    return [replace(following, state=life.STALE)]


def _accounts(run: Run) -> list[tuple[date, str, str, int]]:
    """Those of this run's steps, and of the other steps those that the lake has."""
    own = [(account.service_day, step, account.reason, account.rows) for step, account in run.accounts]
    steps = {step for _, step, *_ in own}
    stored = run.lake.read("ops_reconciliation", run.days).collect()
    return own + [(row.service_day, row.step, row.reason, row.rows) for row in stored if row.step not in steps]


def main(run: Run) -> None:
    accounts = _accounts(run)
    run.settle("quality", gaps(accounts))
    run.write_operations()
    before = life.known(run.lake)
    versions = {
        name: version
        for name, table in TABLES.items()
        # Nobody reads an old version of plates.
        if table.zone not in (RAW, OPS) and (version := run.lake.version(name)) is not None
    }
    seen = {day for day, *_ in accounts}
    whole = [
        life.Day(
            day, life.COMPLETE, run.run_id, run.city.config_hash, kordon.__version__, versions, snapshots.used(before.get(day))
        )
        for day in run.days
        if day in seen
    ]
    life.write(run.lake, [*whole, *looked_back_in_vain(run, before)], metadata=run.metadata(run.days))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
