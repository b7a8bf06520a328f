"""How much of a day each camera was up, and how often it went down: the cells of the product camera_health_day."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.counting import HOUR_S
from kordon.run import Run

READS, WRITES = ("core_camera_hour",), ("out_camera_health_day_cell",)

CELL = ["service_day", "camera_id"]


def camera_health_day(camera_hours: DataFrame) -> DataFrame:
    """Uptime and incidents of each camera; hours in a row with some time down are one incident.

    Args:
        camera_hours: rows of ``core_camera_hour``.
    """
    before = F.lag("down_s").over(Window.partitionBy(*CELL).orderBy("hour_ts"))
    begins = (F.col("down_s") > 0) & (F.coalesce(before, F.lit(0)) == 0)
    up_share = 1 - F.sum("down_s") / (F.count("*") * HOUR_S)
    return (
        camera_hours.withColumn("begins", begins)
        .groupBy(*CELL)
        .agg(F.round(100 * up_share, 1).alias("uptime_pct"), F.count_if("begins").alias("incidents"))
    )


def main(run: Run) -> None:
    run.write("out_camera_health_day_cell", camera_health_day(run.table("core_camera_hour")))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
