"""Expansion: from the passages that were matched to those that there were, with the standard error.

The one place of the formulas of weight, cap and variance (methods 1d, 1e, S11 and section 6) for what is counted in Spark;
:mod:`models.expansion` has them for the few cells of a cordon's day, and the constants. A passage that is matched with chance q
stands for 1/q of them. Everything here works on *parts*: rows already counted by cell, site, class and part of day, so that the cost
does not grow with reads. A part has ``n``, what was matched, and for each of its ends (``entry_`` and ``exit_`` of a visit; a passage has
one, without a prefix) ``<end>site_id``, ``<end>day_part`` and, after :func:`with_q`, ``<end>q`` and ``<end>q_se``.

The variance of a cell of weights f is the sum of

- thinning: sum of n f (f - 1), what chance does to vehicles that are there: demand is taken as it was, not as random;
- detection: (sum of n f r)^2, r the relative error of q, its standard error and that of the model together: what was learned of a
  site's q errs for all its parts at once, for different sites apart;
- where a definition matters half the range over its three thresholds, squared;
- what the cap took away, squared: a capped figure is too low, and its error says by how much.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add, mul

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.expansion import LARGEST_WEIGHT, MODEL_LOGIT, NONE_SEEN

LEAST_UP = 0.5
"""Of an hour: what passed in the rest is then at least as much seen as guessed."""
PROFILE_ERROR = 0.2
"""Relative, of what is added for the time when a camera was down: half an hour of a gate is that far from the other half."""
DIGITS = 4
"""Sums of fractions depend on their order in the last of 16 digits; rounded, a rerun gives the same rows."""


def weight(chance: Column) -> Column:
    """For how many passages one stands that is matched with this chance; NULL where the chance is unknown."""
    return F.when(chance > 0, F.least(1 / chance, F.lit(LARGEST_WEIGHT)))


def with_q(parts: DataFrame, detection: DataFrame, *, ends: Sequence[str] = ("",)) -> DataFrame:
    """Add ``<end>q`` and ``<end>q_se``, NULL where the data do not tell.

    Args:
        parts: rows with ``service_day``, ``vehicle_class`` and the columns of each end.
        detection: as :func:`jobs.detected.detection_of` gives it; small.
    """
    for end in ends:
        on = ["service_day", "vehicle_class", f"{end}site_id", f"{end}day_part"]
        known = detection.select(
            *on[:2],
            F.col("site_id").alias(on[2]),
            F.col("day_part").alias(on[3]),
            F.col("q").alias(f"{end}q"),
            F.col("q_se").alias(f"{end}q_se"),
        )
        parts = parts.join(F.broadcast(known), on, "left")
    return parts


def weighted(parts: DataFrame, *, ends: Sequence[str], up_share: Column | None = None) -> DataFrame:
    """Add ``chance``, the product of the ends' q and of the share of the hour with a camera, and its ``weight`` f."""
    chances = [F.col(f"{end}q") for end in ends] + ([] if up_share is None else [F.when(up_share >= LEAST_UP, up_share)])
    return parts.withColumn("chance", reduce(mul, chances)).withColumn("weight", weight(F.col("chance")))


def relative_error(end: str) -> Column:
    """The relative error of an end's q: of what was learned of it, and of what it is taken to be the same for."""
    q = F.col(f"{end}q")
    return F.when(q > 0, F.sqrt(squared(F.col(f"{end}q_se") / q) + squared(MODEL_LOGIT * (1 - q))))


def squared(value: Column) -> Column:
    """A square; F.pow may differ between machines in the last digit."""
    return value * value


def _sums() -> dict[str, Column]:
    """What a cell adds up over its weighted parts, whatever their ends."""
    n, f, chance = F.col("n"), F.col("weight"), F.col("chance")
    return {
        "of_n": n * f,
        "of_thinning": n * f * (f - 1),
        "of_least": f * (f - 1) * NONE_SEEN,
        "of_cap": n * (1 / chance - f),
        "of_capped": F.when(chance < 1 / LARGEST_WEIGHT, n).otherwise(0),
        "is_unknown": f.isNull().cast("int"),
    }


def _figures(totals: DataFrame, *, keep: Sequence[str], detection: Column, other: Sequence[str] = ()) -> DataFrame:
    """The columns to keep, ``expanded``, ``expanded_se``, ``capped`` from its sums; NULL where a part has no known chance."""
    thinning = F.greatest("of_thinning", "of_least")
    terms = [thinning, detection, _squares(["of_cap", *other])]
    se, is_known = F.sqrt(reduce(add, terms)), F.col("is_unknown") == 0
    return totals.select(
        *keep,
        F.when(is_known, F.round("of_n", DIGITS)).alias("expanded"),
        F.when(is_known, F.round(se, DIGITS)).alias("expanded_se"),
        F.when(is_known, F.col("of_capped")).alias("capped"),
    )


