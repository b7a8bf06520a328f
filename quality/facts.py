"""Facts: the numbers that rules bound, counted in Spark in one pass over all tables of a step.

Only counts leave Spark, never a value of the data.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING

from kordon.tables import TABLES, Table
from kordon.tables.record import DOUBLE
from quality.rules import KEY, NULL, ROWS, SET, Rule, table_rules

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame

REPEATS = ["0", "int(n - 1)"]
"""What a group of one key adds to the rules of a table, which begin with the number of rows and the repeated keys."""

FEW_TABLES = 4
"""A step with more writes aggregates. Their union has a task per table and partition, and each task is sent the plan of all: a
task per core takes 7 s of processor time instead of 10 s for the 14 tables of flows in a cold session, 3 s in a warm one."""


def facts(tables: "Mapping[str, DataFrame]", *, undated: date, days: Iterable[date] = ()) -> "pd.DataFrame":
    """Count what the records of the tables bound.

    Args:
        tables: frames by table name, with the columns of their records; best persisted, for each is scanned twice.
        undated: the day of tables without ``service_day``, and of rows whose ``service_day`` is NULL.
        days: days that get a row even when no table has one.

    Returns:
        One row per service day (the index, sorted), one column per rule, named as the rule is. NaN where a table without
        ``service_day`` has no say on a day.
    """
    import pandas as pd

    found = _counted(tables, undated=undated)
    seen = sorted({day for _, _, day in found} | set(days))
    columns = {
        rule.name: [found.get((name, rule, day), 0) if rule.is_daily or day == undated else None for day in seen]
        for name in tables
        for rule in table_rules(TABLES[name])
    }
    return pd.DataFrame(columns, index=pd.Index(seen, name="service_day"), dtype=float)


def _counted(tables: "Mapping[str, DataFrame]", *, undated: date) -> dict[tuple[str, Rule, date], int]:
    """A number per table, rule and day on which the table has rows."""
    found = {}
    for (name, day), numbers in _flagged(tables, undated=undated).items():
        found.update({(name, rule, day): n for rule, n in zip(table_rules(TABLES[name]), numbers, strict=False)})
    suspects = [key for key, n in found.items() if key[1].check == KEY and n and not _is_grouped_by_key(TABLES[key[0]])]
    for name in {name for name, _, _ in suspects}:
        exact = _repeated_keys(tables[name], TABLES[name], undated=undated)
        found.update({key: exact.get(key[2], 0) for key in suspects if key[0] == name})
    return found


def _flagged(tables: "Mapping[str, DataFrame]", *, undated: date) -> dict[tuple[str, date], list[int]]:
    """By table and day a number per rule, in the order of the rules.

    One Spark job whatever the number of tables: each is projected to the same columns of 0 and 1, and their union is summed
    once. A step writes up to 14 tables; an aggregate each would be as many jobs and shuffles for a few rows.
    """
    from pyspark.sql import functions as F

    if not tables:
        return {}
    names = list(tables)
    width = max(len(list(table_rules(TABLES[name]))) for name in names)

    def part(rows: "DataFrame", *, table: str, day: str, flags: list[str]) -> "DataFrame":
        padded = [*flags, *["0"] * (width - len(flags))]
        return rows.selectExpr(f"{table} t", f"{day} d", *(f"{flag} f{n}" for n, flag in enumerate(padded)))

    parts, hashes = [], []
    for number, name in enumerate(names):
        table, rows = TABLES[name], tables[name]
        day = _day(table, undated)
        parts.append(part(rows, table=str(number), day=day, flags=[_flag(rule, table) for rule in table_rules(table)]))
        if _is_grouped_by_key(table):
            keys = rows.groupBy(*table.key).agg(F.count("*").alias("n"))
            parts.append(part(keys, table=str(number), day=day, flags=REPEATS))
        else:
            hashes.append(rows.selectExpr(f"{number} t", f"{day} d", f"xxhash64({', '.join(table.key)}) h"))
    if hashes:
        keys = _union(hashes).groupBy("t", "d", "h").agg(F.count("*").alias("n"))
        parts.append(part(keys, table="t", day="d", flags=REPEATS))
    # As doubles, exact up to 2^53: a checked sum of integers makes an object for each row and column.
    sums = ", ".join(f"bigint(sum(double(f{n})))" for n in range(width))
    every = _union(parts)
    if len(names) > FEW_TABLES:
        every = every.coalesce(every.sparkSession.sparkContext.defaultParallelism)
    rows_found = every.groupBy("t", "d").agg(F.expr(f"array({sums})").alias("sums")).collect()
    return {(names[row.t], row.d): row.sums for row in rows_found}


def _union(parts: "list[DataFrame]") -> "DataFrame":
    return reduce(lambda a, b: a.union(b), parts)


def _day(table: Table, undated: date) -> str:
    return f"coalesce(service_day, DATE '{undated}')" if table.is_daily else f"DATE '{undated}'"


def _flag(rule: Rule, table: Table) -> str:
    """1 for a row that the rule's number counts, else 0. SQL text, for Python builds 400 columns of it in no time.

    A NULL is no violation of a range or a set: the comparison is NULL then, and ``if`` takes that as false.
    """
    if rule.check == ROWS:
        return "1"
    if rule.check == KEY:
        return "0"
    if rule.check == NULL:
        return f"if(`{rule.entity}` IS NULL, 1, 0)"
    column = next(column for column in table.columns if column.name == rule.entity)
    if rule.check == SET:
        values = ", ".join(f"'{value}'" for value in column.one_of or ())
        return f"if(`{column.name}` NOT IN ({values}), 1, 0)"
    outside = []
    if column.type == DOUBLE:
        # NaN is larger than any number to Spark, so that it would pass a lower bound.
        outside.append(f"isnan(`{column.name}`)")
    if column.at_least is not None:
        outside.append(f"`{column.name}` < {column.at_least}")
    if column.at_most is not None:
        outside.append(f"`{column.name}` > {column.at_most}")
    return f"if({' OR '.join(outside)}, 1, 0)"


def _is_grouped_by_key(table: Table) -> bool:
    """Whether keys are counted by themselves: where they hold ``vid``, the rows are already partitioned by it.

    Elsewhere that would shuffle keys whole, so rows are counted by a 64-bit hash of the key: 16 bytes a row instead of about
    80 for a read. What is alone under its hash is alone under its key; the rest is looked at exactly, by a second job.
    """
    return "vid" in table.key


def _repeated_keys(rows: "DataFrame", table: Table, *, undated: date) -> dict[date, int]:
    """By day the rows that repeat a key that another row has."""
    from pyspark.sql import functions as F

    keyed = rows.groupBy(*table.key).agg((F.count("*") - 1).alias("repeats"))
    day = F.expr(_day(table, undated)).alias("d")
    sums = keyed.groupBy(day).agg(F.sum("repeats").alias("repeats")).collect()
    return {row.d: row.repeats for row in sums}
