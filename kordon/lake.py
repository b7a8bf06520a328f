"""The lake: Delta tables that are read by service day and replaced by service day, one commit a table.

Delta has no transaction over several tables. A day becomes whole when its row in ``ops_day`` is written, last; a reader of
whole days (:meth:`Lake.read_whole`) takes a table as it stood then when a later commit has begun to replace the day.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from kordon import objects
from kordon.spark import small_frame
from kordon.tables import TABLES, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType


def schema(table: Table) -> "StructType":
    """The Spark schema of a table, from its record."""
    from pyspark.sql.types import StructType

    ddl = ", ".join(f"`{c.name}` {c.type}{'' if c.may_be_null else ' NOT NULL'}" for c in table.columns)
    parsed = StructType.fromDDL(ddl)
    assert isinstance(parsed, StructType)
    return parsed


def conform(rows: "DataFrame", table: Table) -> "DataFrame":
    """The rows with the columns, types and order of the record.

    Raises:
        ValueError: a column is missing, or one is there that the record does not know. Both are bugs of a job.
    """
    from pyspark.sql import functions as F

    if set(rows.columns) != set(table.column_names):
        missing = set(table.column_names) - set(rows.columns)
        unknown = set(rows.columns) - set(table.column_names)
        raise ValueError(f"{table.name}: missing columns {sorted(missing)}, columns without a record {sorted(unknown)}")
    return rows.select(*(F.col(c.name).cast(c.type).alias(c.name) for c in table.columns))


def between(days: Iterable[date]) -> str:
    """The predicate of a block of consecutive days."""
    ordered = sorted(days)
    return f"service_day >= '{ordered[0]}' AND service_day <= '{ordered[-1]}'"


def among(days: Iterable[date]) -> str:
    """The predicate of any days."""
    return "service_day IN ({})".format(", ".join(f"'{day}'" for day in sorted(days)))


@dataclass(frozen=True)
class Commit:
    """One commit of a table and the days that it replaced."""

    version: int
    days: frozenset[str]


class Lake:
    """The tables below one URI: a folder, or a bucket and prefix. ``{zone}`` in it stands for the zone of each table."""

    def __init__(self, spark: "SparkSession", uri: str) -> None:
        self.spark = spark
        self.uri = uri.rstrip("/")

    def path(self, name: str) -> str:
        return f"{objects.at(self.uri, TABLES[name].zone)}/{name}"

    def _log(self, name: str) -> list[Any]:
        """The JSON files of a table's transaction log, oldest first."""
        jvm: Any = self.spark.sparkContext._jvm
        folder = jvm.org.apache.hadoop.fs.Path(f"{self.path(name)}/_delta_log")
        files = folder.getFileSystem(self.spark.sparkContext._jsc.hadoopConfiguration())
        if not files.exists(folder):
            return []
        paths = [status.getPath() for status in files.listStatus(folder)]
        return sorted((p for p in paths if p.getName().endswith(".json")), key=lambda p: str(p.getName()))

    def version(self, name: str) -> int | None:
        """The newest version of a table, or None when it was never written."""
        log = self._log(name)
        return int(log[-1].getName().split(".")[0]) if log else None

    def commits_after(self, name: str, version: int) -> Iterator[Commit]:
        """The commits of a table that are newer than a version."""
        for path in self._log(name):
            number = int(path.getName().split(".")[0])
            if number <= version:
                continue
            lines = self.spark.read.text(str(path)).filter("value like '{\"commitInfo%'").collect()
            info = json.loads(lines[0].value)["commitInfo"] if lines else {}
            yield Commit(number, frozenset(json.loads(info.get("userMetadata") or "{}").get("days", [])))

    def rows(self, name: str, data: Iterable[tuple[object, ...]]) -> "DataFrame":
        """A small frame of a table from Python values in the order of its record's columns."""
        return small_frame(self.spark, data, schema(TABLES[name]))

    def read(self, name: str, days: Iterable[date] | None = None, version: int | None = None) -> "DataFrame":
        """A table's rows, all or those of some consecutive days; no rows when it was never written."""
        table = TABLES[name]
        if self.version(name) is None:
            return small_frame(self.spark, [], schema(table))
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        rows = reader.load(self.path(name))
        # A table written before a column was added to its record reads as NULL there.
        rows = rows.select(*(c for c in table.column_names if c in rows.columns))
        return rows.filter(between(days)) if days is not None else rows

    def read_whole(self, name: str, days: Iterable[date]) -> "DataFrame":
        """The rows of complete days as they stood when the days became whole.

        A day comes from the current version unless a commit newer than its ``ops_day`` row names it: then from the recorded
        version. Days that are not complete have no rows here.
        """
        from functools import reduce

        wanted = sorted(days)
        recorded = {
            row.service_day: (row.table_versions or {}).get(name)
            for row in self.read("ops_day", wanted).filter("state IN ('complete', 'closed')").collect()
        }
        by_version: dict[int | None, list[date]] = {}
        versions = [v for v in recorded.values() if v is not None]
        later = list(self.commits_after(name, min(versions))) if versions else []
        for day, version in recorded.items():
            if version is None:
                continue
            touched = any(c.version > version and str(day) in c.days for c in later)
            by_version.setdefault(version if touched else None, []).append(day)
        parts = [self.read(name, version=v).filter(among(part)) for v, part in by_version.items()]
        return reduce(lambda a, b: a.unionByName(b), parts) if parts else self.read(name).limit(0)

    def replace(self, name: str, rows: "DataFrame", *, where: str, metadata: dict[str, Any]) -> int:
        """Replace the rows that a predicate selects, in one commit, and return the version.

        Args:
            rows: what takes their place; every row must satisfy the predicate, or Delta refuses the commit.
            metadata: stands in the commit: run id, days, input versions, configuration hash, code version.
        """
        table = TABLES[name]
        writer = (
            conform(rows, table)
            .write.format("delta")
            .mode("overwrite")
            .option("replaceWhere", where)
            .option("userMetadata", json.dumps(metadata, sort_keys=True))
            .option("mergeSchema", "true")
            .partitionBy(*table.partitioned_by)
        )
        if self.version(name) is None:
            # No smallest and largest values of columns in the log, which outlives the plates of the files. Nobody misses them: what is
            # read is some days, which are folders; and each commit would have to collect them.
            writer = writer.option("delta.dataSkippingNumIndexedCols", "0")
        writer.save(self.path(name))
        version = self.version(name)
        assert version is not None
        return version

    def delete(self, name: str, *, where: str, metadata: dict[str, Any]) -> None:
        """Delete the rows that a predicate selects; old versions still hold them, see :mod:`kordon.vacuum`."""
        self.replace(name, self.rows(name, []), where=where, metadata=metadata)

    def vacuum(self, name: str) -> None:
        """Delete every file of a table that its newest version does not need."""
        self.spark.sql(f"VACUUM delta.`{self.path(name)}` RETAIN 0 HOURS")