def _terms(
    parts: DataFrame, *, ends: Sequence[str], thresholds: bool
) -> tuple[DataFrame, dict[str, Column], list[str], list[str]]:
    """Weighted parts, what each adds to its cell, and which of these names are errors of q and other errors."""
    has_share = "up_share" in parts.columns
    rows = weighted(parts, ends=ends, up_share=F.col("up_share") if has_share else None)
    n, f = F.col("n"), F.col("weight")
    own = {f"of_q_{number}": n * f * relative_error(end) for number, end in enumerate(ends)}
    other: dict[str, Column] = {}
    if has_share:
        other["of_profile"] = PROFILE_ERROR * n * f * (1 - F.col("up_share"))
    if thresholds:
        other["of_thresholds"] = (F.col("n_long") - F.col("n_short")) * f / 2
    return rows, _sums() | own | other, list(own), list(other)


def expanded(
    parts: DataFrame,
    *,
    cell: Sequence[str],
    ends: Sequence[str],
    thresholds: bool = False,
    also: Mapping[str, Column] | None = None,
) -> DataFrame:
    """Expand cells that have one place at each end, such as a gate: all parts of an end share what was learned of q there.

    Args:
        parts: rows of :func:`with_q`. With ``up_share``, the share of the hour in which a camera was up, what passed in the rest is
            added, and a cell is NULL where that is more than half. With ``thresholds`` also ``n_short`` and ``n_long``, what the
            cell would hold with the shorter and the longer threshold.
        also: other aggregates of a cell, by name.

    Returns:
        The cell's columns, those of ``also``, ``expanded``, ``expanded_se``, ``capped``: how many of ``n`` stand for less than they should.
    """
    rows, terms, own, other = _terms(parts, ends=ends, thresholds=thresholds)
    more = dict(also or {})
    aggregates = {name: F.sum(value) for name, value in terms.items()} | more
    totals = rows.groupBy(*cell).agg(*(value.alias(name) for name, value in aggregates.items()))
    return _figures(totals, keep=[*cell, *more], detection=_squares(own), other=other)


def expanded_rows(parts: DataFrame, *, keep: Sequence[str]) -> DataFrame:
    """:func:`expanded` where every cell is one part of one end: nothing is added up."""
    rows, terms, own, other = _terms(parts, ends=("",), thresholds=False)
    totals = rows.select(*keep, *(value.alias(name) for name, value in terms.items()))
    return _figures(totals, keep=keep, detection=_squares(own), other=other)


def _squares(names: Sequence[str]) -> Column:
    return reduce(add, (squared(F.col(name)) for name in names))


def by_site(
    rows: DataFrame, *, cell: Sequence[str], sums: dict[str, Column], shares: dict[str, dict[str, Column]]
) -> DataFrame:
    """Sums of a cell per site, so that errors of q can be added up within a site and squared over sites.

    Args:
        rows: weighted parts of visits.
        sums: what a part adds to its cell; it goes with the site of the entry.
        shares: by end (``entry_``, ``exit_``) what the part adds to the errors of that end's site.
    """
    names = list(shares["entry_"])
    at_entry = F.struct(
        F.col("entry_site_id").alias("site_id"),
        *(value.alias(name) for name, value in sums.items()),
        *(shares["entry_"][name].alias(name) for name in names),
    )
    at_exit = F.struct(
        F.col("exit_site_id").alias("site_id"),
        *((value * 0).alias(name) for name, value in sums.items()),
        *(shares["exit_"][name].alias(name) for name in names),
    )
    ends = rows.select(*cell, F.explode(F.array(at_entry, at_exit)).alias("end")).select(*cell, "end.*")
    return ends.groupBy(*cell, "site_id").agg(*(F.sum(name).alias(name) for name in (*sums, *names)))


def expanded_over_sites(parts: DataFrame, *, cell: Sequence[str]) -> DataFrame:
    """:func:`expanded` for cells of a whole cordon: the errors of q of different sites are independent.

    Args:
        parts: visits with both ends, rows of :func:`with_q`.
    """
    rows = weighted(parts, ends=("entry_", "exit_"))
    sums = _sums()
    shares = {end: {"of_q": F.col("n") * F.col("weight") * relative_error(end)} for end in ("entry_", "exit_")}
    per_site = by_site(rows, cell=cell, sums=sums, shares=shares)
    totals = per_site.groupBy(*cell).agg(
        *(F.sum(name).alias(name) for name in sums), F.sum(squared(F.col("of_q"))).alias("of_detection")
    )
    return _figures(totals, keep=cell, detection=F.col("of_detection"))
