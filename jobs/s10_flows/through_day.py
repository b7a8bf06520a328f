"""How many of the entries of a cordon drive through, by class and all together; and the same as product cells."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.bounding import of_cells
from jobs.counting import or_low_n, with_all_classes
from jobs.expansion import DIGITS, LEAST_UP, by_site, relative_error, squared, weight, with_q
from jobs.visit_parts import ENDS, cordon_days_of, detection_of_day, visit_parts
from kordon.run import Run
from kordon.tables import TABLES
from models.expansion import LARGEST_WEIGHT, Z95

READS = ("core_visit", "flow_site_hour", "core_detection")
WRITES = ("flow_through_day", "out_through_day_cell")

CELL = ["service_day", "cordon_id", "vehicle_class"]


def counted(visits: DataFrame) -> DataFrame:
    """Entries, those that drive through, and their vehicles, of each class and all together; and what one vehicle and two have of them."""
    of_vehicle = (
        with_all_classes(visits)
        .groupBy(*CELL, "vid")
        .agg(F.count("*").alias("n"), F.count_if(F.col("visit_class") == "through").alias("n_through"))
    )
    sums = {
        "through": F.sum("n_through"),
        "through_vehicles": F.count_if(F.col("n_through") > 0),
        "other_vehicles": F.count_if(F.col("n") > F.col("n_through")),
    }
    return of_cells(of_vehicle, cell=CELL, measure="entries", sums=sums)


def shares(parts: DataFrame) -> DataFrame:
    """Entries and through traffic as they were, and the share of the one in the other with its error.

    An entry stands for f = 1 / q_in, one that was seen to drive through for g = 1 / (q_in q_out). With T through and E entries,
    s = T / E, the share errs by (dT - s dE) / E. Thinning: an entry adds g - s f, - s f or 0, of which the variance over chance is
    sum g^2 - 2 s sum g f - (1 - 2 s) T + s^2 sum f (f - 1). A site's q errs in T and E at once, and what it does to both cancels
    for the most part: their sums per site are subtracted before they are squared.

    Args:
        parts: rows of :func:`jobs.visit_parts.visit_parts` with an entry, of each class and all together, with q of both ends.
    """
    into, out = F.col("entry_q"), F.col("exit_q")
    rows = parts.withColumn("f", weight(into)).withColumn("g", weight(into * out))
    n, t, f, g = F.col("n"), F.col("n_through"), F.col("f"), F.col("g")
    drives = (F.col("n_long") > 0) | (t > 0)
    sums = {
        "entries_expanded": n * f,
        "through_expanded": t * g,
        "shorter": F.col("n_short") * g,
        "longer": F.col("n_long") * g,
        "gg": t * g * g,
        "gf": t * g * f,
        "ff": n * f * (f - 1),
        "of_capped": F.when(into < 1 / LARGEST_WEIGHT, n).when(into * out < 1 / LARGEST_WEIGHT, t).otherwise(0),
        "is_unknown": (f.isNull() | (drives & g.isNull())).cast("int"),
    }
    errors = {
        "entry_": {"of_t": t * g * relative_error("entry_"), "of_e": n * f * relative_error("entry_")},
        "exit_": {"of_t": t * g * relative_error("exit_"), "of_e": F.lit(0.0)},
    }
    per_site = by_site(rows, cell=CELL, sums=sums, shares=errors)
    of_t, of_e = F.coalesce("of_t", F.lit(0.0)), F.coalesce("of_e", F.lit(0.0))
    totals = per_site.groupBy(*CELL).agg(
        *(F.coalesce(F.sum(name), F.lit(0.0)).alias(name) for name in sums),
        F.sum(squared(of_t)).alias("tt"),
        F.sum(of_t * of_e).alias("te"),
        F.sum(squared(of_e)).alias("ee"),
    )
    return _with_errors(totals.withColumnRenamed("of_capped", "capped"))


def _with_errors(totals: DataFrame) -> DataFrame:
    entries, through = F.col("entries_expanded"), F.col("through_expanded")
    s = F.when(entries > 0, F.least(through / entries, F.lit(1.0)))
    half_range = (F.col("longer") - F.col("shorter")) / 2
    thinning = F.col("gg") - 2 * s * F.col("gf") - (1 - 2 * s) * through + squared(s) * F.col("ff")
    detection = F.col("tt") - 2 * s * F.col("te") + squared(s) * F.col("ee")
    share_se = F.sqrt(F.greatest(thinning, F.lit(0.0)) + detection + squared(half_range)) / entries
    through_se = F.sqrt(F.col("gg") - through + F.col("tt") + squared(half_range))
    known = F.col("is_unknown") == 0
    figures = {
        "entries_expanded": entries,
        "entries_se": F.sqrt(F.col("ff") + F.col("ee")),
        "through_expanded": through,
        "through_se": through_se,
        "through_share": s,
        "through_share_low": F.greatest(s - Z95 * share_se, F.lit(0.0)),
        "through_share_high": F.least(s + Z95 * share_se, F.lit(1.0)),
        "through_share_short": _share(F.col("shorter"), entries),
        "through_share_long": _share(F.col("longer"), entries),
        "capped": F.col("capped").cast("long"),
    }
    shown = [
        F.when(known, F.round(value, DIGITS + 2) if name != "capped" else value).alias(name) for name, value in figures.items()
    ]
    return totals.select(*CELL, *shown)


def _share(part: Column, whole: Column) -> Column:
    return F.when(whole > 0, F.least(part / whole, F.lit(1.0)))


def through_day(visits: DataFrame, *, detection: DataFrame, cordons: DataFrame, timezone: str) -> DataFrame:
    """Count entries and those that drive through, and expand both. An entry whose exit was not seen is in ``entries``, not in
    ``through``: that is what dividing by the exit's q is for.

    Args:
        visits: rows of ``core_visit``.
        detection: as :func:`jobs.visit_parts.day_detection` gives it.
        cordons: as :func:`jobs.visit_parts.cordon_days` gives it: a cordon with a gate that was down for most of the day has no
            expanded figures.

    Returns:
        Columns of ``out_through_day_cell``.
    """
    entered = visits.filter(F.col("entry_ts").isNotNull())
    parts = with_q(visit_parts(entered, cell=["cordon_id"], timezone=timezone), detection, ends=ENDS)
    least_up = F.coalesce("least_up", F.lit(0.0))
    status = F.when(least_up < 1, "partial").otherwise("ok")
    seen_entering = counted(entered)
    found = seen_entering.join(shares(with_all_classes(parts)), CELL, "left")
    seen = cordons.select("service_day", "cordon_id", "least_up")
    found = found.join(F.broadcast(seen), ["service_day", "cordon_id"], "left").withColumn("status", status)
    raw = (*seen_entering.columns, "status")
    shown = [F.when(least_up >= LEAST_UP, F.col(c)).alias(c) for c in found.columns if c not in (*raw, "least_up")]
    return found.select(*raw, *shown)


def main(run: Run) -> None:
    found = through_day(
        run.table("core_visit"), detection=detection_of_day(run), cordons=cordon_days_of(run), timezone=run.city.timezone
    )
    run.write("out_through_day_cell", found)
    flow = run.table("out_through_day_cell").select(*TABLES["flow_through_day"].column_names)
    run.write("flow_through_day", flow.withColumn("status", or_low_n(F.col("status"), F.col("vehicles"))))


if __name__ == "__main__":
    from kordon.cli import step

    step(__file__)
