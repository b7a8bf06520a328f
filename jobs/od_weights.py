"""What each observed trip stands for: the estimate of :mod:`models.od` as tables that join back to the trips."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.service_day import by_day
from jobs.strata import STRATUM, up_shares
from models import od, od_error
from models.chains import Floats

UNKNOWN_SE = 0.15
"""Of q where nothing tells it: the network's mean stands in, and cells that begin or end there are not published."""
ENDS = ["origin", "destination"]
MEASURES = ["weight", "spread", "blind"]
TYPES = {
    "service_day": pa.date32(),
    "site_ids": pa.list_(pa.string()),
    **dict.fromkeys([*MEASURES, "relative_variance"], pa.float64()),
}


@dataclass(frozen=True)
class OdWeights:
    """Small frames. ``chain``: a row per stratum, ``site_ids`` and cell (``origin``, ``destination``) with ``weight``, ``spread``,
    ``blind`` as in :class:`models.od.Weights`; ``stratum``: the same per stratum and cell; ``common``: ``relative_variance`` per day
    and cell, NULL where q of an end is not known."""

    chain: DataFrame
    stratum: DataFrame
    common: DataFrame


@dataclass(frozen=True)
class DayFit:
    """The estimate of one day. ``strata``: the rows of its strata; ``known``: whether q of each site is."""

    day: date
    fitted: od.Fit
    chains: list[tuple[str, ...]]
    strata: pd.DataFrame
    sites: list[str]
    q_se: Floats
    known: np.ndarray

    @cached_property
    def slope(self) -> Floats:
        """:func:`models.od_error.derivative`, which the errors of sites, zones and chains need alike."""
        return od_error.derivative(self.fitted, q=od_error.usual_q(self.fitted))


def fit_days(found: pd.DataFrame, detection: pd.DataFrame) -> list[DayFit]:
    """Estimate each day by itself.

    Args:
        found: trips by stratum and ``site_ids`` (columns ``trips``), all days.
        detection: rows as :func:`jobs.detected.detection_of` gives them. A day without any q is left out.
    """
    told = by_day(detection[detection.q.notna()])
    return [_fit(day, rows, told[day]) for day, rows in by_day(found).items() if day in told]


def _fit(day: date, rows: pd.DataFrame, detection: pd.DataFrame) -> DayFit:
    numbers, chains = pd.factorize(rows.site_ids.map(tuple))
    number = rows.groupby(STRATUM, sort=True).ngroup()
    strata = rows[STRATUM].assign(number=number).drop_duplicates("number").sort_values("number", ignore_index=True)
    counts = sp.csc_matrix((rows.trips.to_numpy(float), (numbers, number)), shape=(len(chains), len(strata)))
    sites = sorted({site for chain in chains for site in chain})
    known = np.isin(sites, detection.site_id)
    q = _by_stratum(detection, "q", strata=strata, sites=sites)
    for row, outage in enumerate(strata.outage):
        up = up_shares(outage)
        q[row] *= [up.get(site, 1.0) for site in sites]
    error = _by_stratum(detection, "q_se", strata=strata, sites=sites)
    q_se = np.average(error, axis=0, weights=np.asarray(counts.sum(0)).ravel())
    fitted = od.fit(list(chains), counts=counts, q=q, sites=sites)
    return DayFit(day, fitted, list(chains), strata[STRATUM], sites, np.where(known, q_se, UNKNOWN_SE), known)


def _by_stratum(detection: pd.DataFrame, column: str, *, strata: pd.DataFrame, sites: list[str]) -> Floats:
    """A column of the detection by stratum and site; where it says nothing the site's mean, else that of all sites."""
    table = detection.pivot_table(index=["vehicle_class", "day_part"], columns="site_id", values=column, aggfunc="mean")
    wanted = table.reindex(index=pd.MultiIndex.from_frame(strata[["vehicle_class", "day_part"]]), columns=sites)
    filled = wanted.fillna(table.mean()).fillna(float(np.nanmean(table.to_numpy())) if table.size else UNKNOWN_SE)
    return filled.to_numpy(float, copy=True)


