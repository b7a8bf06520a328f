"""Entries of cordons, counted once for all tables of a cordon's day that are about who enters.

One pass over the entries makes a few thousand rows a day, whatever the reads; what follows from them is worked out on the driver
(:mod:`models.expansion`, :mod:`models.repeats`), because a plan of Spark costs more than such a table.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.detected import day_part
from jobs.expansion import LEAST_UP
from jobs.s10_flows.gate_hour import crossings
from jobs.service_day import by_day
from jobs.visit_parts import cordon_days_of, detection_of_day
from kordon.run import Run

if TYPE_CHECKING:
    import pandas as pd

    from kordon.city import AccessWindow

DAY = ["service_day", "cordon_id"]
PART, MIX, CLASS, OUTSIDE, OFTEN = "part", "mix", "class", "outside", "often"
"""What a row counts: entries of a part; vehicles by class and country, by class, by class outside its windows, by how often they came."""
UNKNOWN = "unknown"


def is_allowed(windows: Collection["AccessWindow"], *, day_types: Mapping[date, str], timezone: str) -> Column:
    """Whether a class may enter a cordon at ``ts``; NULL where the city restricts nobody.

    Args:
        windows: the city's; a class that has none in a cordon that has some may never enter.
        day_types: of every service day.
    """
    local = F.from_utc_timestamp(F.col("ts"), timezone)
    minute = F.hour(local) * 60 + F.minute(local)
    found, restricted = F.lit(False), sorted({window.cordon_id for window in windows})
    for window in windows:
        days = [day for day, kind in day_types.items() if window.day_type in ("", kind)]
        of_class = F.lit(True) if window.vehicle_class == "all" else F.col("vehicle_class") == window.vehicle_class
        inside = (minute >= window.start_minute) & (minute < window.end_minute)
        found = found | ((F.col("cordon_id") == window.cordon_id) & F.col("service_day").isin(days) & of_class & inside)
    return F.when(F.col("cordon_id").isin(restricted), found)


def entry_counts(crossed: DataFrame, *, allowed: Column, timezone: str) -> DataFrame:
    """Count entries and vehicles in five ways.

    Args:
        crossed: rows of :func:`jobs.s10_flows.gate_hour.crossings`.
        allowed: from :func:`is_allowed`.

    Returns:
        ``what`` (see above), ``service_day``, ``cordon_id``, ``vehicle_class``, ``n``; of a part ``country``, ``site_id``, ``day_part``,
        ``is_allowed``, of others what they also go by: ``country``, ``times`` (entries of the vehicle at the cordon that day; the
        class is then that of its first).
    """
    vehicle = Window.partitionBy("vid", *DAY)
    in_order = vehicle.orderBy("ts", "visit_id")
    entries = crossed.filter(F.col("direction") == "in").select(
        *DAY,
        "vid",
        "vehicle_class",
        F.coalesce("country", F.lit(UNKNOWN)).alias("country"),
        "site_id",
        day_part(F.col("ts"), timezone=timezone).alias("day_part"),
        allowed.alias("is_allowed"),
        F.when(F.row_number().over(in_order) == 1, F.count("*").over(vehicle)).alias("times"),
    )
    free = ["country", "site_id", "day_part", "is_allowed", "times"]
    own = {PART: free[:4], MIX: ["country"], CLASS: [], OUTSIDE: [], OFTEN: ["times"]}

    types = dict(entries.dtypes)

    def as_seen_by(what: str, names: list[str]) -> Column:
        values = [(F.col(name) if name in names else F.lit(None).cast(types[name])).alias(name) for name in free]
        view = F.struct(F.lit(what).alias("what"), *values, F.when(F.lit(what != PART), F.col("vid")).alias("vid"))
        belongs = {OUTSIDE: ~F.col("is_allowed"), OFTEN: F.col("times").isNotNull()}
        return F.when(belongs[what], view) if what in belongs else view

    views = F.array_compact(F.array(*(as_seen_by(what, names) for what, names in own.items())))
    seen = entries.select(*DAY, "vehicle_class", F.explode(views).alias("view")).select(*DAY, "vehicle_class", "view.*")
    key = [*DAY, "what", "vehicle_class", *free]
    # By vehicle first, so that a vehicle that comes again is not counted again where vehicles are.
    of_vehicle = seen.groupBy(*key, "vid").agg(F.count("*").alias("entries"))
    n = F.when(F.col("what") == PART, F.sum("entries")).otherwise(F.count("*"))
    return of_vehicle.groupBy(*key).agg(n.alias("n"))


@dataclass(frozen=True)
class CordonDay:
    """One cordon on one service day.

    Attributes:
        parts: entries by class, country, site, part of the day and ``is_allowed``, with ``q`` and ``q_se`` (NaN where not known).
        vehicles: the other rows of :func:`entry_counts`.
        least_up: the share of the day that its worst gate was up.
    """

    service_day: date
    cordon_id: str
    parts: "pd.DataFrame"
    vehicles: "pd.DataFrame"
    least_up: float

    @property
    def status(self) -> str:
        """``partial`` where a gate was down for some of the day."""
        return "partial" if self.least_up < 1 else "ok"

    @property
    def is_expandable(self) -> bool:
        """Whether all gates were up for long enough to say what passed in the rest."""
        return self.least_up >= LEAST_UP


def cordon_days_with_entries(run: Run) -> list[CordonDay]:
    """Every cordon and day on which somebody was seen to enter; counted once a step, however many jobs ask."""
    city, timezone = run.city, run.city.timezone

    def make() -> list[CordonDay]:
        crossed = crossings(run.table("core_visit"), run.table("core_open_visit"), timezone=timezone)
        allowed = is_allowed(city.access, day_types={day: city.day_type(day) for day in run.days}, timezone=timezone)
        counts = entry_counts(crossed, allowed=allowed, timezone=timezone).toPandas()
        up = {(row.service_day, row.cordon_id): row.least_up for row in cordon_days_of(run).collect()}
        return cordon_days(counts, detection_of_day(run).toPandas(), least_up=up)

    return run.collected("entries", make)


def cordon_days(
    counts: "pd.DataFrame", detection: "pd.DataFrame", *, least_up: Mapping[tuple[date, str], float]
) -> list[CordonDay]:
    """Rows of :func:`entry_counts` by cordon and day, in order, with q as :func:`jobs.visit_parts.day_detection` gives it."""
    on = ["service_day", "site_id", "vehicle_class", "day_part"]
    joined = counts[counts.what == PART].merge(detection[[*on, "q", "q_se"]], on=on, how="left")
    joined = joined.astype({"q": float, "q_se": float, "n": float})
    vehicles = counts[counts.what != PART]

    parts, others = by_day(joined), by_day(vehicles)

    def of(rows: "pd.DataFrame", cordon_id: str) -> "pd.DataFrame":
        return rows[rows.cordon_id == cordon_id].reset_index(drop=True)

    return [
        CordonDay(day, cordon, of(rows, cordon), of(others.get(day, vehicles[:0]), cordon), least_up.get((day, cordon), 0.0))
        for day, rows in parts.items()
        for cordon in sorted(rows.cordon_id.unique())
    ]
