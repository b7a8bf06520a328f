"""Persisted rows are made once, when they are persisted: two jobs that ask for them at once would count with what is forgotten."""

import pytest

from kordon.persist import COLUMNS, persisted


def held_partitions(spark) -> int:
    return sum(info.numCachedPartitions() for info in spark.sparkContext._jsc.sc().getRDDStorageInfo())


@pytest.mark.parametrize("columns", ["true", "false"])
def test_rows_are_held_before_anybody_asks_for_them(spark, columns):
    before, setting = held_partitions(spark), spark.conf.get(COLUMNS)
    spark.conf.set(COLUMNS, columns)
    try:
        rows, kept = persisted(spark.range(0, 40, 1, 4).selectExpr("id", "id % 7 AS rest"))
        made = held_partitions(spark) - before
        assert made == rows.rdd.getNumPartitions() > 0
        assert {tuple(row) for row in rows.collect()} == {(n, n % 7) for n in range(40)}
        kept.unpersist()
    finally:
        spark.conf.set(COLUMNS, setting)
