"""Origins and destinations fitted to the city's counts, on days that have some (:mod:`models.count_fit`)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import scipy.sparse as sp

from jobs.counting import ALL
from jobs.expansion import DIGITS
from jobs.od_weights import DayFit
from jobs.service_day import START_HOUR
from kordon.city import Count
from models.chains import Floats
from models.count_fit import LEAST_FACTOR, MOST_FACTOR, CountFit, ImpossibleCountsError, fit_to_counts

CELL = ["service_day", "origin_zone_id", "destination_zone_id", "vehicle_class"]
PARTIAL_DAY, OVERLAPPING, UNIDENTIFIED = "partial_day", "overlapping", "unidentified"
IMPOSSIBLE, REFUSED, CAPPED, UNMET = "impossible", "refused", "capped", "unmet"
"""Why a count was not fitted to, or not met: ``reason`` of ``flow_count_fit_day``."""


@dataclass(frozen=True)
class DayCount:
    """What was counted at a site in a service day; ``reason`` says why it cannot be used, if so."""

    service_day: date
    site_id: str
    vehicle_class: str
    counted: int
    reason: str | None


def day_counts(counts: Iterable[Count], *, days: Sequence[date], zone: ZoneInfo) -> list[DayCount]:
    """The city's counts by service day, site and class, in order; of a site whose day has a count of all vehicles, only that.

    A count is one of the whole service day when its rows follow on each other from 04:00 to 04:00: one row, or one for each hour.
    """
    found: dict[tuple[date, str, str], list[Count]] = defaultdict(list)
    spans = {day: _span(day, zone) for day in days}
    for count in counts:
        for day, (start, end) in spans.items():
            if count.start < end and count.end > start:
                found[day, count.site_id, count.vehicle_class].append(count)
    made = {key: DayCount(*key, sum(c.count for c in rows), _fault(rows, spans[key[0]])) for key, rows in sorted(found.items())}
    of_all = {key[:2] for key, count in made.items() if count.vehicle_class == ALL and count.reason is None}
    return [count for key, count in made.items() if count.vehicle_class == ALL or key[:2] not in of_all]


def _span(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start, end = (datetime.combine(d, time(START_HOUR), zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    return start, end


def _fault(rows: list[Count], span: tuple[datetime, datetime]) -> str | None:
    at, end = span
    for row in sorted(rows, key=lambda row: (row.start, row.end)):
        if row.start != at:
            return OVERLAPPING if row.start < at and row is not rows[0] else PARTIAL_DAY
        at = row.end
    return None if at == end else PARTIAL_DAY


@dataclass(frozen=True)
class DayCountFit:
    """A day's trips fitted to counts: ``figure`` beside ``prior``, shape (chains, classes); ``result`` None where it was refused."""

    prior: Floats
    classes: list[str]
    result: CountFit | None
    rows: list[tuple[object, ...]]


def fit_day(fit: DayFit, counts: Sequence[DayCount]) -> DayCountFit:
    """Fit the trips of a day, by chain and class, to its usable counts.

    Returns:
        ``rows``: rows of ``flow_count_fit_day`` of these counts.
    """
    of_class = pd.get_dummies(fit.strata.vehicle_class).astype(float)
    classes = list(of_class.columns)
    prior = fit.fitted.trips @ of_class.to_numpy()
    site = {name: number for number, name in enumerate(fit.sites)}
    visits = np.hstack([fit.fitted.chains.visits, np.zeros((len(prior), 1))])
    passes = sp.vstack(
        [
            sp.csr_matrix(
                np.outer(visits[:, site.get(c.site_id, -1)], [c.vehicle_class in (ALL, own) for own in classes]).ravel()
            )
            for c in counts
        ]
    )
    counted = np.array([c.counted for c in counts], float)
    before = np.asarray(passes @ prior.ravel())
    try:
        result = fit_to_counts(prior.ravel(), passes=passes, counts=counted)
    except ImpossibleCountsError as error:
        reasons = [IMPOSSIBLE if number in error.counts else REFUSED for number in range(len(counts))]
        rows = [_row(c, prior=n, reason=why) for c, n, why in zip(counts, before, reasons, strict=True)]
        return DayCountFit(prior, classes, None, rows)
    at_cap = np.isclose(result.factor, LEAST_FACTOR) | np.isclose(result.factor, MOST_FACTOR)
    why_not = [None if met else CAPPED if cap else UNMET for met, cap in zip(result.is_met, at_cap, strict=True)]
    rows = [
        _row(c, prior=n, fitted=after, factor=factor, reason=why)
        for c, n, after, factor, why in zip(counts, before, result.reached, result.factor, why_not, strict=True)
    ]
    return DayCountFit(prior, classes, result, rows)


