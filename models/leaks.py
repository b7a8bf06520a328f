"""Leaks: a way into or out of a cordon without a camera looks like gates that miss, and is told by what does not fit."""

import numpy as np
import pandas as pd

SURE_SD = 3.0
LEAST_SPREAD = 0.3
"""Gates of one cordon differ by 30 % in their odds of missing without any leak (Vliet and Ravelmonde)."""
LEAST_LEAK = 0.03
"""Odds: 3 % of the vehicles on another way; less is within what gates differ."""


def leaking(cordon: pd.DataFrame, others: pd.DataFrame | None, *, gates: pd.DataFrame) -> pd.Series:
    """By how much the odds of a gate may be too high because vehicles drive past the cordon's cameras; 0 where nothing says so.

    Vehicles that come in unseen are seen to leave: the gates inwards then seem to miss more than the gates outwards, beyond what gates
    differ. Where both directions leak, all gates seem to miss more than what lies elsewhere, which is itself a figure that errs upwards.

    Args:
        cordon: by site ``odds``, ``se``, ``seen`` from continuity.
        others: the same from bracketing.
        gates: ``site``, ``cordon_id``, ``direction``.
    """
    result = pd.Series(0.0, index=cordon.index)
    elsewhere = _mean(others[~others.index.isin(gates.site)]) if others is not None else None
    for _, own in gates.groupby("cordon_id", sort=True):
        sides = {}
        for direction in ("in", "out"):
            names = own.site[own.direction == direction]
            sides[direction] = cordon.index[cordon.index.isin(names)]
        means = {direction: _mean(cordon.loc[names]) for direction, names in sides.items()}
        for direction, other in (("in", means["out"]), ("out", means["in"])):
            mine = means[direction]
            for against in (other, elsewhere):
                if mine is None or against is None:
                    continue
                more = mine[0] - against[0]
                if more > LEAST_LEAK and more > SURE_SD * np.hypot(mine[1], against[1]):
                    leaky = result.index.isin(sides[direction])
                    result = result.mask(leaky, result.clip(lower=more))
    return result


def _mean(sites: pd.DataFrame) -> tuple[float, float] | None:
    """Mean odds of some sites by their passages, and its error: by evidence, and by how sites differ."""
    total = sites.seen.sum()
    if not total:
        return None
    weight = sites.seen / total
    mean = float((weight * sites.odds).sum())
    spread = (LEAST_SPREAD * mean) ** 2
    return mean, float(np.sqrt((weight**2 * (sites.se**2 + spread)).sum()))
