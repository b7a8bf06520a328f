"""Crossings per gate, direction, hour and class; dense; and the same as product cells."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import bounding
from jobs.counting import dense, site_hours_of
from jobs.detected import day_part, detection_of
from jobs.expansion import expanded, with_q
from jobs.service_day import hour_of, service_day
from kordon.run import Run
from kordon.spark import small_frame
from kordon.tables import TABLES

READS = ("core_visit", "core_open_visit", "core_camera_hour", "core_detection")
WRITES = ("flow_gate_hour", "out_gate_hour_cell")

CELL = ["service_day", "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class"]


def crossings(visits: DataFrame, inside: DataFrame, *, timezone: str) -> DataFrame:
    """Every crossing of a cordon once, on its own service day: the ends of visits, and the entries of who is still inside.

    Returns:
        ``service_day``, ``cordon_id``, ``gate_id``, ``site_id``, ``direction``, ``vehicle_class``, ``country``, ``vid``, ``ts``,
        and ``visit_id``, the same for both ends of a visit.
    """
    columns = ["service_day", "vid", "cordon_id", "vehicle_class", "country"]

    def ends(rows: DataFrame, end: str, direction: str) -> DataFrame:
        return rows.filter(F.col(f"{end}_ts").isNotNull()).select(
            *columns,
            F.col(f"{end}_gate_id").alias("gate_id"),
            F.col(f"{end}_site_id").alias("site_id"),
            F.col(f"{end}_ts").alias("ts"),
            F.lit(direction).alias("direction"),
            "visit_id",
        )

    staying = inside.withColumnRenamed("entry_passage_id", "visit_id")
    everything = ends(visits, "entry", "in").unionByName(ends(visits, "exit", "out")).unionByName(ends(staying, "entry", "in"))
    # A visit's day is that of its end, and who stays is inside on every day: only the day of the event counts it.
    return everything.filter(service_day(F.col("ts"), timezone=timezone) == F.col("service_day"))


def gate_sites(run: Run) -> DataFrame:
    """The sites of each gate and direction: ``site_id``, ``cordon_id``, ``gate_id``, ``direction``; small."""
    rows = [
        (gate.site_id, gate.cordon_id, gate.gate_id, direction)
        for gate in run.city.gates
        for direction in (("in", "out") if gate.direction == "both" else (gate.direction,))
    ]
    return small_frame(run.spark, rows, "site_id string, cordon_id string, gate_id string, direction string")


def gate_cells(
    site_hours: DataFrame, crossed: DataFrame, *, gates: DataFrame, detection: DataFrame, timezone: str
) -> DataFrame:
    """Every gate, direction, hour and class with the worst status of the gate's sites, and what really crossed.

    Args:
        site_hours: as :func:`jobs.counting.site_hours_of` gives them, once for each vehicle class.
        crossed: rows of :func:`crossings` with ``hour_ts``.
        gates: rows of :func:`gate_sites`.
        detection: as :func:`jobs.detected.detection_of` gives it.
    """
    key = [*CELL, "site_id"]
    parts = site_hours.join(F.broadcast(gates), "site_id").join(
        crossed.groupBy(*key).agg(F.count("*").alias("matched")), key, "left"
    )
    parts = parts.withColumn("n", F.coalesce("matched", F.lit(0)))
    parts = with_q(parts.withColumn("day_part", day_part(F.col("hour_ts"), timezone=timezone)), detection)
    missing, whole = F.count_if(F.col("status") == "missing"), F.count_if(F.col("status") == "ok")
    status = F.when(missing == F.count("*"), "missing").when(whole == F.count("*"), "ok").otherwise("partial")
    found = expanded(parts, cell=CELL, ends=("",), also={"status": status})
    return found.withColumnsRenamed({"expanded": "passages_expanded", "expanded_se": "passages_se"})


def main(run: Run) -> None:
    timezone = run.city.timezone
    crossed = crossings(run.table("core_visit"), run.table("core_open_visit"), timezone=timezone)
    crossed = crossed.withColumn("hour_ts", hour_of(F.col("ts")))
    found = bounding.cells(bounding.kept_crossings(crossed), cell=CELL, measure="passages")
    classes = small_frame(run.spark, [(c,) for c in run.city.vehicle_classes], "vehicle_class string")
    cells = gate_cells(
        site_hours_of(run).crossJoin(F.broadcast(classes)),
        crossed,
        gates=gate_sites(run),
        detection=detection_of(run),
        timezone=timezone,
    )
    also = ["passages_expanded", "passages_se", "capped", "largest_share", "top_two_share"]
    whole = dense(cells, found, key=CELL, measures=["passages", "vehicles", "bounded"], also=also)
    names = {"passages_expanded": "expanded", "passages_se": "expanded_se"}
    whole = run.write("out_gate_hour_cell", whole.withColumnsRenamed(names))
    flow = whole.withColumnsRenamed({name: column for column, name in names.items()})
    run.write("flow_gate_hour", flow.select(*TABLES["flow_gate_hour"].column_names))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
