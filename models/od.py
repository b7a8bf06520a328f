"""Origins and destinations by expectation maximisation over observed chains of sites.

A true trip passes the sites of its chain; each is read with its detection probability q, independently, and what remains is
the observed chain, or nothing. The true chains are taken to be among those that were observed. The estimate is the one of
maximum likelihood under Poisson counts (Shepp and Vardi 1982; methods section 6, OD), found by the usual multiplicative steps.

A trip's chance to be observed as chain o when it was chain c is  ways(o, c) * prod(q / (1 - q) over o) * prod(1 - q over c).
The first product is the same for all c, so that it cancels: only the last one, ``missed``, enters the steps.

Strata are groups of trips with their own q: a vehicle class, a part of the day, an outage (a site that is down has q = 0).
All strata together give one mix of chains; from it each stratum takes a few steps towards its own counts. Chains that a stratum
cannot tell apart keep the proportions of the mix, and chains that it cannot see keep their share of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from models.chains import Chains, Floats, Ints, embeddings

MIX_STEPS = 200
MIX_TOLERANCE = 1e-4
OWN_STEPS = 3
"""From the mix towards a stratum's own counts; stopping early is what shares strength between strata."""
LEAST_SEEN = 0.2
"""A chain that a stratum sees less often (weights would be above 5) is not expanded from its own counts: it takes its share of
the mix. A site that is read less often counts as down."""
LEAST_SHARE = 0.001
"""Less likely cells of a chain are dropped and their share goes to the others. At .01 what is dropped from many trips of a busy chain
is missed in a small cell: the error of two days went from .033 to .046; at .001 it is .034, with a ninth of the rows of 0."""
TINY = 1e-9
"""Trips of a chain of which a stratum knows none; it is taken as true only where nothing else explains what was seen."""
RARE = 5.0
"""A chain of fewer true trips may itself be the rest of one that nobody was seen on: half the usual doubt at this number."""


@dataclass(frozen=True)
class Fit:
    """True trips by stratum and chain, and what they rest on.

    ``chains``: the distinct observed chains. ``ways``: :func:`models.chains.embeddings`. ``counts``: observed trips, shape
    (chains, strata). ``q``: shape (strata, sites). ``missed``: chance that a trip's passages are all missed, down sites being
    certain to, shape (chains, strata). ``trips``: estimated true trips, shape (chains, strata).
    """

    chains: Chains
    ways: sp.csr_matrix
    counts: sp.csc_matrix
    q: Floats
    missed: Floats
    trips: Floats


def fit(chains: Sequence[Sequence[str]], *, counts: sp.spmatrix, q: Floats, sites: Sequence[str]) -> Fit:
    """Estimate how many trips truly drove each chain.

    Args:
        chains: the distinct observed chains of site ids.
        counts: observed trips, shape (chains, strata).
        q: detection probability, shape (strata, sites); 0 where a site is down.
        sites: the site ids in the order of ``q``.
    """
    encoded = Chains.of(chains, number={site: number for number, site in enumerate(sites)})
    ways, observed = embeddings(encoded), sp.csc_matrix(counts, dtype=float)
    missed = np.exp(encoded.visits @ np.log1p(-np.minimum(q, 1 - 1e-6)).T)
    seen = 1 - missed
    known = np.where(seen >= LEAST_SEEN, seen, 0.0)
    each = np.asarray(observed.sum(0)).ravel()
    mix = _mix(ways, observed=observed, missed=missed, seen=known, each=each)
    trips = mix[:, None] * (each / np.maximum(mix @ known, 1e-12))
    for stratum in range(observed.shape[1]):
        part = slice(observed.indptr[stratum], observed.indptr[stratum + 1])
        rows, y = observed.indices[part], observed.data[part]
        can = known[:, stratum] > 0
        for _ in range(OWN_STEPS):
            stepped = _step(ways[rows], y=y, trips=trips[:, stratum], missed=missed[:, stratum])
            trips[can, stratum] = stepped[can] / known[can, stratum]
    return Fit(encoded, ways, observed, q, missed, trips)


def _mix(ways: sp.csr_matrix, *, observed: sp.csc_matrix, missed: Floats, seen: Floats, each: Floats) -> Floats:
    """Trips by chain as if all strata had the same mix of chains, shape (chains,)."""
    total = observed.sum()
    dense, back = observed.toarray(), ways.T.tocsr()
    trips = np.asarray(observed.sum(1)).ravel()
    for _ in range(MIX_STEPS):
        exposure = each / np.maximum(trips @ seen, 1e-12)
        expected = ways @ (trips[:, None] * missed * exposure)
        ratio = np.divide(dense, expected, out=np.zeros_like(dense), where=expected > 0)
        sight = seen @ exposure
        gained = trips * ((back @ ratio) * missed * exposure).sum(1)
        stepped = np.divide(gained, sight, out=np.zeros_like(gained), where=sight > 0)
        moved = np.abs(stepped - trips).sum()
        trips = stepped
        if moved <= MIX_TOLERANCE * total:
            break
    return np.asarray(trips)


def _step(ways: sp.csr_matrix, *, y: Floats, trips: Floats, missed: Floats) -> Floats:
    """Observed trips shared out over the true chains that they may be, shape (chains,)."""
    whole = trips * missed
    expected = ways @ whole
    return np.asarray(whole * (ways.T @ np.divide(y, expected, out=np.zeros_like(y), where=expected > 0)))


