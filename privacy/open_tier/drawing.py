"""The draw: counts in, noise once, consistent tables out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kordon.errors import PrivacyError
from privacy.ledger import Reservation
from privacy.open_tier.budget import DELTA
from privacy.open_tier.datasets import ALL, DAY
from privacy.open_tier.noise import Ints, epsilon, noisy
from privacy.open_tier.planning import Plan
from privacy.open_tier.reconcile import top_down


@dataclass(frozen=True)
class Drawn:
    """A release before it is kept: its tables by name, coarse to fine, and what a reader must know of them."""

    tables: dict[str, pd.DataFrame]
    metadata: dict[str, Any]


def draw(plan: Plan, cells: pd.DataFrame, *, reservation: Reservation) -> Drawn:
    """Draw the noise of a release.

    Args:
        cells: product cells of the plan's days: the key columns of ``out_<cells>_cell`` and ``bounded``, the bounded count
            (empty where a camera was down). Absent cells count 0.
        reservation: of this plan; it is used up.

    Returns:
        Per level a table of its keys, the measure (non-negative whole numbers that add up from level to level), ``margin95``,
        the unbiased estimate that the measure was made from (may be negative) and ``status``. Nothing in it depends on
        ``cells`` but through the noisy measurements.

    Raises:
        PrivacyError: the reservation is another's or used, or the cells are not of the plan's period and cell set.
    """
    if reservation.charge != plan.charge:
        raise PrivacyError(f"The reservation {reservation.charge.release_id} is not that of this plan: reserve the plan.")
    counts = counts_of(plan, cells)
    reservation.use()
    measured = [noisy((level.matrix @ counts).astype(np.int64), sigma=level.sigma) for level in plan.levels]
    estimates = plan.fit.estimates(measured)
    wholes = top_down(estimates, [level.parent for level in plan.levels[1:]])
    measure = plan.dataset.measure
    tables = {}
    for level, values, unbiased in zip(plan.levels, wholes, estimates, strict=True):
        table = level.cells.drop(columns="status")
        table[measure] = pd.array([pd.NA] * len(table), dtype="Int64")
        table["margin95"] = np.nan
        table[f"{measure}_unbiased"] = np.nan
        table.loc[level.shown, measure] = values
        # Cut off, not rounded: a margin never passes 1.96 sigma.
        table.loc[level.shown, "margin95"] = np.floor(level.margin95 * 100) / 100
        table.loc[level.shown, f"{measure}_unbiased"] = np.round(unbiased, 1)
        table["status"] = level.cells["status"]
        tables[level.level.table] = table
    return Drawn(tables, {**metadata(plan), "total": int(wholes[0].sum())})


def counts_of(plan: Plan, cells: pd.DataFrame) -> Ints:
    """The exact counts of the plan's finest cells that were up.

    Raises:
        PrivacyError: the cells are not of the plan's period and cell set, or not counts.
    """
    days = pd.to_datetime(cells["service_day"]).dt.date
    outside = (days < plan.charge.period_start) | (days > plan.charge.period_end)
    if outside.any():
        raise PrivacyError(f"{plan.charge.release_id}: cells of {days[outside].min()} lie outside the period.")
    here = cells.assign(date=days, month=f"{plan.charge.period_start:%Y-%m}")
    if "hour_ts" in here:
        here["hour"] = pd.to_datetime(here["hour_ts"], utc=True)
        if "hour_of_day" not in here:
            here["hour_of_day"] = here["hour"].dt.tz_convert(plan.places.zone_info).dt.hour
    if plan.dataset.unit == DAY:
        here["vehicle_class"] = ALL
    if "day_type" in plan.leaves:
        here["day_type"] = days.map({day: plan.places.day_type(day) for day in days.unique()})
    keys = list(plan.dataset.levels[-1].keys)
    bounded = pd.to_numeric(here["bounded"]).fillna(0)
    if (bounded < 0).any() or (bounded % 1 != 0).any():
        raise PrivacyError(f"{plan.charge.release_id}: a bounded count is negative or not whole.")
    sums = here.assign(bounded=bounded).groupby(keys, observed=True)["bounded"].sum()
    index = pd.MultiIndex.from_frame(plan.leaves[keys])
    unknown = sums.index.difference(index)
    if len(unknown):
        raise PrivacyError(
            f"{plan.charge.release_id}: {len(unknown)} cells are not in the public cell set, such as {unknown[0]}: the city folder "
            "changed after the day was computed. Recompute the day."
        )
    counts: Ints = sums.reindex(index).fillna(0).to_numpy(np.int64)[plan.is_up]
    return counts


def metadata(plan: Plan) -> dict[str, Any]:
    """What a reader must know of a release, all of it fixed before the draw."""
    charge = plan.charge
    days = (charge.period_end - charge.period_start).days + 1
    return {
        "release_id": charge.release_id,
        "dataset": charge.dataset,
        "period_start": str(charge.period_start),
        "period_end": str(charge.period_end),
        "version": charge.version,
        "mechanism": charge.mechanism,
        "unit": charge.unit,
        "neighbours": "one vehicle-day more or less",
        "preset": plan.preset.name,
        "rho": charge.rho,
        "delta": DELTA,
        "epsilon": epsilon(charge.rho, delta=DELTA),
        # The counts of a month are one draw: whoever does the same on all n days moves them n times as far, n squared in rho.
        "epsilon_habit": epsilon(charge.rho * days**2, delta=DELTA),
        "rho_day_cap": plan.preset.caps.day,
        "rho_year_cap": plan.preset.caps.year,
        "cellset_hash": charge.cellset_hash,
        "levels": [
            {
                "table": level.level.table,
                "cells": len(level.cells),
                "sens": level.sens,
                "sigma": level.sigma,
                "margin95": float(np.median(level.margin95)),
            }
            for level in plan.levels
        ],
        "pooled": {table: {"reason": reason, "published_in": plan.dataset.pooled_in} for table, reason in plan.pooled.items()},
        "bias": "Whole numbers are never negative: small cells are a little too high, large ones beside them a little too low. "
        "Add up the unbiased column instead where many small cells count.",
    }
