"""Lone plates that stay alone: those that likely are misreads of nobody knows whom are set aside (methods 6, Identity).

A lone plate is a vehicle that was seen once, or a misread. What misreads look like is known from those that were joined and those
that syntax mended, what right reads look like from plates that were read often; how many of the lone plates are misreads is what
explains their looks best. Only counts by look leave Spark, never a plate.
"""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.plates.lone import CERTAIN_READS, confidence_step
from kordon.spark import small_frame

if TYPE_CHECKING:
    import pandas as pd

LIKELY = 0.9
"""The chance of being a misread from which a lone plate is set aside. One half, as the prototype had it, sets aside more right reads
of vehicles that were seen once than the goal for damaged vehicle-days allows."""
FEWEST_MISREADS = 30
"""With fewer known misreads a day does not tell what they look like, and nothing is set aside."""
PASSES = 50
KEY = ["service_day", "source", "read_id"]
LONE, JOINED, MENDED, CERTAIN = "lone", "joined", "mended", "certain"


class Look(NamedTuple):
    """What can be seen of a read besides its plate. ``country`` is empty where there is none."""

    service_day: date
    source: str
    country: str
    plate_quality: str
    step: int


def looks(reads: DataFrame, *, found: DataFrame) -> DataFrame:
    """Count reads by look and kind.

    Args:
        reads: as :func:`jobs.plates.lone.joins` takes them.
        found: as :func:`jobs.plates.lone.joins` returns it.

    Returns:
        The columns of :class:`Look`, ``kind`` (lone, joined, mended, certain) and ``rows``.
    """
    kind = (
        F.when(F.col("is_joined"), JOINED)
        .when(F.col("n") == 1, LONE)
        .when(F.col("repair") == "syntax", MENDED)
        .when(F.col("n") >= CERTAIN_READS, CERTAIN)
    )
    seen = _seen(reads, found=found)
    return seen.groupBy(*Look._fields, kind.alias("kind")).agg(F.count("*").alias("rows")).filter("kind IS NOT NULL")


def lone_with_look(reads: DataFrame, *, found: DataFrame, likely: Iterable[Look]) -> DataFrame:
    """The lone reads, joined to nobody, of some looks: ``service_day``, ``source``, ``read_id``."""
    schema = "service_day date, source string, country string, plate_quality string, step int"
    wanted = small_frame(reads.sparkSession, list(likely), schema)
    alone = _seen(reads, found=found).filter((F.col("n") == 1) & F.col("is_joined").isNull())
    return alone.join(F.broadcast(wanted), list(Look._fields), "left_semi").select(*KEY)


def _seen(reads: DataFrame, *, found: DataFrame) -> DataFrame:
    """The reads with their look, ``n``, ``repair`` and ``is_joined``."""
    return (
        reads.withColumn("step", confidence_step(F.col("confidence")).cast("int"))
        .withColumn("country", F.coalesce("country", F.lit("")))
        .join(F.broadcast(found.select(*KEY, F.lit(True).alias("is_joined"))), KEY, "left")
        .select(*KEY, "country", "plate_quality", "step", "n", "repair", "is_joined")
    )


def likely_misreads(counted: "pd.DataFrame") -> list[Look]:
    """The looks of lone plates that are set aside.

    Args:
        counted: as :func:`looks` counts.
    """
    days = counted.assign(network="").groupby("service_day", sort=True)
    return [look for _, day in days for look in _of_day(day)]


def _of_day(day: "pd.DataFrame") -> Iterable[Look]:
    joined, certain = day[day.kind == JOINED], day[day.kind == CERTAIN]
    lone = day[day.kind == LONE].sort_values(list(Look._fields)).reset_index(drop=True)
    if joined.rows.sum() < FEWEST_MISREADS or lone.empty:
        return []
    wrong = day[day.kind.isin([JOINED, MENDED])]
    # Syntax mended what did not fit its country, so mended reads say nothing of how often misreads fit.
    ratio = _share(lone, joined, of="plate_quality", within="network") / _share(
        lone, certain, of="plate_quality", within="country"
    )
    ratio *= _share(lone, wrong, of="step", within="source") / _share(lone, certain, of="step", within="source")
    share = 0.1
    for _ in range(PASSES):
        chance = share * ratio / (share * ratio + 1 - share)
        share = float((chance * lone.rows).sum() / lone.rows.sum())
    likely = lone[share * ratio / (share * ratio + 1 - share) > LIKELY]
    return [Look(*row) for row in likely[list(Look._fields)].itertuples(index=False)]


def _share(lone: "pd.DataFrame", rows: "pd.DataFrame", *, of: str, within: str) -> "pd.Series[Any]":
    """The share of rows with each lone look's value in a column, among rows of its group; one more of each value is assumed."""
    hits = lone[[within, of]].merge(rows.groupby([within, of]).rows.sum().reset_index(), how="left", on=[within, of]).rows
    every = lone[[within]].merge(rows.groupby(within).rows.sum().reset_index(), how="left", on=within).rows
    return (hits.fillna(0) + 1) / (every.fillna(0) + lone[of].nunique())
