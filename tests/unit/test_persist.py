"""Persisted rows are made once, when they are persisted: two jobs that ask for them at once would count with what is forgotten."""

import pytest

from kordon.persist import COLUMNS, persisted


def held(spark) -> dict[int, int]:
    """By what is held in memory, the number of its partitions that are made. What others held may go at any time."""
    return {info.id(): info.numCachedPartitions() for info in spark.sparkContext._jsc.sc().getRDDStorageInfo()}


@pytest.mark.parametrize("columns", ["true", "false"])
def test_rows_are_held_before_anybody_asks_for_them(spark, columns):
    before, setting, partitions = held(spark), spark.conf.get(COLUMNS), spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set(COLUMNS, columns)
    # Of one partition Spark would be told that all rows are in one place.
    spark.conf.set("spark.sql.shuffle.partitions", "4")
    try:
        rows, kept = persisted(spark.range(0, 40, 1, 4).selectExpr("id", "id % 7 AS rest"))
        assert [made for name, made in held(spark).items() if name not in before] == [4]
        assert {tuple(row) for row in rows.collect()} == {(n, n % 7) for n in range(40)}
        kept.unpersist()
    finally:
        spark.conf.set(COLUMNS, setting)
        spark.conf.set("spark.sql.shuffle.partitions", partitions)
