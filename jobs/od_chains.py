"""Frequent chains of sites: how many trips were seen on each, and how many drove it."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.clones import is_clone_suspect
from jobs.counting import FEW_VEHICLES, counts
from jobs.expansion import DIGITS
from jobs.od_weights import DayFit
from jobs.service_day import by_day
from models.od_error import chain_error

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN: tuple[float | None, float | None] = (None, None)
MOST_CHAINS = 1_000
"""Of a day: a city of 60 sites has some hundreds that ten vehicles drove."""


def frequent_chains(trips: DataFrame) -> DataFrame:
    """Count trips on chains of at least two sites that ten vehicles were seen on, without those of :mod:`jobs.clones`.

    Returns:
        ``service_day``, ``site_ids``, ``trips``, ``vehicles``: of each day the :data:`MOST_CHAINS` with most trips.
    """
    own = trips.filter(~is_clone_suspect() & (F.size("site_ids") > 1))
    found = counts(own, cell=["service_day", "site_ids"], measure="trips").filter(F.col("vehicles") >= FEW_VEHICLES)
    ranked = Window.partitionBy("service_day").orderBy(F.desc("trips"), F.desc("vehicles"), "site_ids")
    return found.withColumn("rank", F.row_number().over(ranked)).filter(F.col("rank") <= MOST_CHAINS).drop("rank")


def chain_day(
    found: "pd.DataFrame", fits: Sequence[DayFit], *, down: Collection[tuple[date, str]]
) -> Iterator[tuple[object, ...]]:
    """Rows of ``flow_chain_day``.

    Args:
        found: rows of :func:`frequent_chains`.
        fits: the estimate of each day; a chain that none has, or with a site whose q nothing tells, is not expanded.
        down: service day and site id where a camera was down for some time.
    """
    of_day = {fit.day: fit for fit in fits}
    for day, rows in by_day(found).items():
        chains = [tuple(sites) for sites in rows.site_ids]
        figures = _expanded(of_day[day], chains) if day in of_day else {}
        for chain, trips, vehicles in zip(chains, rows.trips.tolist(), rows.vehicles.tolist(), strict=True):
            status = "partial" if any((day, site) in down for site in chain) else "ok"
            yield (day, list(chain), trips, vehicles, *figures.get(chain, UNKNOWN), status)


def _expanded(fit: DayFit, wanted: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], tuple[float | None, float | None]]:
    """Trips that truly drove each chain, and their standard error."""
    known = {site for site, is_known in zip(fit.sites, fit.known, strict=True) if is_known}
    numbers = {chain: number for number, chain in enumerate(fit.chains)}
    chains = [chain for chain in wanted if chain in numbers and known.issuperset(chain)]
    rows = np.array([numbers[chain] for chain in chains], np.int64)
    if not len(rows):
        return {}
    trips = np.asarray(fit.fitted.trips[rows].sum(1))
    errors = chain_error(fit.fitted, rows=rows, slope=fit.slope, q_se=fit.q_se)
    return {c: (round(float(n), DIGITS), round(float(e), DIGITS)) for c, n, e in zip(chains, trips, errors, strict=True)}