def weights(spark: SparkSession, fits: list[DayFit], *, place: Mapping[str, str]) -> OdWeights:
    """The weights of some days between places.

    Args:
        place: the place (site or zone) of each site.
    """
    made = [_day_weights(fit, place=place) for fit in fits]
    chain, stratum, common = ([tables[n] for tables in made] for n in range(3))
    return OdWeights(
        chain=_frame(spark, chain, [*STRATUM, "site_ids", *ENDS, *MEASURES]),
        stratum=_frame(spark, stratum, [*STRATUM, *ENDS, *MEASURES]),
        common=_frame(spark, common, ["service_day", *ENDS, "relative_variance"]),
    )


def _day_weights(fit: DayFit, *, place: Mapping[str, str]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    of_site, names = pd.factorize(pd.Series([place[site] for site in fit.sites]), sort=True)
    found = od.weights(fit.fitted, place=of_site)
    common = od_error.common_error(fit.fitted, slope=fit.slope, q_se=fit.q_se, spread=found.chain, place=of_site)
    blank = np.unique(of_site[~fit.known])
    unknown = common.origin.isin(blank) | common.destination.isin(blank)
    common["relative_variance"] = common.relative_variance.mask(unknown)
    common["service_day"] = fit.day
    for table in (found.chain, found.stratum, common):
        table[ENDS] = np.asarray(names)[table[ENDS]]
    chain = found.chain.join(fit.strata, on="stratum")
    chain["site_ids"] = [fit.chains[number] for number in found.chain.chain]
    return chain, found.stratum.join(fit.strata, on="stratum"), common


def _frame(spark: SparkSession, tables: list[pd.DataFrame], columns: list[str]) -> DataFrame:
    """The tables as one frame; by Arrow, because 70,000 rows a day as Python tuples take seconds."""
    schema = pa.schema([(name, TYPES.get(name, pa.string())) for name in columns])
    parts = [pa.Table.from_pandas(table[columns], schema=schema, preserve_index=False) for table in tables]
    # In one piece: rows behind the empty piece of a day that has none did not arrive.
    return spark.createDataFrame(pa.concat_tables(parts).combine_chunks() if parts else schema.empty_table())


def expanded(found: DataFrame, made: OdWeights, *, cell: list[str], model_error: float) -> DataFrame:
    """Estimated trips of each cell and their standard error.

    Args:
        found: trips by stratum, hour and chain, as :func:`jobs.strata.patterns` gives them.
        cell: columns of ``found``, and ``origin`` and ``destination``.
        model_error: what the model itself may be off by, relative (methods section 6).

    Returns:
        The cell's columns, ``expanded``, ``se``; both NULL where q of an end is not known.
    """
    parts = [F.sum(F.col("trips") * F.col(name)).alias(name) for name in MEASURES]
    seen = found.join(F.broadcast(made.chain), [*STRATUM, "site_ids"])
    anybody = found.groupBy(*STRATUM, "hour_ts").agg(F.sum("trips").alias("trips"))
    unseen = anybody.join(F.broadcast(made.stratum), STRATUM)
    columns = [*dict.fromkeys([*cell, "service_day", "origin", "destination"]), "trips", *MEASURES]
    cells = seen.select(columns).unionByName(unseen.select(columns)).groupBy(*cell).agg(*parts)
    of_cell = cells.join(F.broadcast(made.common), ["service_day", "origin", "destination"], "left")
    known = F.col("relative_variance").isNotNull()
    return of_cell.select(
        *cell,
        F.when(known, F.col("weight")).alias("expanded"),
        F.when(known, standard_error(model_error=model_error)).alias("se"),
    )


def standard_error(*, model_error: float) -> Column:
    """Of a row with ``weight``, ``spread``, ``blind``, ``relative_variance``."""
    common = F.col("relative_variance") + F.lit(model_error**2)
    trips = F.col("spread") + od_error.TRIP_DOUBT * F.col("weight")
    return F.sqrt(trips + common * F.col("weight") ** 2 + (od_error.BLIND_ERROR * F.col("blind")) ** 2)
