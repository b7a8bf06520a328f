"""How many of the entries of a cordon drive through, by class and all together; and the same as product cells."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.counting import with_all_classes
from kordon.run import Run

READS, WRITES = ("core_visit",), ("flow_through_day", "out_through_day_cell")

CELL = ["service_day", "cordon_id", "vehicle_class"]
SENSITIVITY_S = 120
"""The limit of driving through is a definition: the share is given for a shorter and a longer one too (methods section 6)."""


def _is_through(*, longer_s: int) -> Column:
    """Whether a visit would drive through with a limit that is so many seconds longer."""
    in_time = F.col("dwell_s") <= F.col("through_limit_s") + longer_s
    return F.coalesce((F.col("entry_gate_id") != F.col("exit_gate_id")) & in_time, F.lit(False))


def through_day(visits: DataFrame) -> DataFrame:
    """Count entries and those that drive through.

    Args:
        visits: rows of ``core_visit``.

    Returns:
        Columns of ``flow_through_day`` and of ``out_through_day_cell``. An entry whose exit was not seen is not through.
    """
    through = F.col("visit_class") == "through"

    def share(is_through: Column) -> Column:
        return F.count_if(is_through) / F.count("*")

    return (
        with_all_classes(visits.filter(F.col("entry_ts").isNotNull()))
        .groupBy(*CELL)
        .agg(
            F.count("*").alias("entries"),
            F.count_if(through).alias("through"),
            F.countDistinct("vid").alias("vehicles"),
            F.countDistinct(F.when(through, F.col("vid"))).alias("through_vehicles"),
            F.countDistinct(F.when(~through, F.col("vid"))).alias("other_vehicles"),
            share(through).alias("through_share"),
            share(_is_through(longer_s=-SENSITIVITY_S)).alias("through_share_short"),
            share(_is_through(longer_s=SENSITIVITY_S)).alias("through_share_long"),
        )
    )


def main(run: Run) -> None:
    counted = through_day(run.table("core_visit"))
    run.write("flow_through_day", counted.drop("through_vehicles", "other_vehicles"))
    run.write(
        "out_through_day_cell",
        counted.drop("through_share", "through_share_short", "through_share_long"),
    )


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
