"""A run: some consecutive service days of one city, computed step by step into one lake.

A job's ``main`` gets a :class:`Run` and asks it for tables, hands it rows and accounts for them. The run persists what a step
hands over, has it judged, and commits it, so that a bad table is never live and a table that was just computed is not read
back.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

import kordon
from kordon.accounts import Account, added_up
from kordon.errors import QualityError
from kordon.lake import Lake, among, between, conform
from kordon.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from kordon.city import City
    from kordon.delivered import Landing
    from kordon.persist import Kept


class Fact(NamedTuple):
    """One number found about a table on a day, and what a rule of its record says of it."""

    service_day: date
    table: str
    check: str
    entity: str
    value: float | None
    expected: str
    severity: str
    override_by: str | None = None
    override_reason: str | None = None


class Took(NamedTuple):
    """What a step of a run over some days cost. ``java_peak_mb`` is the most memory that Java had until then, None where no one tells."""

    service_day: date
    last_day: date
    step: str
    started_at: datetime
    seconds: float
    java_peak_mb: int | None


T = TypeVar("T")

COMMITS_AT_ONCE = 3

Judge = Callable[[str, Mapping[str, "DataFrame"], list[Account]], list[Fact]]
"""Judges the tables and the accounts of a step before they are committed."""


@dataclass(frozen=True)
class Override:
    """A blocking rule that an engineer lets through, by name and with a reason."""

    rule: str
    reason: str
    by: str


@dataclass
class _Staged:
    rows: "DataFrame"
    persisted: "Kept"
    where: str
    days: list[date]


@dataclass
class Run:
    """What a job's ``main`` works with. It knows lake, days and city; a job's functions know only columns and values."""

    spark: "SparkSession"
    lake: Lake
    city: "City"
    days: list[date]
    run_id: str
    started_at: datetime
    keystore: "Path"
    landing: "Landing | None" = None
    kek: "Path | None" = None
    """The file of the key-encryption key; without it the one beside the keystore."""
    judge: Judge | None = None
    override: Override | None = None
    facts: list[tuple[str, Fact]] = field(default_factory=list)
    accounts: list[tuple[str, Account]] = field(default_factory=list)
    costs: list[Took] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    touched_days: set[date] = field(default_factory=set)
    """Days of which ingest loaded, changed or removed reads, whatever the days of the run."""
    closed_days: set[date] = field(default_factory=set)
    """Days whose reads are counted and dropped: their raw reads or their key are gone."""
    lost_days: set[date] = field(default_factory=set)
    """Closed days for which reads still arrived."""
    _session: dict[str, _Staged] = field(default_factory=dict)
    _shared: "dict[str, tuple[DataFrame, Kept]]" = field(default_factory=dict)
    _collected: dict[str, object] = field(default_factory=dict)
    _making: RLock = field(default_factory=RLock)
    """Jobs of a step run side by side, and what one makes for all may ask for what another does."""
    _staged: dict[str, _Staged] = field(default_factory=dict)
    _step_accounts: list[Account] = field(default_factory=list)

    def table(self, name: str) -> "DataFrame":
        """The rows of this run's days: as an earlier step of this session computed them, else from the lake."""
        held = self._staged.get(name) or self._session.get(name)
        if held and set(self.days) <= set(held.days):
            return held.rows if set(held.days) == set(self.days) else held.rows.filter(between(self.days))
        return self.lake.read(name, self.days)

    def look_back(self, name: str, *, days: int) -> "DataFrame":
        """The rows of the whole days before this run's first day, from the lake."""
        first = min(self.days)
        return self.lake.read_whole(name, [first - timedelta(days=n) for n in range(1, days + 1)])

    def write(
        self, name: str, rows: "DataFrame", *, where: str | None = None, days: Iterable[date] | None = None
    ) -> "DataFrame":
        """Hand over a table's new rows for this run's days; they are committed when the step ends and is judged good.

        Args:
            where: the predicate of the rows that are replaced, if not this run's days.
            days: the service days that the rows replace, if not this run's days.

        Returns:
            The rows as they will be committed, persisted.
        """
        from kordon.persist import persisted

        covered = sorted(days) if days is not None else self.days
        rows, kept = persisted(conform(rows, TABLES[name]))
        self._staged[name] = _Staged(rows, kept, where or between(covered), covered)
        return rows

    def once(self, name: str, make: "Callable[[], DataFrame]") -> "DataFrame":
        """Rows that several jobs of a step look up, made by the first of them and persisted until the step ends."""
        from kordon.persist import persisted

        with self._making:
            if name not in self._shared:
                self._shared[name] = persisted(make())
            return self._shared[name][0]

    def collected(self, name: str, make: Callable[[], T]) -> T:
        """What several jobs of a step know on the driver, worked out by the first of them and forgotten when the step ends."""
        with self._making:
            if name not in self._collected:
                self._collected[name] = make()
            return cast(T, self._collected[name])

    def account(self, rows: "DataFrame") -> None:
        """Account for the rows of the step: columns ``service_day``, ``reason``, ``rows``."""
        self._step_accounts.extend(Account(r.service_day, r.reason, int(r.rows)) for r in rows.collect())

    def tell(self, step: str, what: str) -> None:
        """Name what this thread asks of Spark next, as Spark's pages and event log show it."""
        self.spark.sparkContext.setJobDescription(f"{step}: {what}")

    def took(self, step: str, *, started_at: datetime, seconds: float) -> None:
        """Note what a step cost, for the next commit of operations."""
        from kordon.spark import java_peak_mb

        covered = sorted(self.days or self.touched_days)
        if covered:
            self.costs.append(Took(covered[0], covered[-1], step, started_at, seconds, java_peak_mb(self.spark)))

    def finish(self, step: str, *, still_read: Iterable[str], rewritten: Collection[str] = ()) -> None:
        """Judge what the step handed over, commit it, and keep in memory only what later steps read.

        Args:
            still_read: tables that later steps of the chain read.
            rewritten: tables that a later step of the chain replaces: these are committed then, and only then.

        Raises:
            QualityError: a blocking rule failed; nothing of the step is committed.
        """
        accounts = added_up(self._step_accounts)
        self.tell(step, "quality")
        if self.judge is not None and (self._staged or accounts):
            found = self.judge(step, {name: staged.rows for name, staged in self._staged.items()}, accounts)
            self.settle(step, found)
        self.accounts += [(step, account) for account in accounts]
        self._commit_all(step, [name for name in self._staged if name not in rewritten])
        replaced = [self._session[name] for name in self._staged if name in self._session]
        self._session.update(self._staged)
        self._staged, self._step_accounts = {}, []
        for held in (*(staged.persisted for staged in replaced), *(kept for _, kept in self._shared.values())):
            held.unpersist()
        self._shared, self._collected = {}, {}
        keep = set(still_read)
        for name in [n for n in self._session if n not in keep]:
            self._session.pop(name).persisted.unpersist()

    def settle(self, step: str, found: list[Fact]) -> None:
        """Keep the facts; stop at a blocking one unless it is overridden by name.

        Raises:
            QualityError: a blocking rule failed; what the step staged is dropped.
        """
        if self.override:
            rule, by, reason = self.override.rule, self.override.by, self.override.reason
            found = [
                f._replace(severity="overridden", override_by=by, override_reason=reason)
                if f.severity == "blocking" and rule_name(f) == rule
                else f
                for f in found
            ]
        self.facts += [(step, fact) for fact in found]
        blocking = [f for f in found if f.severity == "blocking"]
        if blocking:
            for held in (*(staged.persisted for staged in self._staged.values()), *(kept for _, kept in self._shared.values())):
                held.unpersist()
            self._staged, self._shared, self._collected = {}, {}, {}
            self.write_operations()
            lines = [
                f"{rule_name(f)}: {f.table}.{f.entity} on {f.service_day} is {f.value:g}, expected {f.expected}"
                for f in blocking
            ]
            raise QualityError("Quality stops the run; nothing of the step was committed.\n" + "\n".join(lines))

    def metadata(self, days: Iterable[date]) -> dict[str, object]:
        """What stands in each commit of this run."""
        return {
            "run_id": self.run_id,
            "days": [str(day) for day in sorted(days)],
            "inputs": dict(self.versions),
            "config_hash": self.city.config_hash,
            "code_version": kordon.__version__,
        }

    def _commit_all(self, step: str, names: list[str]) -> None:
        """Commit some of the step's tables, one commit each, several at a time: most of a commit is one thread of planning.

        Tables of operation come last and in their order, because they say that the others are there.
        """
        data = [name for name in names if not name.startswith("ops_")]
        with ThreadPoolExecutor(COMMITS_AT_ONCE) as pool:
            list(pool.map(lambda name: self._commit(step, name, self._staged[name]), data))
        operation = [name for name in names if name not in data]
        if operation:
            # A file that is named in ops_load is not read again: what its step found must stand before it does.
            self.write_operations()
        for name in operation:
            self._commit(step, name, self._staged[name])

    def _commit(self, step: str, name: str, staged: _Staged) -> None:
        self.tell(step, f"commit {name}")
        rows = staged.rows
        # A partition of vehicles holds every day; written as it is, a year would be a file per day and partition.
        if len(staged.days) > 7 and TABLES[name].is_daily:
            rows = rows.repartition("service_day")
        self.versions[name] = self.lake.replace(name, rows, where=staged.where, metadata=self.metadata(staged.days))

    def write_operations(self) -> None:
        """Commit the facts, accounts and costs of the steps so far."""
        if self.costs:
            steps = ", ".join(f"'{cost.step}'" for cost in self.costs)
            rows = self.lake.rows("ops_step", [(*cost, self.run_id) for cost in self.costs])
            where = f"run_id = '{self.run_id}' AND step IN ({steps}) AND {among(cost.service_day for cost in self.costs)}"
            covered = {cost.service_day for cost in self.costs}
            self.versions["ops_step"] = self.lake.replace("ops_step", rows, where=where, metadata=self.metadata(covered))
        if self.facts:
            rows = self.lake.rows("ops_quality", [(*f[:7], step, self.run_id, *f[7:]) for step, f in self.facts])
            steps = ", ".join(f"'{step}'" for step in sorted({step for step, _ in self.facts}))
            where = f"run_id = '{self.run_id}' AND step IN ({steps}) AND {between(f.service_day for _, f in self.facts)}"
            days = {f.service_day for _, f in self.facts}
            self.versions["ops_quality"] = self.lake.replace("ops_quality", rows, where=where, metadata=self.metadata(days))
        if self.accounts:
            days = {a.service_day for _, a in self.accounts}
            steps = ", ".join(f"'{step}'" for step in sorted({step for step, _ in self.accounts}))
            rows = self.lake.rows(
                "ops_reconciliation",
                [(a.service_day, self.run_id, step, a.reason, a.rows) for step, a in self.accounts],
            )
            where = f"step IN ({steps}) AND {among(days)}"
            self.versions["ops_reconciliation"] = self.lake.replace(
                "ops_reconciliation", rows, where=where, metadata=self.metadata(days)
            )
        self.facts, self.accounts, self.costs = [], [], []


def rule_name(fact: Fact) -> str:
    """How a rule is named on the command line: ``table.check.entity``."""
    return f"{fact.table}.{fact.check}.{fact.entity}"
