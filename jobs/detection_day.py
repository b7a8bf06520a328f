"""The daily statistic of detection: what followed what, from which q is made, of a day or of many days added up."""

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from kordon.tables import TABLES
from kordon.tables.record import DAY_PARTS
from models.evidence import DIRECTED

if TYPE_CHECKING:
    import pandas as pd

    from kordon.city import City

COLUMNS = TABLES["core_detection_day"].column_names
KEY = [name for name in COLUMNS if name not in ("service_day", "n", "counted")]
FOLLOWED = ["vehicle_class", "part", "half", "is_near", "down", "n"]
"""What is told of a pair and of a triple alike."""


def statistic(*, pairs: DataFrame, triples: DataFrame, passages: DataFrame, counts: DataFrame) -> DataFrame:
    """Rows of ``core_detection_day`` from what :mod:`jobs.s09_detection` counts; several counts of a site and day become one."""
    of_site = counts.groupBy("service_day", F.col("site").alias("c")).agg(
        F.sum("matched").alias("n"), F.sum("count").alias("counted")
    )
    kinds = {"pair": pairs, "triple": triples, "passage": passages.withColumnRenamed("site", "c"), "count": of_site}
    return reduce(lambda x, y: x.unionByName(y), (_filled(rows, kind) for kind, rows in kinds.items()))


def _filled(rows: DataFrame, kind: str) -> DataFrame:
    # A reference counts vehicles of any class.
    blank = {name: F.lit("") for name in KEY} | {
        "vehicle_class": F.lit("unknown"),
        "half": F.lit(0),
        "is_near": F.lit(False),
        "counted": F.lit(None).cast("long"),
    }
    there = {name: F.col(name) for name in rows.columns} | {"kind": F.lit(kind)}
    return rows.select(*((blank | there)[name].alias(name) for name in COLUMNS))


def frames(rows: "pd.DataFrame") -> "dict[str, pd.DataFrame]":
    """What :func:`models.detection.detection` takes, from rows of :func:`statistic`."""
    names = {"c": "site", "counted": "count"}
    counts = _of_kind(rows, "count", columns=["c", "n", "counted"]).rename(columns=names | {"n": "matched"})
    return {
        "pairs": _of_kind(rows, "pair", columns=["a", "c", *FOLLOWED]),
        "triples": _of_kind(rows, "triple", columns=["a", "b", "c", "part_b", *FOLLOWED]),
        "passages": _of_kind(rows, "passage", columns=["c", "vehicle_class", "part", "n"]).rename(columns=names),
        "counts": counts,
    }


def _of_kind(rows: "pd.DataFrame", kind: str, *, columns: list[str]) -> "pd.DataFrame":
    return rows.loc[rows.kind == kind, columns].reset_index(drop=True)


def gate_places(city: "City") -> "pd.DataFrame":
    """The places at which a cordon is crossed in a known direction: ``place``, ``cordon_id``, ``direction``."""
    import pandas as pd

    rows = []
    for gate in city.gates:
        if gate.direction == "both":
            rows += [(f"{gate.site_id}{DIRECTED}{x}", gate.cordon_id, x) for x in ("in", "out")]
        else:
            rows.append((gate.site_id, gate.cordon_id, gate.direction))
    return pd.DataFrame(rows, columns=["place", "cordon_id", "direction"])


def q_of(rows: "pd.DataFrame", *, city: "City", pooled: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """q of every site, class and part of the day, from rows of a day or of days added up.

    Args:
        pooled: rows of ``core_pooled_q`` that the day leans on.

    Returns:
        ``site_id``, ``vehicle_class``, ``day_part``, ``q``, ``q_se`` (None where nothing tells), ``method``, ``n``.
    """
    from models.detection import detection

    names = {"site_id": "site", "day_part": "part"}
    found = detection(
        **frames(rows),
        gates=gate_places(city),
        sites=[site.site_id for site in city.sites],
        classes=city.vehicle_classes,
        parts=DAY_PARTS,
        pooled=None if pooled is None or pooled.empty else pooled.rename(columns=names),
    ).rename(columns={new: old for old, new in names.items()})
    values = found.astype(object)
    values[found.q.isna()] = values[found.q.isna()].assign(q=None, q_se=None)
    return values


def added_up(days: DataFrame) -> DataFrame:
    """The statistics of many days as those of one; a count stays one of its day, so that counts may contradict each other."""
    is_count = F.when(F.col("kind") == "count", F.col("service_day").cast("string")).otherwise("")
    return (
        days.withColumn("a", F.concat("a", is_count))
        .groupBy(*KEY)
        .agg(F.sum("n").alias("n"), F.sum("counted").alias("counted"))
    )
