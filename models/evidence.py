"""Evidence on the odds of missing: which passages were seen where a missed one would have shown, and which misses did show.

Two sources say so: the continuity of cordons (:mod:`models.cordon`) and bracketing (:mod:`models.bracketing`). Neither counts what may
have happened while a camera was down.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.bracketing import CAUTION, bracket
from models.cordon import Lie, contexts, crossings_seen, lie, odds_of_missing, two_crossings

MIXED = "mixed"
"""The part of day of a pair whose passages lie in two parts."""
SCARCE = 20
"""A gate with fewer crossings seen may have let anybody through unseen while it was down."""
DIRECTED, LISTED = "\x1f", "\x1e"
"""What stands between a site and its direction, and between the sites of a list; no id holds a character that cannot be printed."""
COUNT_ERROR = 0.03
"""Manual and loop counts err by about 3 % (methods 1d)."""
MOST_EXCESS = 6.0
"""Counts of a site whose chi-square is so many times what chance explains contradict each other."""
CELL = ["site", "vehicle_class", "part"]


@dataclass(frozen=True)
class Evidence:
    """``sites``: by site ``odds``, ``se``, ``seen``. ``cells``: ``site``, ``vehicle_class``, ``part``, ``seen``, ``missed``."""

    sites: pd.DataFrame
    cells: pd.DataFrame
    excess: float = 1.0


def site_of(places: pd.Series) -> pd.Series:
    """The site of each place: a place is a site, or a site and the direction that the read tells (see :data:`DIRECTED`)."""
    return places.astype(str).str.split(DIRECTED).str[0]


def _down(rows: pd.DataFrame, site: pd.Series) -> pd.Series:
    """Whether the site is among those that were down in the meantime."""
    hit = [a in b.split(LISTED) if b else False for a, b in zip(site, rows.down, strict=True)]
    return pd.Series(hit, index=rows.index, dtype=bool)


def _unsure(rows: pd.DataFrame, crossed: pd.DataFrame, *, sides: Lie) -> pd.MultiIndex:
    """``a``, ``c``, ``down`` for which a camera may have missed a crossing because it was down, not because of its q."""
    held = rows[rows.down != ""][["a", "c", "down"]].drop_duplicates()
    places = pd.DataFrame({"b": sides.places, "site": site_of(pd.Series(sides.places))})
    held = held.assign(site=held.down.str.split(LISTED)).explode("site").merge(places, on="site")
    if held.empty:
        return pd.MultiIndex.from_frame(held[["a", "c", "down"]])
    used = crossed.groupby("b").n.sum()
    known = pd.MultiIndex.from_frame(crossed[["a", "b", "c"]].drop_duplicates())
    scarce = held.b.map(used).fillna(0) < SCARCE
    may = scarce | pd.MultiIndex.from_frame(held[["a", "b", "c"]]).isin(known)
    return pd.MultiIndex.from_frame(held.loc[may & crossings_seen(held, sides=sides), ["a", "c", "down"]])


def _without(rows: pd.DataFrame, unsure: pd.MultiIndex) -> pd.DataFrame:
    return rows[~pd.MultiIndex.from_frame(rows[["a", "c", "down"]]).isin(unsure)].reset_index(drop=True)


def continuity(pairs: pd.DataFrame, triples: pd.DataFrame, *, gates: pd.DataFrame) -> Evidence | None:
    """What the cordons say; None where there is no gate or nobody crosses one between two other reads.

    Args:
        pairs: ``a``, ``c``, ``vehicle_class``, ``part``, ``down``, ``n``: vehicles that passed a and then c.
        triples: the same with ``b`` in between, and ``part_b``.
        gates: ``place``, ``cordon_id``, ``direction``.
    """
    if gates.empty or pairs.empty or triples.empty:
        return None
    sides = lie(pairs, gates=gates)
    # Who only waits at a site makes a triple there and no pair: such a place has no side.
    triples = triples[triples[["a", "b", "c"]].isin(sides.places).all(axis=1)]
    crossed = triples[crossings_seen(triples, sides=sides)]
    broken = pairs[(sides.contradiction(*(sides.at(pairs[x]) for x in "ac")) != 0).any(axis=1)]
    unsure = _unsure(pd.concat([crossed, broken]), crossed, sides=sides)
    crossed, broken = _without(crossed, unsure), _without(broken, unsure)
    if crossed.empty:
        return None
    seen = crossed.groupby(["a", "b", "c"], as_index=False).n.sum().assign(b2="")
    ways = pd.concat([seen, two_crossings(triples, pairs, sides=sides)], ignore_index=True)
    missed: pd.DataFrame = broken.groupby(["a", "c"], as_index=False)[["n"]].sum()
    ways["context"], missed["context"] = contexts(ways, missed, sides=sides, within=[])
    # Who took two gates is told by a context only where somebody was seen to take one.
    ways = ways[ways.context.isin(ways.context[ways.b2 == ""])]
    missed = pd.DataFrame(missed[missed.context.isin(ways.context)])
    numbered = ways.assign(b=sides.at(ways.b), b2=sides.at(ways.b2))
    found = odds_of_missing(numbered, missed, size=len(sides.places))
    sites = pd.DataFrame(
        {"site": site_of(pd.Series(sides.places)), "odds": found.odds, "se": found.se, "seen": found.seen}
    ).dropna()
    weight = sites.seen / sites.groupby("site").seen.transform("sum")
    sites = sites.assign(odds=sites.odds * weight, se=(sites.se * weight) ** 2).groupby("site").sum()
    sites["se"] = np.sqrt(sites.se)
    one_gate = missed.assign(share=missed.context.map(found.single_share)).groupby(["a", "c"]).share.first()
    broken = broken.join(one_gate, on=["a", "c"])
    broken = broken.assign(n=broken.n * broken.share.fillna(0))
    odds = pd.Series(found.odds, index=sides.places)
    return Evidence(sites, _laid(crossed, broken, odds=odds, sides=sides), found.excess)


def _laid(crossed: pd.DataFrame, broken: pd.DataFrame, *, odds: pd.Series, sides: Lie) -> pd.DataFrame:
    """Lay the misses to sites, classes and parts of day by the sites' odds."""
    within = ["vehicle_class", "part"]
    crossed, broken = crossed.copy(), broken.copy()
    crossed["context"], broken["context"] = contexts(crossed, broken, sides=sides, within=within)
    weight = crossed.n * crossed.b.map(odds).fillna(0)
    mean = weight.groupby(crossed.context).sum()
    misses = broken[broken.context >= 0].groupby("context").n.sum()
    rate = (misses / mean.where(mean > 0)).fillna(0)
    laid = weight * crossed.context.map(rate).fillna(0)
    cells = crossed.assign(site=site_of(crossed.b), part=crossed.part_b, seen=crossed.n, missed=laid)
    return cells.groupby(CELL, as_index=False)[["seen", "missed"]].sum()


