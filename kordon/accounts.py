"""Accounts: what became of the rows that a step got. What goes in comes out, or is dropped for a reason that stands here."""

from collections.abc import Iterable
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Account(NamedTuple):
    """Rows of a step on a day that came in, went out, or were dropped for a reason."""

    service_day: date
    reason: str
    rows: int


def added_up(accounts: Iterable[Account]) -> list[Account]:
    """One account a day and reason, in their order."""
    totals: dict[tuple[date, str], int] = {}
    for account in accounts:
        key = (account.service_day, account.reason)
        totals[key] = totals.get(key, 0) + account.rows
    return [Account(day, reason, rows) for (day, reason), rows in sorted(totals.items())]


def counted(rows: "DataFrame", *, reason: str) -> "DataFrame":
    """Rows per service day as an account of one reason."""
    from pyspark.sql import functions as F

    return (
        rows.groupBy("service_day").agg(F.count("*").alias("rows")).select("service_day", F.lit(reason).alias("reason"), "rows")
    )


def summed(rows: "DataFrame", column: str, *, reason: str) -> "DataFrame":
    """A column's sum per service day as an account of one reason."""
    from pyspark.sql import functions as F

    total = F.coalesce(F.sum(column), F.lit(0)).alias("rows")
    return rows.groupBy("service_day").agg(total).select("service_day", F.lit(reason).alias("reason"), "rows")


def all_accounts(*parts: "DataFrame") -> "DataFrame":
    """Several accounts as one."""
    return reduce(lambda a, b: a.unionByName(b), parts)
