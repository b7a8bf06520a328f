"""The audit of a drawn release: is it what the plan promised. No count and no noise is compared with the truth."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd

from kordon.errors import PrivacyError
from privacy.open_tier.drawing import Drawn
from privacy.open_tier.planning import Z95, Plan, PlannedLevel


def audit(plan: Plan, drawn: Drawn) -> None:
    """Check a release before it is kept.

    Raises:
        PrivacyError: tables, columns, cells, sums, margins or the price are not those of the plan.
    """
    found = [*_price(plan), *_tables(plan, drawn)]
    for level in plan.levels:
        table = drawn.tables.get(level.level.table)
        if table is not None:
            found += _level(level, table, measure=plan.dataset.measure)
    if not found:
        found = _sums(plan, drawn)
    if found:
        raise PrivacyError(f"{plan.charge.release_id} does not pass the audit: {'; '.join(found)}. It is not published.")


def _price(plan: Plan) -> list[str]:
    # From the definition, not from OpenDP, which gave the sigmas.
    rho = sum(level.sens**2 / (2 * level.sigma**2) for level in plan.levels)
    allowed = plan.preset.rho(plan.charge.dataset)
    if rho > allowed * (1 + 1e-9) or not math.isclose(rho, plan.charge.rho, rel_tol=1e-6):
        return [f"the noise costs rho {rho:g}, charged are {plan.charge.rho:g} and allowed {allowed:g}"]
    return []


def _tables(plan: Plan, drawn: Drawn) -> list[str]:
    planned = [level.level.table for level in plan.levels]
    return [] if list(drawn.tables) == planned else [f"tables are {', '.join(drawn.tables)}, planned were {', '.join(planned)}"]


def _level(level: PlannedLevel, table: pd.DataFrame, *, measure: str) -> list[str]:
    name, keys = level.level.table, list(level.level.keys)
    columns = [*keys, measure, "margin95", f"{measure}_unbiased", "status"]
    if list(table.columns) != columns:
        return [f"{name} has the columns {', '.join(map(str, table.columns))}"]
    if not table[[*keys, "status"]].equals(level.cells[[*keys, "status"]]):
        return [f"{name} is not dense over its cell set"]
    hidden = table["status"] == "missing"
    shown = table[~hidden]
    found = []
    if table.loc[hidden, columns[len(keys) : -1]].notna().any(axis=None) or shown[columns].isna().any(axis=None):
        found.append(f"{name} has figures where cameras were down, or none where they were up")
    elif (shown[measure] < 0).any():
        found.append(f"{name} counts below zero")
    if (shown["margin95"] > Z95 * level.sigma).any():
        found.append(f"{name} has margins above 1.96 sigma")
    return found


def _sums(plan: Plan, drawn: Drawn) -> list[str]:
    measure, found = plan.dataset.measure, []
    for above, level in pairwise(plan.levels):
        fine = drawn.tables[level.level.table][measure].to_numpy(np.float64, na_value=0)[level.shown]
        coarse = drawn.tables[above.level.table][measure].to_numpy(np.float64, na_value=0)[above.shown]
        if not np.array_equal(np.bincount(level.parent, weights=fine, minlength=len(coarse)), coarse):
            found.append(f"{level.level.table} does not add up to {above.level.table}")
    return found