@dataclass(frozen=True)
class Weights:
    """What Spark joins back to the trips.

    ``chain``: a row per stratum, observed chain and cell: stratum, chain (numbers), origin, destination (numbers of places),
    weight (true trips of the cell per observed trip of the chain), spread (what each observed trip adds to the variance) and
    blind (how much of the weight hangs on the mix of chains, because an end of a chain is at a site that is down).
    ``stratum``: the same per stratum and cell, for trips that the stratum cannot see: per observed trip of any chain.
    """

    chain: pd.DataFrame
    stratum: pd.DataFrame


def weights(fitted: Fit, *, place: Ints) -> Weights:
    """Share each observed trip out over cells of true origin and destination, wholly unseen trips added.

    Args:
        place: number of the place (site or zone) of each site, shape (sites,).

    The spread of a trip that is of a cell with chance p, and stands for a trips of it, is p (1 - p) + p a (a - 1): whether it is
    of the cell, and how many others were not seen at all.
    """
    cells, cell = cells_of(fitted.chains, place=place)
    into = sp.csr_matrix((np.ones(len(cell)), (np.arange(len(cell)), cell)), shape=(len(cell), len(cells)))
    strata = range(fitted.counts.shape[1])
    found = [_seen(fitted, stratum=stratum, into=into, cell=cell, cells=cells) for stratum in strata]
    unseen = [_unseen(fitted, stratum=stratum, into=into, cells=cells) for stratum in strata]
    return Weights(pd.concat(found, ignore_index=True), pd.concat(unseen, ignore_index=True))


def _seen(fitted: Fit, *, stratum: int, into: sp.csr_matrix, cell: Ints, cells: Ints) -> pd.DataFrame:
    """The rows of :attr:`Weights.chain` of one stratum. ``into``: cells by chain, shape (chains, cells)."""
    part = slice(fitted.counts.indptr[stratum], fitted.counts.indptr[stratum + 1])
    rows, trips = fitted.counts.indices[part], fitted.trips[:, stratum]
    sight = 1 - fitted.missed[:, stratum]
    stands = 1 / np.where(sight >= LEAST_SEEN, sight, 1.0)
    down = fitted.q[stratum] < LEAST_SEEN
    blind = down[fitted.chains.first] | down[fitted.chains.last]
    chance = _posterior(fitted.ways[rows], whole=(trips + TINY) * fitted.missed[:, stratum])
    share = sp.csr_matrix(chance @ into)
    own = np.asarray(share[np.arange(len(rows)), cell[rows]]).ravel()
    doubt = np.average(1 - own, weights=fitted.counts.data[part]) / (1 + fitted.trips[rows].sum(1) / RARE)
    hidden = np.asarray(chance @ blind)
    entries = share.tocoo()
    kept = entries.data >= LEAST_SHARE
    row, column, p = entries.row[kept], entries.col[kept], entries.data[kept]
    scale = 1 / np.bincount(row, weights=p, minlength=len(rows))[row]

    def mean_of(value: Floats) -> Floats:
        """What a true chain's value is on average for the chains of an observed one that lie in a cell, times their chance."""
        return np.asarray(np.asarray((chance @ sp.diags(value) @ into)[row, column]).ravel() * scale)

    p = p * scale * (1 - doubt[row])
    return _rows(
        cells[column],
        stratum=stratum,
        chain=rows[row],
        weight=mean_of(stands),
        spread=p * (1 - p) + mean_of(stands * (stands - 1)),
        blind=mean_of(stands * blind) * (1 - hidden[row]) + mean_of(stands * ~blind) * hidden[row],
    )


def _unseen(fitted: Fit, *, stratum: int, into: sp.csr_matrix, cells: Ints) -> pd.DataFrame:
    """The rows of :attr:`Weights.stratum` of one stratum: what is not expanded from its own counts, spread over all its trips."""
    sight = 1 - fitted.missed[:, stratum]
    lost = into.T @ np.where(sight >= LEAST_SEEN, 0.0, fitted.trips[:, stratum] * (1 - sight))
    column = np.flatnonzero(lost)
    each = lost[column] / fitted.counts[:, stratum].sum()
    return _rows(cells[column], stratum=stratum, weight=each, spread=each, blind=each)


def _posterior(ways: sp.csr_matrix, *, whole: Floats) -> sp.csr_matrix:
    """The chance of each true chain given the observed one, shape (observed, chains)."""
    joint = ways @ sp.diags(whole)
    total = np.asarray(joint.sum(1)).ravel()
    return sp.csr_matrix(sp.diags(np.divide(1, total, out=np.zeros_like(total), where=total > 0)) @ joint)


def cells_of(chains: Chains, *, place: Ints) -> tuple[Ints, Ints]:
    """The cells of the chains, shape (cells, 2), and the cell of each chain."""
    ends = np.column_stack([place[chains.first], place[chains.last]])
    cells, cell = np.unique(ends, axis=0, return_inverse=True)
    return cells, cell.ravel()


def _rows(cells: Ints, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"origin": cells[:, 0], "destination": cells[:, 1], **columns})
