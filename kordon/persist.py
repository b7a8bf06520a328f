"""Rows that are used more than once: persisted as tables without a past."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COLUMNS = "spark.kordon.columns"
"""Whether what is persisted is worth to be turned into columns."""


class Kept(Protocol):
    """What holds persisted rows until it is told that nobody uses them any more."""

    def unpersist(self) -> object: ...


@dataclass(frozen=True)
class _Copied:
    """Rows that lie in memory as they are."""

    blocks: Any

    def unpersist(self) -> object:
        return self.blocks.unpersist(False)


def persisted(rows: "DataFrame") -> "tuple[DataFrame, Kept]":
    """Persist rows as a table without a past: partitioned and ordered as they are, and nothing of how they were made in the plan.

    Spark analyses, prints and measures the whole plan of a frame at each action, persisted parts included. A plan of the tenth step
    holds everything since ingest many times over: the driver planned for eight minutes what ran for one, and kept 2.7 million
    nodes of plans in memory.

    On one machine the rows are made at once. Made on first use, two jobs may ask for them at the same time: what the first of them
    forgets of how they were made, the second still counts with, and Spark logs an error for each of its metrics.

    Returns:
        The rows to use, and what holds them until after their last use.
    """
    session = rows.sparkSession
    conf, is_one_machine = session.conf, (session.sparkContext.master or "").startswith("local")
    if conf.get("spark.sql.shuffle.partitions") == "1":
        # Spark then knows that all rows are in one place, and shuffles nothing.
        rows = rows.coalesce(1)
    # Copied rows are lost with the machine that has them.
    is_little = conf.get(COLUMNS) == "false" and is_one_machine
    return _as_rows(rows) if is_little else _as_columns(rows)


def _as_rows(rows: "DataFrame") -> "tuple[DataFrame, Kept]":
    """For little data. Each use copies whole rows, but nobody writes the code that turns them into columns and back."""
    copied = rows.localCheckpoint(eager=True)
    return copied, _Copied(cast("Any", copied._jdf).logicalPlan().rdd())


def _as_columns(rows: "DataFrame") -> "tuple[DataFrame, Kept]":
    """As columns, of which each use reads those that it needs. Engines of this API that lack these internals can persist."""
    from pyspark import StorageLevel
    from pyspark.sql import DataFrame

    session: Any = rows.sparkSession
    jvm, own = session._jvm.org.apache.spark.sql, session._jsparkSession
    planned = getattr(getattr(jvm.execution, "LogicalRDD$"), "MODULE$")
    without_past = planned.fromDataset(rows._jdf.queryExecution().toRdd(), rows._jdf, False)
    kept = DataFrame(jvm.classic.Dataset.ofRows(own, without_past), session).persist(StorageLevel.MEMORY_AND_DISK)
    relation = own.sharedState().cacheManager().lookupCachedData(kept._jdf).get().cachedRepresentation()
    if session.sparkContext.master.startswith("local"):
        # Every task carries what its rows could be made from again, plans included: a fifth of the processor time of a small day.
        # It is needed when a machine is lost, and here there is one.
        relation.cacheBuilder().cachedColumnBuffers().localCheckpoint().count()
    # Without its ordering, which Spark 4.1 fails to rename when a table is joined with itself; the scan still has it.
    leaf = relation.copy(relation.output(), relation.cacheBuilder(), relation.output().take(0))
    getattr(leaf, "statsOfPlanToCache_$eq")(relation.statsOfPlanToCache())
    return DataFrame(jvm.classic.Dataset.ofRows(own, leaf), session), kept
