"""Facts: the numbers that rules bound, counted in Spark in one pass over all tables of a step.

Only counts leave Spark, never a value of the data.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING

from kordon.tables import TABLES, Table
from kordon.tables.record import DOUBLE
from quality.rules import KEY, NULL, RANGE, ROWS, Rule, table_rules

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import Column, DataFrame


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

    def part(rows: "DataFrame", number: int, flags: "list[Column]") -> "DataFrame":
        padded = [*flags, *[F.lit(0)] * (width - len(flags))]
        day = F.coalesce("service_day", F.lit(undated)) if "service_day" in rows.columns else F.lit(undated)
        numbers = (flag.cast("int").alias(f"f{n}") for n, flag in enumerate(padded))
        return rows.select(F.lit(number).alias("t"), day.alias("d"), *numbers)

    parts = []
    for number, name in enumerate(names):
        table = TABLES[name]
        parts.append(part(tables[name], number, [_flag(rule, table) for rule in table_rules(table)]))
        # Rules begin with the number of rows and the keys; a group of one key adds nothing to the first.
        parts.append(part(_keys(tables[name], table), number, [F.lit(0), F.col("n") - 1]))
    every = reduce(lambda a, b: a.union(b), parts)
    sums = every.groupBy("t", "d").agg(F.array(*(F.sum(f"f{n}") for n in range(width))).alias("sums"))
    return {(names[row.t], row.d): row.sums for row in sums.collect()}


def _flag(rule: Rule, table: Table) -> "Column":
    """1 for a row that the rule's number counts, else 0."""
    from pyspark.sql import functions as F

    if rule.check == ROWS:
        return F.lit(1)
    if rule.check == KEY:
        return F.lit(0)
    value = F.col(rule.entity)
    if rule.check == NULL:
        return value.isNull()
    column = next(column for column in table.columns if column.name == rule.entity)
    if rule.check == RANGE:
        # NaN is larger than any number to Spark, so that it would pass a lower bound.
        outside = F.isnan(value) if column.type == DOUBLE else F.lit(False)
        if column.at_least is not None:
            outside = outside | (value < column.at_least)
        if column.at_most is not None:
            outside = outside | (value > column.at_most)
    else:
        outside = ~value.isin(*(column.one_of or ()))
    # A NULL is no violation of a range or a set: the comparison is NULL, and NULL must count as 0.
    return F.coalesce(outside, F.lit(False))


def _is_grouped_by_key(table: Table) -> bool:
    """Whether keys are counted by themselves: where they hold ``vid``, the rows are already partitioned by it."""
    return "vid" in table.key


def _keys(rows: "DataFrame", table: Table) -> "DataFrame":
    """One row per key, with ``service_day`` where the table has it and the rows ``n`` of the key.

    Where counting exact keys would shuffle them whole, rows are counted by a 64-bit hash of the key: 12 bytes a row instead of
    about 80 for a read. What is alone under its hash is alone under its key; the rest is looked at exactly, later.
    """
    from pyspark.sql import functions as F

    if _is_grouped_by_key(table):
        return rows.groupBy(*table.key).agg(F.count("*").alias("n"))
    day = [F.col("service_day")] if table.is_daily else []
    hashed = rows.select(*day, F.xxhash64(*table.key).alias("hash"))
    return hashed.groupBy(*day, "hash").agg(F.count("*").alias("n"))


def _repeated_keys(rows: "DataFrame", table: Table, *, undated: date) -> dict[date, int]:
    """By day the rows that repeat a key that another row has."""
    from pyspark.sql import functions as F

    day = F.coalesce("service_day", F.lit(undated)) if table.is_daily else F.lit(undated)
    keyed = rows.groupBy(*table.key).agg((F.count("*") - 1).alias("repeats"))
    sums = keyed.groupBy(day.alias("d")).agg(F.sum("repeats").alias("repeats")).collect()
    return {row.d: row.repeats for row in sums}
