"""Detection: by site, class and part of the day, the chance that a passing vehicle is read and matched.

Spark counts which sites follow each other; what follows from that is for :mod:`models.detection`. Only counts leave Spark, at most a
row per three sites, class, parts of the day, half of the vehicles and sites that were down. There is an end to these, though a small
day is far from it: 55,000 passages of 40 sites make 20,000 rows, half of them of one vehicle.
"""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.clones import is_impossible
from jobs.detected import day_part
from jobs.detection_day import q_of, statistic
from jobs.distance import site_points, with_distance
from jobs.service_day import START_HOUR, by_day, hour_of, hours
from kordon import snapshots
from kordon.run import Run
from kordon.spark import small_frame
from kordon.tables import TABLES
from models.evidence import DIRECTED, LISTED, MIXED

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

    from kordon.city import City

POOLED_Q = "core_pooled_q"
"""The snapshot that a day's q leans on; no step writes it."""

READS = ("core_passage", "core_leg", "core_camera_hour", "core_pooled_q")
WRITES = ("core_detection_day", "core_detection")

SOON_FACTOR, SOON_LEAST_S = 1.5, 600
"""Two passages are near in time within half again the longest drive that the distance explains, and within ten minutes always.
Bracketing without a limit put sites off the cordon .010 too low (Vliet, seeds 41 to 43), because vehicles did something else in between;
with it .004."""
SAME_PART_S = 12 * 3600
"""A service day has two ends of one night."""
RETURN_S = 300
"""A vehicle that is seen twice at a site within this time has likely been waiting there: nothing was missed."""


def runs_of_three(passages: DataFrame, *, suspects: DataFrame, two_way: list[str]) -> DataFrame:
    """Each passage with the two before it.

    Args:
        passages: rows of ``core_passage``.
        suspects: ``service_day``, ``vid`` of plates that are likely on two vehicles; they are left out.
        two_way: sites that vehicles cross a cordon at in both directions; such a place is the site and the direction, where told.

    Returns:
        ``service_day``, ``vehicle_class`` (of the last passage), ``half`` of the vehicles (0, 1), places ``a``, ``b``, ``c`` with
        ``a_end``, ``b_end`` (last read there), ``b_ts``, ``c_ts``; ``a`` or ``a`` and ``b`` are NULL where nothing came before.
    """
    in_order = Window.partitionBy("vid", "service_day").orderBy("first_ts", "passage_id")
    directed = F.col("site_id").isin(two_way) & F.col("direction").isNotNull()
    place = F.when(directed, F.concat("site_id", F.lit(DIRECTED), "direction")).otherwise(F.col("site_id"))
    own = passages.join(F.broadcast(suspects), ["service_day", "vid"], "left_anti").withColumn("c", place)

    def before(column: str, steps: int) -> Column:
        return F.lag(column, steps).over(in_order)

    return own.select(
        "service_day",
        "vehicle_class",
        F.pmod(F.xxhash64("vid"), F.lit(2)).cast("int").alias("half"),
        before("c", 2).alias("a"),
        before("c", 1).alias("b"),
        "c",
        before("last_ts", 2).alias("a_end"),
        before("last_ts", 1).alias("b_end"),
        before("first_ts", 1).alias("b_ts"),
        F.col("first_ts").alias("c_ts"),
    )


def pairs_of(runs: DataFrame) -> DataFrame:
    """Two passages in a row: ``a``, ``c``, ``start``, ``end`` and what :func:`counted` needs."""
    return runs.filter(F.col("b").isNotNull()).select(
        "service_day",
        "vehicle_class",
        "half",
        F.col("b").alias("a"),
        "c",
        F.col("b_end").alias("start"),
        F.col("c_ts").alias("end"),
    )


def triples_of(runs: DataFrame, *, timezone: str) -> DataFrame:
    """Three passages in a row: as :func:`pairs_of`, with ``b`` between them and ``part_b``."""
    return runs.filter(F.col("a").isNotNull()).select(
        *("service_day", "vehicle_class", "half", "a", "b", "c"),
        F.col("a_end").alias("start"),
        F.col("c_ts").alias("end"),
        day_part(F.col("b_ts"), timezone=timezone).alias("part_b"),
    )


