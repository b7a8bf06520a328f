"""Origins and destinations: trips seen and trips that there were, between sites by hour and between zones by day.

From one estimate (:mod:`models.od`): flow_od_hour, flow_zone_od_day, the cells of the products od_day and od_month_hour, the frequent
chains, and where the city has counts what they make of it (flow_count_fit_day, flow_zone_od_fit_day).
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import bounding
from jobs.clones import CLONE_SUSPECT, is_clone_suspect
from jobs.counting import counts, low_n, site_hours_of
from jobs.detected import detection_of
from jobs.od_chains import chain_day, frequent_chains
from jobs.od_counts import day_counts, fitted_days, zone_od_fit_day
from jobs.od_weights import DayFit, expanded, fit_days, weights
from jobs.service_day import hour_of
from jobs.strata import STRATUM, outages, patterns, pooled
from kordon.accounts import all_accounts, counted, summed
from kordon.run import Run
from kordon.spark import small_frame
from models.od_error import DAY_ERROR, HOUR_ERROR

READS = ("core_trip", "core_camera_hour", "core_detection")
WRITES = (
    "flow_od_hour",
    "flow_zone_od_day",
    "out_od_day_cell",
    "out_od_month_hour_cell",
    "flow_chain_day",
    "flow_count_fit_day",
    "flow_zone_od_fit_day",
)

SITE_CELL = ["service_day", "hour_ts", "origin_site_id", "destination_site_id", "vehicle_class"]
ZONE_CELL = ["service_day", "origin_zone_id", "destination_zone_id", "vehicle_class"]
ZONE_HOUR_CELL = ["service_day", "hour_ts", "origin_zone_id", "destination_zone_id"]
MOST_CHAINS = 60_000
"""Chains of strata that go to the driver for each day; 178,000 trips of 40 sites have 23,000."""
LEAST_EXPANDED = 0.01
"""A cell in which nobody was seen and less than this is expected has no row."""


def od_hour(trips: DataFrame) -> DataFrame:
    """Count trips between the sites where they were first and last seen, without those of :mod:`jobs.clones`.

    A trip of one passage has its site as origin and destination.
    """
    own = trips.filter(~is_clone_suspect())
    named = own.withColumnsRenamed({"first_site_id": "origin_site_id", "last_site_id": "destination_site_id"})
    return counts(named.withColumn("hour_ts", hour_of(F.col("start_ts"))), cell=SITE_CELL, measure="trips")


def zone_trips(trips: DataFrame, *, zones: DataFrame) -> DataFrame:
    """Trips with their zones, their hour and whether the open tier counts them; without those of :mod:`jobs.clones`.

    Args:
        trips: rows of ``core_trip``.
        zones: ``site_id``, ``zone_id`` of every site; small.
    """
    first = zones.select(F.col("site_id").alias("first_site_id"), F.col("zone_id").alias("origin_zone_id"))
    last = zones.select(F.col("site_id").alias("last_site_id"), F.col("zone_id").alias("destination_zone_id"))
    own = trips.filter(~is_clone_suspect())
    placed = own.join(F.broadcast(first), "first_site_id").join(F.broadcast(last), "last_site_id")
    return bounding.kept_trips(placed.withColumn("hour_ts", hour_of(F.col("start_ts"))))


def with_expanded(seen: DataFrame, estimated: DataFrame, *, cell: list[str]) -> DataFrame:
    """Counted cells with what truly passed: the columns of ``seen``, trips_expanded, trips_se.

    A cell may be in one of the two only: 0 trips seen and some expected, or trips seen on a day without any q.
    """
    origin, destination = (next(name for name in cell if name.startswith(end)) for end in ("origin", "destination"))
    named = estimated.withColumnsRenamed(
        {"origin": origin, "destination": destination, "expanded": "trips_expanded", "se": "trips_se"}
    )
    counted = [name for name in ("trips", "vehicles", "bounded") if name in seen.columns]
    zero = [F.coalesce(name, F.lit(0)).alias(name) for name in counted]
    rest = [name for name in seen.columns if name not in (*cell, *counted)]
    both = seen.join(named, cell, "full").select(*cell, *zero, *rest, "trips_expanded", "trips_se")
    return both.filter((F.col("trips") > 0) | (F.col("trips_expanded") >= LEAST_EXPANDED))


def with_status(cells: DataFrame, *, site_hours: DataFrame) -> DataFrame:
    """``partial`` where the origin or the destination was down for some of the hour, else ``low_n`` or ``ok``."""
    down = site_hours.filter(F.col("status") != "ok").select("service_day", "hour_ts", "site_id")
    rows = cells
    for end in ("origin", "destination"):
        name = f"{end}_site_id"
        marked = down.withColumnRenamed("site_id", name).withColumn(f"{end}_down", F.lit(True))
        rows = rows.join(F.broadcast(marked), ["service_day", "hour_ts", name], "left")
    is_down = F.coalesce("origin_down", "destination_down", F.lit(False))
    status = F.when(is_down, "partial").otherwise(low_n(F.col("vehicles")))
    return rows.withColumn("status", status).drop("origin_down", "destination_down")


def write_chains(run: Run, fits: list[DayFit]) -> None:
    """Hand over ``flow_chain_day``."""
    some_down = site_hours_of(run).filter(F.col("status") != "ok").select("service_day", "site_id").distinct()
    rows = chain_day(
        frequent_chains(run.table("core_trip")).toPandas(),
        fits,
        down={(row.service_day, row.site_id) for row in some_down.collect()},
    )
    run.write("flow_chain_day", run.lake.rows("flow_chain_day", rows))


def write_fitted(run: Run, fits: list[DayFit]) -> None:
    """Hand over the tables of the fit to counts, if the city has counts or had some when the days were last computed."""
    city = run.city
    if not city.counts and run.lake.version("flow_count_fit_day") is None:
        return
    counts = day_counts(city.counts, days=run.days, zone=city.zone_info)
    rows, factors = fitted_days(counts, fits, zone={site.site_id: site.zone_id for site in city.sites})
    run.write("flow_count_fit_day", run.lake.rows("flow_count_fit_day", rows))
    # Without a factor there is no row, and nothing to look up.
    cells = run.table("flow_zone_od_day").select(*ZONE_CELL, "trips_expanded", "trips_se")
    fitted = zone_od_fit_day(cells.toPandas(), factors) if len(factors) else ()
    run.write("flow_zone_od_fit_day", run.lake.rows("flow_zone_od_fit_day", fitted))


def main(run: Run) -> None:
    trips, city = run.table("core_trip"), run.city
    cameras = {site.site_id: [c.camera_id for c in city.cameras if c.site_id == site.site_id] for site in city.sites}
    zone = {site.site_id: site.zone_id for site in city.sites}
    down = outages(run.table("core_camera_hour"), sites=cameras)
    every = run.once("od_patterns", lambda: patterns(trips, down=down, timezone=city.timezone))
    pool = pooled(every, most=MOST_CHAINS)
    found = every if pool is every else run.once("od_pooled", lambda: pool)
    chains = found.groupBy(*STRATUM, "site_ids").agg(F.sum("trips").alias("trips")).toPandas()
    fits = fit_days(chains, detection_of(run).toPandas())
    by_site = weights(run.spark, fits, place={site: site for site in zone})
    by_zone = weights(run.spark, fits, place=zone)
    cell = ["service_day", "hour_ts", "origin", "destination", "vehicle_class"]
    hourly = expanded(found, by_site, cell=cell, model_error=HOUR_ERROR)
    daily = expanded(found, by_zone, cell=[c for c in cell if c != "hour_ts"], model_error=DAY_ERROR)
    by_hour = with_status(with_expanded(od_hour(trips), hourly, cell=SITE_CELL), site_hours=site_hours_of(run))
    run.write("flow_od_hour", by_hour)
    zones = small_frame(run.spark, list(zone.items()), "site_id string, zone_id string")
    placed = zone_trips(trips, zones=zones)
    names = {"trips_expanded": "expanded", "trips_se": "expanded_se"}
    by_day = with_expanded(bounding.cells(placed, cell=ZONE_CELL, measure="trips"), daily, cell=ZONE_CELL)
    by_day = run.write("out_od_day_cell", by_day.withColumnsRenamed(names))
    flow = by_day.withColumnsRenamed({name: column for column, name in names.items()}).drop(*bounding.COLUMNS)
    run.write("flow_zone_od_day", flow.withColumn("status", low_n(F.col("vehicles"))))
    of_hour = expanded(found, by_zone, cell=[c for c in cell if c != "vehicle_class"], model_error=HOUR_ERROR)
    zone_hours = with_expanded(bounding.cells(placed, cell=ZONE_HOUR_CELL, measure="trips"), of_hour, cell=ZONE_HOUR_CELL)
    run.write("out_od_month_hour_cell", zone_hours.withColumnsRenamed(names))
    write_chains(run, fits)
    write_fitted(run, fits)
    suspects = counted(trips.filter(is_clone_suspect()), reason=CLONE_SUSPECT)
    for table in ("flow_od_hour", "flow_zone_od_day"):
        run.account(all_accounts(counted(trips, reason="in"), suspects, summed(run.table(table), "trips", reason="out")))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