def _row(
    count: DayCount,
    *,
    prior: float | None = None,
    fitted: float | None = None,
    factor: float | None = None,
    reason: str | None,
) -> tuple[object, ...]:
    figures = [None if value is None else round(float(value), DIGITS) for value in (prior, fitted, factor)]
    return (count.service_day, count.site_id, count.vehicle_class, count.counted, *figures, reason)


def zone_factors(fit: DayFit, fitted: DayCountFit, *, zone: Mapping[str, str]) -> pd.DataFrame:
    """By what each cell of zones and class was multiplied: the columns of :data:`CELL`, ``factor``; none where nobody is expected."""
    if fitted.result is None:
        return pd.DataFrame(columns=[*CELL, "factor"])
    chains, of_site = fit.fitted.chains, np.array([zone[site] for site in fit.sites])
    ends = {CELL[1]: of_site[chains.first], CELL[2]: of_site[chains.last]}
    each = pd.DataFrame({name: np.repeat(value, len(fitted.classes)) for name, value in ends.items()})
    each["vehicle_class"] = np.tile(fitted.classes, len(chains))
    each["prior"], each["figure"] = fitted.prior.ravel(), fitted.result.figure
    cells = each.groupby(CELL[1:], as_index=False)[["prior", "figure"]].sum()
    cells = cells[cells.prior > 0].assign(service_day=fit.day)
    return cells.assign(factor=cells.figure / cells.prior)[[*CELL, "factor"]]


def fitted_days(
    counts: Sequence[DayCount], fits: Sequence[DayFit], *, zone: Mapping[str, str]
) -> tuple[list[tuple[object, ...]], pd.DataFrame]:
    """Rows of ``flow_count_fit_day``, and :func:`zone_factors` of all days that were fitted."""
    usable: dict[date, list[DayCount]] = defaultdict(list)
    for count in counts:
        if count.reason is None:
            usable[count.service_day].append(count)
    rows = [_row(count, reason=count.reason) for count in counts if count.reason]
    factors = [pd.DataFrame(columns=[*CELL, "factor"])]
    of_day = {fit.day: fit for fit in fits}
    for day, of_counts in usable.items():
        fit = of_day.get(day)
        if fit is None:
            rows += [_row(count, reason=UNIDENTIFIED) for count in of_counts]
            continue
        fitted = fit_day(fit, of_counts)
        rows += fitted.rows
        factors.append(zone_factors(fit, fitted, zone=zone))
    return rows, pd.concat([part for part in factors if len(part)] or factors)


def zone_od_fit_day(cells: pd.DataFrame, factors: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Rows of ``flow_zone_od_fit_day``: the cells that are expanded, on days that were fitted.

    Args:
        cells: the columns of :data:`CELL`, ``trips_expanded``, ``trips_se``.
        factors: as :func:`fitted_days` gives them.
    """
    known = cells[cells.trips_expanded.notna()].merge(factors, on=CELL).sort_values(CELL)
    numbers = known[["trips_expanded", "trips_se", "factor"]].to_numpy(float)
    for cell, (trips, se, factor) in zip(known[CELL].to_numpy().tolist(), numbers, strict=True):
        yield (*cell, *(round(float(value), DIGITS) for value in (trips, se, factor, trips * factor, se * factor)))