def counted(
    rows: DataFrame, *, key: list[str], points: DataFrame, down: DataFrame, speed_ms: float, offset_s: float, timezone: str
) -> DataFrame:
    """How often what follows what.

    Args:
        rows: from :func:`pairs_of` or :func:`triples_of`.
        key: its columns to count by.
        points: as :func:`jobs.distance.site_points` gives them.
        down: as :func:`down_between` gives it.
        speed_ms, offset_s: the slowest drive that the distance explains.

    Returns:
        ``service_day``, the key, ``vehicle_class``, ``part``, ``half``, ``is_near``, ``down``, ``n``.
    """
    seconds = F.col("end").cast("double") - F.col("start").cast("double")
    sites = {x: F.substring_index(x, DIRECTED, 1) for x in ("a", "c")}
    apart = with_distance(
        rows.withColumns({f"site_{x}": site for x, site in sites.items()}), points=points, start="site_a", end="site_c"
    )
    waited = (F.col("site_a") == F.col("site_c")) & (seconds < RETURN_S)
    near = seconds <= F.greatest(F.lit(SOON_LEAST_S), SOON_FACTOR * (F.col("distance_m") / speed_ms + offset_s))
    start, end = (day_part(F.col(x), timezone=timezone) for x in ("start", "end"))
    part = F.when((start == end) & (seconds < SAME_PART_S), end).otherwise(MIXED)
    timed = apart.filter(~waited).select(
        "service_day",
        *key,
        "vehicle_class",
        part.alias("part"),
        F.coalesce(near, F.lit(False)).alias("is_near"),
        # Who chooses and who judges matters for bracketing alone.
        F.when(near, F.col("half")).otherwise(0).alias("half"),
        hour_of(F.col("start")).alias("from_hour"),
        hour_of(F.col("end")).alias("to_hour"),
    )
    held = timed.join(F.broadcast(down), ["service_day", "from_hour", "to_hour"], "left")
    return (
        held.withColumn("down", F.coalesce("down", F.lit("")))
        .groupBy("service_day", *key, "vehicle_class", "part", "half", "is_near", "down")
        .agg(F.count("*").alias("n"))
    )


def down_between(down_hours: DataFrame, *, every_hour: DataFrame) -> DataFrame:
    """The sites that were down at some time between two hours: ``service_day``, ``from_hour``, ``to_hour``, ``down``.

    Args:
        down_hours: ``service_day``, ``hour_ts``, ``site_id``.
        every_hour: as :func:`jobs.service_day.hours` gives them.
    """
    start = every_hour.withColumnRenamed("hour_ts", "from_hour")
    end = every_hour.withColumnRenamed("hour_ts", "to_hour")
    spans = start.join(end, "service_day").filter(F.col("from_hour") <= F.col("to_hour"))
    held = spans.join(down_hours, "service_day").filter(F.col("hour_ts").between(F.col("from_hour"), F.col("to_hour")))
    listed = F.array_join(F.sort_array(F.collect_set("site_id")), LISTED)
    return held.groupBy("service_day", "from_hour", "to_hour").agg(listed.alias("down"))


def down_hours(camera_hours: DataFrame, *, cameras: Mapping[str, str]) -> DataFrame:
    """Hours in which some camera of a site was down for some time: ``service_day``, ``hour_ts``, ``site_id``."""
    spark = camera_hours.sparkSession
    sites = small_frame(spark, list(cameras.items()), "camera_id string, site_id string")
    held = camera_hours.filter(F.col("down_s") > 0).join(F.broadcast(sites), "camera_id")
    return held.select("service_day", "hour_ts", "site_id").distinct()


