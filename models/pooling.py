"""Partial pooling: a site with little evidence leans on the network, a class or part of the day on its site.

Odds of missing are kept as evidence in the shape of counts, ``missed`` out of what ``seen`` exposed: odds = missed / seen with variance
missed / seen². A gamma distribution over the sites then gives every posterior in closed form, and a site without a single miss is no
special case.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_SPREAD, MOST_SPREAD = 0.3, 1.5
"""Sites differ by this share of the mean odds at least, whatever few sites say; and no more than by that."""
LEVEL_PRIOR = 20.0
"""Misses expected in a class or part of day before its own factor outweighs 1."""
DAY_SPREAD = 0.2
"""A day's odds of missing are this share from what they are over many days: rain, a low sun, dirt on the glass. Not measured."""
CELL_PRIOR = (30.0, 1000.0)
"""Bounds of the same for a class or part of day at a site, estimated from the city."""


@dataclass(frozen=True)
class Network:
    """Odds of missing over the sites: mean, its standard error, and the standard deviation of sites; or, as arrays, of many such."""

    mean: "float | Floats"
    mean_se: "float | Floats"
    sd: "float | Floats"

    @property
    def shape(self) -> "float | Floats":
        return (self.mean / self.sd) ** 2


def network(odds: Floats, se: Floats, seen: Floats) -> Network | None:
    """Mean and spread of the odds over sites, the errors taken out; None without any site.

    Args:
        odds, se: by site. seen: passages by which each is known, the weights of the mean.
    """
    if not len(odds) or seen.sum() <= 0:
        return None
    mean = float((odds * seen).sum() + 0.5) / float(seen.sum() + 1)
    weight = 1 / (se**2 + (0.3 * mean) ** 2)
    # One site with a leak must not spread all others: no deviation counts more than three of its own.
    deviation = np.minimum((odds - mean) ** 2, 9 * (se**2 + (0.3 * mean) ** 2))
    variance = float((weight * (deviation - se**2)).sum() / weight.sum())
    sd = np.sqrt(np.clip(variance, (LEAST_SPREAD * mean) ** 2, (MOST_SPREAD * mean) ** 2))
    share = seen / seen.sum()
    # Where nobody was missed, one miss might have been.
    own = float((odds * seen).sum() + 1) / float(seen.sum()) ** 2
    return Network(mean, float(np.sqrt(own + (share**2).sum() * sd**2)), float(sd))


def shrunk(odds: Floats, se: Floats, of: Network) -> tuple[Floats, Floats]:
    """Posterior odds and standard error of sites, each leaning on the network by its error; shapes (sites,)."""
    seen = np.where(odds > 0, odds, of.mean) / np.maximum(se, 1e-9) ** 2
    missed = odds * seen
    shape, rate = of.shape + missed, of.shape / of.mean + seen
    leaning = of.shape / of.mean / rate
    return shape / rate, np.hypot(np.sqrt(shape) / rate, leaning * of.mean_se)


def factors(cells: pd.DataFrame) -> pd.DataFrame:
    """By how much the odds of a class and part of day differ from their site's.

    Args:
        cells: ``site``, ``vehicle_class``, ``part``, ``expected`` (misses by the site's odds), ``missed``.

    Returns:
        The same rows with ``factor`` (relative odds) and ``relative_var``, its variance as a share of factor².
    """
    made = cells.assign(class_factor=1.0, part_factor=1.0)
    for _ in range(5):
        for level, other in (("class", "part"), ("part", "class")):
            by = "vehicle_class" if level == "class" else "part"
            exposed = (made.expected * made[f"{other}_factor"]).groupby(made[by]).sum()
            missed = made.missed.groupby(made[by]).sum()
            made[f"{level}_factor"] = made[by].map((missed + LEVEL_PRIOR) / (exposed + LEVEL_PRIOR))
            # What most vehicles are is the city's odds, and known with them.
            rare = 1 - exposed / max(exposed.sum(), 1e-9)
            made[f"{level}_var"] = made[by].map(rare / (missed + LEVEL_PRIOR))
    made["main"] = made.class_factor * made.part_factor
    factor, variance = made.main, made.class_var + made.part_var
    for by in ("vehicle_class", "part"):
        group = made.assign(expected=made.expected * factor).groupby(["site", by])
        cell = group[["expected", "missed"]].sum()
        prior = _prior(cell)
        own = (cell.missed + prior) / (cell.expected + prior)
        site = cell.expected.groupby("site").transform("sum")
        # The same at a site.
        left = (1 - cell.expected / site.where(site > 0, 1)) / (cell.missed + prior)
        key = pd.MultiIndex.from_frame(made[["site", by]])
        factor = factor * own.reindex(key).to_numpy()
        variance = variance + left.reindex(key).to_numpy()
    return cells.assign(factor=factor, relative_var=variance)


def _prior(cell: pd.DataFrame) -> float:
    """The strength of the prior on factors of cells: what the scatter beyond Poisson says."""
    extra = ((cell.missed - cell.expected) ** 2 - cell.expected).sum()
    square = (cell.expected**2).sum()
    low, high = CELL_PRIOR
    return float(np.clip(square / extra, low, high)) if extra > 0 else high


def on_many_days(found: pd.DataFrame, *, pooled: pd.DataFrame) -> pd.DataFrame:
    """A day's q, each leaning on what many days said of the same cell by how much either errs.

    Reference counts of the day are kept as they are, and so is what is in doubt. Where the day itself says nothing of a site
    (``unidentified``, or the mean of the others), the many days' figure is taken, with the method ``pooled``.

    Args:
        found, pooled: ``site``, ``vehicle_class``, ``part``, ``q``, ``q_se``, ``method``.
    """
    key = ["site", "vehicle_class", "part"]
    both = found.merge(pooled[[*key, "q", "q_se", "method"]], on=key, how="left", suffixes=("", "_many"))
    q, many = both.q.to_numpy(float), both.q_many.to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds, se = (1 - q) / q, both.q_se.to_numpy(float) / q**2
        mean, mean_se = (1 - many) / many, both.q_se_many.to_numpy(float) / many**2
    # Where many days missed nobody, half a miss might have been.
    mean = np.maximum(mean, mean_se / 2)
    sd = np.hypot(mean_se, DAY_SPREAD * mean)
    has = np.isfinite(mean) & (sd > 0)
    blank = has & both.method.isin(["unidentified", "network"]).to_numpy()
    leans = has & both.method.isin(["continuity", "bracketing"]).to_numpy() & (se > 0)
    new, new_se = odds.copy(), se.copy()
    new[blank], new_se[blank] = mean[blank], sd[blank]
    new[leans], new_se[leans] = shrunk(odds[leans], se[leans], Network(mean[leans], np.zeros(leans.sum()), sd[leans]))
    use = blank | leans
    return found.assign(
        q=np.where(use, 1 / (1 + new), q),
        q_se=np.where(use, new_se / (1 + new) ** 2, both.q_se.to_numpy(float)),
        method=np.where(blank, "pooled", both.method),
    )
