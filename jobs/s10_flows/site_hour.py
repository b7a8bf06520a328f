"""Passages per site, hour and class; dense, so that a missing row is never a zero."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.counting import dense, site_hours_of
from jobs.detected import day_part, detection_of
from jobs.expansion import expanded_rows, with_q
from jobs.service_day import hour_of
from kordon.accounts import all_accounts, counted, summed
from kordon.run import Run
from kordon.spark import small_frame

READS, WRITES = ("core_read", "core_passage", "core_camera_hour", "core_detection"), ("flow_site_hour",)

CELL = ["service_day", "hour_ts", "site_id", "vehicle_class"]


def site_hour(passages: DataFrame, unread: DataFrame, *, cells: DataFrame) -> DataFrame:
    """Count passages with a plate, and those without: a read that has no vehicle id is a passage of its own.

    Args:
        passages: rows of ``core_passage``.
        unread: rows of ``core_read`` without ``vid``.
        cells: every cell with its ``status`` and ``up_share``.
    """
    columns = ["service_day", "site_id", "vehicle_class"]
    seen = passages.select(*columns, "vid", hour_of(F.col("first_ts")).alias("hour_ts"))
    blind = unread.select(*columns, "vid", hour_of(F.col("read_ts")).alias("hour_ts"))
    found = (
        seen.unionByName(blind)
        .groupBy(*CELL)
        .agg(
            F.count("*").alias("passages"),
            F.count_if(F.col("vid").isNull()).alias("unread"),
            F.countDistinct("vid").alias("vehicles"),
        )
    )
    return dense(cells, found, key=CELL, measures=["passages", "unread", "vehicles"], also=["up_share"])


def with_expanded(flow: DataFrame, *, detection: DataFrame, timezone: str) -> DataFrame:
    """Add ``passages_expanded``, ``passages_se`` and ``capped``; NULL where no camera was up for half of the hour.

    Only passages with a plate are divided by q, the chance to be matched: what has no plate was missed, and is in 1/q.

    Args:
        flow: rows of :func:`site_hour`, with ``up_share``.
        detection: as :func:`jobs.detected.detection_of` gives it.
    """
    matched = (F.col("passages") - F.col("unread")).alias("n")
    parts = flow.select("*", matched, day_part(F.col("hour_ts"), timezone=timezone).alias("day_part"))
    found = expanded_rows(with_q(parts, detection), keep=flow.columns)
    return found.withColumnsRenamed({"expanded": "passages_expanded", "expanded_se": "passages_se"})


def main(run: Run) -> None:
    passages = run.table("core_passage")
    unread = run.table("core_read").filter(F.col("vid").isNull())
    classes = small_frame(run.spark, [(c,) for c in run.city.vehicle_classes], "vehicle_class string")
    cells = site_hours_of(run).crossJoin(F.broadcast(classes))
    counted_cells = site_hour(passages, unread, cells=cells)
    run.write("flow_site_hour", with_expanded(counted_cells, detection=detection_of(run), timezone=run.city.timezone))
    flow = run.table("flow_site_hour")
    run.account(
        all_accounts(counted(passages, reason="in"), counted(unread, reason="in"), summed(flow, "passages", reason="out"))
    )


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
