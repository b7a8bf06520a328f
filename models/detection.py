"""Detection probability: q by site, vehicle class and part of day, with its error and how it is known.

Best evidence first: counts made in another way, the continuity of a closed cordon, bracketing, the mean of the network. Where nothing
tells, q is NULL and nothing is expanded with it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from models.evidence import Evidence, bracketing, continuity, counted, site_of
from models.leaks import leaking
from models.pooling import Network, factors, network, on_many_days, shrunk

FLOOR = 0.3
"""Below this a count is multiplied by more than three: a broken camera, not a correction (methods 1d)."""
LEAST_EFFECTIVE = 20.0
"""A site is known by itself when its evidence is worth as many passages."""
LEAST_NETWORK = 100.0
"""So many passages of all sites together must have been exposed for their mean to say something of a site without evidence."""
LEAST_SITES = 5
"""So many sites known by cordons or counts say more of the network than all together."""
TOO_LOW_SD = 2.5
WIDE = 1.5
"""The network's spread over sites, this much wider, where a site takes the mean (methods 6)."""


def detection(
    pairs: pd.DataFrame,
    triples: pd.DataFrame,
    passages: pd.DataFrame,
    *,
    gates: pd.DataFrame,
    counts: pd.DataFrame,
    sites: list[str],
    classes: Sequence[str],
    parts: Sequence[str],
    pooled: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """q of one service day, or of many whose rows are added up.

    Args:
        pairs: ``a``, ``c`` (places passed right after another), ``vehicle_class``, ``part`` (of both, or ``mixed``), ``half`` of
            the vehicles (0, 1), ``is_near`` (soon after another), ``down`` (the sites down in the meantime, parted by
            :data:`models.evidence.LISTED`), ``n``.
        triples: the same with ``b`` in between and ``part_b``.
        passages: ``site``, ``vehicle_class``, ``part``, ``n``: all passages.
        gates: ``place``, ``cordon_id``, ``direction``; a place is a site, or a site and a direction (:data:`models.evidence.DIRECTED`).
        counts: ``site``, ``matched``, ``count``.
        pooled: what many earlier days said, as this function returns it; a day leans on it, and takes it where it says nothing itself.

    Returns:
        Dense over sites, classes and parts of day: ``site``, ``vehicle_class``, ``part``, ``q``, ``q_se``, ``method``, ``n``.
    """
    from_cordon, from_pairs = continuity(pairs, triples, gates=gates), bracketing(pairs, triples)
    known = _best(from_cordon, from_pairs, counted(counts), gates=gates)
    levels = _levels(known, passed=passages.groupby("site").n.sum(), sites=sites)
    index = pd.MultiIndex.from_product([sites, list(classes), list(parts)], names=["site", "vehicle_class", "part"])
    cells = pd.DataFrame({"n": passages.groupby(index.names).n.sum().reindex(index, fill_value=0)})
    exposure = _exposure(known, [from_cordon, from_pairs], index=index)
    made = factors(cells.join(exposure).fillna(0.0).reset_index()).join(levels, on="site")
    # The site's odds are those of the traffic by which they are known; who passes may be mixed otherwise.
    weight = made.exposed.where(made.exposed.groupby(made.site).transform("sum") > 0, made.n + 1e-9)
    mixed = (made.factor * weight).groupby(made.site).sum() / weight.groupby(made.site).sum()
    odds = made.odds * made.factor / made.site.map(mixed)
    q = 1 / (1 + odds)
    relative = (made.se / made.odds.where(made.odds > 0)) ** 2
    se = q**2 * np.where(made.odds > 0, odds * np.sqrt(relative + made.relative_var), made.se)
    low = q < FLOOR
    found = made.assign(
        q=q.where(~low),
        q_se=pd.Series(se, index=made.index).where(~low & q.notna()),
        method=made.method.mask(low, "below_floor"),
    )[["site", "vehicle_class", "part", "q", "q_se", "method", "n"]]
    return found if pooled is None else on_many_days(found, pooled=pooled)


def _best(cordon: Evidence | None, pairs: Evidence | None, counts: pd.DataFrame, *, gates: pd.DataFrame) -> pd.DataFrame:
    """The best evidence of each site: ``odds``, ``se``, ``seen``, ``method``, ``add_se``."""
    parts = [counts.assign(method=np.where(counts.disagrees, "counts_disagree", "counts"), add_se=0.0)]
    if cordon is not None:
        leaks = leaking(cordon.sites, None if pairs is None else pairs.sites, gates=gates.assign(site=site_of(gates.place)))
        sites = cordon.sites.join(leaks.rename("add_se")).fillna({"add_se": 0.0})
        parts.append(sites.assign(method=np.where(sites.add_se > 0, "continuity_leaking", "continuity")))
    if pairs is not None:
        parts.append(pairs.sites.assign(method="bracketing", add_se=0.0))
    rows = pd.concat(parts).rename_axis("site").reset_index()[["site", "odds", "se", "seen", "method", "add_se"]]
    # Where nobody was missed, one more miss is what the error stands for.
    worth = (rows.odds + 1 / rows.seen.clip(lower=1)) / rows.se**2
    enough = rows.method.str.startswith("counts") | (np.minimum(worth, rows.seen) >= LEAST_EFFECTIVE)
    best: pd.DataFrame = rows[enough].drop_duplicates("site").set_index("site")
    return best


def _levels(known: pd.DataFrame, *, passed: pd.Series, sites: list[str]) -> pd.DataFrame:
    """By site ``odds``, ``se``, ``method``: each leaning on the network as much as it errs."""
    made = known.reindex(sites)
    sound = known[~known.method.isin(["continuity_leaking", "counts_disagree"])]
    better = sound[sound.method != "bracketing"]
    # Ways around spread the bracketed sites more than cameras differ.
    sound = better if len(better) >= LEAST_SITES else sound
    of = network(*(sound[c].to_numpy(float) for c in ("odds", "se", "seen"))) if len(sound) else None
    has_mean = of is not None and sound.seen.sum() >= LEAST_NETWORK
    odds, se, method = made.odds.to_numpy(float), made.se.to_numpy(float), made.method.to_numpy(object)
    if of is not None:
        own = made.method.notna().to_numpy()
        # Counts are preferred to what the network thinks.
        leans = own & ~made.method.isin(["counts", "counts_disagree"]).to_numpy()
        odds[leans], se[leans] = shrunk(odds[leans], se[leans], of)
        se = np.hypot(se, made.add_se.fillna(0).to_numpy(float))
        around = _has_way_around(made, of) & has_mean
        nothing = ~own & (passed.reindex(sites).fillna(0) > 0).to_numpy() & has_mean
        gap = np.where(around, np.abs(made.odds.fillna(0) - of.mean) / 2, 0)
        take = around | nothing
        odds, se = np.where(take, of.mean, odds), np.where(take, np.maximum(WIDE * np.hypot(of.sd, of.mean_se), gap), se)
        method[take] = "network"
    method[np.isnan(odds)] = "unidentified"
    return pd.DataFrame({"odds": odds, "se": se, "method": method}, index=pd.Index(sites, name="site"))


def _has_way_around(made: pd.DataFrame, of: Network) -> np.ndarray:
    """Bracketed sites whose q is so far below the others that vehicles rather drove around them."""
    wide = np.hypot(of.sd, made.se)
    return ((made.method == "bracketing") & (made.odds > of.mean + TOO_LOW_SD * wide)).to_numpy()


def _exposure(known: pd.DataFrame, parts: list[Evidence | None], *, index: pd.MultiIndex) -> pd.DataFrame:
    """By cell: passages ``exposed``, misses ``expected`` by the site's odds and ``missed``, from the source by which the site is known."""
    names = ("continuity", "bracketing")
    tables = []
    for name, part in zip(names, parts, strict=True):
        if part is not None:
            own = known.index[known.method.str.startswith(name)]
            tables.append(part.cells[part.cells.site.isin(own)])
    if not tables:
        return pd.DataFrame(0.0, index=index, columns=["exposed", "expected", "missed"])
    cells = pd.concat(tables, ignore_index=True)
    raw = cells.groupby("site")[["seen", "missed"]].sum()
    # Against the rate found in the cells themselves: pooling of the site is not the business of its classes.
    rate = cells.site.map(raw.missed / raw.seen.where(raw.seen > 0))
    cells = cells.assign(exposed=cells.seen, expected=cells.seen * rate)
    return cells.groupby(index.names)[["exposed", "expected", "missed"]].sum().reindex(index, fill_value=0.0)