def bracketing(pairs: pd.DataFrame, triples: pd.DataFrame) -> Evidence | None:
    """What pairs of sites around a site say; the columns as in :func:`continuity`, with ``half`` and ``is_near``.

    Only vehicles that were soon at the second site: with time to spare they do something else in between.
    """
    if pairs.empty or triples.empty:
        return None
    near = triples[triples.is_near & (triples.a != triples.b) & (triples.b != triples.c) & (triples.a != triples.c)]
    between = near.assign(a=site_of(near.a), b=site_of(near.b), c=site_of(near.c))
    between = between[~_down(between, between.b)]
    if between.empty:
        return None
    soon = pairs[pairs.is_near]
    soon = soon.assign(a=site_of(soon.a), c=site_of(soon.c))
    direct = between[["a", "b", "c"]].drop_duplicates().merge(soon, on=["a", "c"])
    direct = direct[~_down(direct, direct.b)]
    chosen = bracket(between, direct)
    key = ["a", "b", "c", "half"]
    kept = {
        "seen": between.merge(chosen, on=key).assign(part=lambda x: x.part_b),
        "missed": direct.merge(chosen, on=key),
    }
    cells = pd.DataFrame({name: x.rename(columns={"b": "site"}).groupby(CELL).n.sum() for name, x in kept.items()})
    cells = cells.fillna(0.0).reset_index()
    sites = cells.groupby("site")[["seen", "missed"]].sum()
    sites = sites[sites.seen > 0]
    odds = sites.missed / sites.seen
    se = CAUTION * np.sqrt(np.maximum(odds * (1 + odds), 1 / sites.seen) / sites.seen)
    return Evidence(pd.DataFrame({"odds": odds, "se": se, "seen": sites.seen}), cells)


def counted(counts: pd.DataFrame) -> pd.DataFrame:
    """What counts made in another way say.

    Args:
        counts: ``site``, ``matched`` (passages in the time of the count), ``count``.

    Returns:
        By site ``odds``, ``se``, ``seen``, ``disagrees`` (two counts contradict each other beyond their errors, or
        more vehicles were matched than counted).
    """
    rows = counts[(counts["count"] > 0)].copy()
    rows["q"] = np.clip(rows.matched / rows["count"], 1e-3, 1)
    binomial = np.maximum(rows.q * (1 - rows.q), 1 / rows["count"]) / rows["count"]
    rows["variance"], rows["weight"] = binomial + (COUNT_ERROR * rows.q) ** 2, 1 / binomial
    rows["weighted"] = rows.weight * rows.q
    total = rows.groupby("site")[["weight", "weighted", "matched"]].sum()
    q = total.weighted / total.weight
    chi = ((rows.q - rows.site.map(q)) ** 2 / rows.variance).groupby(rows.site).sum()
    freedom = rows.groupby("site").size() - 1
    excess = (chi / freedom.where(freedom > 0)).fillna(1.0)
    # Counts err together (one device, one crew): their mean is not known better than one of them.
    se = np.sqrt(1 / total.weight + (COUNT_ERROR * q) ** 2) * np.sqrt(excess.clip(lower=1))
    beyond = (rows.matched > rows["count"] * (1 + 3 * COUNT_ERROR)).groupby(rows.site).any()
    contradicts = (excess > MOST_EXCESS) | beyond
    return pd.DataFrame({"odds": (1 - q) / q, "se": se / q**2, "seen": total.matched, "disagrees": contradicts})