def matched_at_counts(passages: DataFrame, counts: DataFrame, *, down_hours: DataFrame) -> DataFrame:
    """Passages in the time and at the site of each reference count: ``service_day``, ``site``, ``matched``, ``count``.

    Args:
        counts: ``service_day``, ``site_id``, ``from_ts``, ``to_ts``, ``vehicle_class``, ``count``. A count during which a camera of the
            site was down is left out.
    """
    hour_end = F.col("hour_ts") + F.expr("INTERVAL 1 HOUR")
    broken = down_hours.select(F.col("site_id"), "hour_ts")
    whole = counts.join(
        broken,
        (counts.site_id == broken.site_id) & (F.col("hour_ts") < F.col("to_ts")) & (hour_end > F.col("from_ts")),
        "left_anti",
    )
    within = F.col("first_ts").between(F.col("from_ts"), F.col("to_ts") - F.expr("INTERVAL 1 MICROSECOND"))
    of_class = (F.col("counted_class") == "all") | (F.col("counted_class") == F.col("vehicle_class"))
    named = whole.withColumnRenamed("vehicle_class", "counted_class")
    seen = passages.select("service_day", "site_id", "first_ts", "vehicle_class", F.lit(1).alias("one"))
    found = named.join(seen, ["service_day", "site_id"], "left").groupBy(*named.columns)
    matched = F.count_if(within & of_class).alias("matched")
    return found.agg(matched).select("service_day", F.col("site_id").alias("site"), "matched", "count")


def count_table(spark: "SparkSession", city: "City", *, days: Collection[date]) -> DataFrame:
    """The city's counts that lie within one of some service days; of a site and time that has a count of all vehicles, only that."""
    total = {(c.site_id, c.start, c.end) for c in city.counts if c.vehicle_class == "all"}
    rows = []
    for c in city.counts:
        first, last = (
            (moment.astimezone(city.zone_info) - timedelta(hours=START_HOUR)).date()
            for moment in (c.start, c.end - timedelta(microseconds=1))
        )
        if first == last and first in days and (c.vehicle_class == "all" or (c.site_id, c.start, c.end) not in total):
            rows.append((first, c.site_id, c.start, c.end, c.vehicle_class, c.count))
    schema = "service_day date, site_id string, from_ts timestamp, to_ts timestamp, vehicle_class string, count bigint"
    return small_frame(spark, rows, schema)


def main(run: Run) -> None:
    import pandas as pd

    city, passages = run.city, run.table("core_passage")
    suspects = run.table("core_leg").filter(is_impossible()).select("service_day", "vid").distinct()
    two_way = sorted({gate.site_id for gate in city.gates if gate.direction == "both"})
    runs = runs_of_three(passages, suspects=suspects, two_way=two_way)
    broken = down_hours(run.table("core_camera_hour"), cameras={c.camera_id: c.site_id for c in city.cameras})
    count: dict[str, Any] = {
        "points": site_points(run.spark, city),
        "down": down_between(broken, every_hour=hours(run.spark, days=run.days, timezone=city.timezone)),
        "speed_ms": city.methods.cap_speed_ms,
        "offset_s": city.methods.cap_offset_s,
        "timezone": city.timezone,
    }
    by_part = passages.select(
        "service_day",
        F.col("site_id").alias("site"),
        "vehicle_class",
        day_part(F.col("first_ts"), timezone=city.timezone).alias("part"),
    )
    told = run.write(
        "core_detection_day",
        statistic(
            pairs=counted(pairs_of(runs), key=["a", "c"], **count),
            triples=counted(triples_of(runs, timezone=city.timezone), key=["a", "b", "c", "part_b"], **count),
            passages=by_part.groupBy(*by_part.columns).agg(F.count("*").alias("n")),
            counts=matched_at_counts(passages, count_table(run.spark, city, days=run.days), down_hours=broken),
        ),
    ).toPandas()
    pooled = _pooled(run)
    of_day = by_day(told)
    found = [q_of(of_day.get(day, told[:0]), city=city, pooled=pooled.get(day)).assign(service_day=day) for day in run.days]
    rows = pd.concat(found)[list(TABLES["core_detection"].column_names)]
    run.write("core_detection", run.lake.rows("core_detection", [tuple(row) for row in rows.to_numpy()]))


def _pooled(run: Run) -> "dict[date, pd.DataFrame]":
    """Of each day that looks back on a snapshot, the rows of it."""
    chosen = {day: number for day, number in snapshots.of_days(run, POOLED_Q).items() if number != snapshots.NONE}
    if not chosen:
        return {}
    wanted = run.lake.read(POOLED_Q).filter(F.col("snapshot").isin(sorted(set(chosen.values())))).toPandas()
    return {day: wanted[wanted.snapshot == number] for day, number in chosen.items()}


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
