"""Crossings per gate, direction, hour and class; dense."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.counting import counts, dense, site_hours_of
from jobs.service_day import hour_of, service_day
from kordon.run import Run

READS, WRITES = ("core_visit", "core_open_visit", "core_camera_hour"), ("flow_gate_hour",)

CELL = ["service_day", "hour_ts", "cordon_id", "gate_id", "direction", "vehicle_class"]


def crossings(visits: DataFrame, inside: DataFrame, *, timezone: str) -> DataFrame:
    """Every crossing of a cordon once, on its own service day: the ends of visits, and the entries of who is still inside.

    Returns:
        ``service_day``, ``cordon_id``, ``gate_id``, ``direction``, ``vehicle_class``, ``country``, ``vid``, ``ts``.
    """
    columns = ["service_day", "vid", "cordon_id", "vehicle_class", "country"]

    def ends(rows: DataFrame, end: str, direction: str) -> DataFrame:
        return rows.filter(F.col(f"{end}_ts").isNotNull()).select(
            *columns,
            F.col(f"{end}_gate_id").alias("gate_id"),
            F.col(f"{end}_ts").alias("ts"),
            F.lit(direction).alias("direction"),
        )

    everything = ends(visits, "entry", "in").unionByName(ends(visits, "exit", "out")).unionByName(ends(inside, "entry", "in"))
    # A visit's day is that of its end, and who stays is inside on every day: only the day of the event counts it.
    return everything.filter(service_day(F.col("ts"), timezone=timezone) == F.col("service_day"))


def gate_cells(run: Run) -> DataFrame:
    """Every gate, direction, hour and class with the worst status of the gate's sites."""
    rows = [
        (gate.site_id, gate.cordon_id, gate.gate_id, direction)
        for gate in run.city.gates
        for direction in (("in", "out") if gate.direction == "both" else (gate.direction,))
    ]
    gates = run.spark.createDataFrame(rows, "site_id string, cordon_id string, gate_id string, direction string")
    classes = run.spark.createDataFrame([(c,) for c in run.city.vehicle_classes], "vehicle_class string")
    key = [c for c in CELL if c != "vehicle_class"]
    per_gate = site_hours_of(run).join(F.broadcast(gates), "site_id").groupBy(*key)
    missing, whole = F.count_if(F.col("status") == "missing"), F.count_if(F.col("status") == "ok")
    status = F.when(missing == F.count("*"), "missing").when(whole == F.count("*"), "ok").otherwise("partial")
    return per_gate.agg(status.alias("status")).crossJoin(F.broadcast(classes))


def main(run: Run) -> None:
    crossed = crossings(run.table("core_visit"), run.table("core_open_visit"), timezone=run.city.timezone)
    found = counts(crossed.withColumn("hour_ts", hour_of(F.col("ts"))), cell=CELL, measure="passages")
    run.write("flow_gate_hour", dense(gate_cells(run), found, key=CELL, measures=["passages", "vehicles"]))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
