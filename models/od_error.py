"""How far an expanded origin-destination count may be off (methods section 6, Variance).

Four parts. What each observed trip leaves open comes with its weight (``spread`` in :func:`models.od.weights`) and adds up over any
cell. What is common to all trips of a day between two places is relative to their number, and is found here:

- Thinning: the linear estimator that is unbiased whatever the mix of chains ("signed unfolding") gives a trip of chain o_1..o_n the
  weight  prod(-r_i, i < k) * prod(-r_j, j > l) / (q_k q_l)  in cell (o_k, o_l), r = (1 - q) / q, and 1 / q_k where k = l. Its variance
  is sum(w ** 2 - w) exactly, and that of maximum likelihood is not far below. It includes the spread, which is taken off.
- Detection: sum over sites of (dN / dq) ** 2 * se ** 2, by the derivative of the fixed point of the steps.

The model error is added where a count is made of its parts.
"""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from models.chains import Chains, Floats, Ints
from models.od import Fit, cells_of

DAY_ERROR, HOUR_ERROR = 0.15, 0.10
"""The model itself: relative, of a day's and an hour's cells. The prototype's .05 and .07 cover 75 and 81 % on Vliet with all faults
at once (seed 21, 100,000 vehicles, true q), because trips are cut where nobody stopped and the other way round."""
TRIP_DOUBT = 0.4
"""What each trip adds to the variance because it may be no trip at all, or two: .3 to .5 on the same days."""
BLIND_ERROR = 0.35
"""Relative, of what hangs on the mix of chains because a site is down: root mean square .37 to .45 on the same days."""
DEPTH = 5
"""Ends of a chain at which the unfolding looks; with r = .3 the next term is a thousandth."""
DERIVATIVE_STEPS = 30
"""The derivative of rare chains takes longer, but what one loses in a cell another gains."""
LEAST_Q = 0.3


def common_error(fitted: Fit, *, slope: Floats, q_se: Floats, spread: pd.DataFrame, place: Ints) -> pd.DataFrame:
    """The relative variance that all trips of a day between two places have in common.

    Args:
        fitted: of one day.
        slope: its :func:`derivative` at :func:`usual_q`.
        q_se: standard error of each site's q, shape (sites,).
        spread: ``chain`` of :class:`models.od.Weights` for the same places.
        place: number of the place of each site, shape (sites,).

    Returns:
        origin, destination (numbers of places), relative_variance.
    """
    cells, cell = cells_of(fitted.chains, place=place)
    trips = np.asarray(fitted.trips.sum(1)).ravel()
    total = np.bincount(cell, weights=trips, minlength=len(cells))
    q = usual_q(fitted)
    thinning = _thinning(fitted, q=q, cells=cells, place=place)
    own = _own(fitted, spread=spread, cells=cells)
    by_cell = sp.csr_matrix((trips, (cell, np.arange(len(cell)))), shape=(len(cells), len(cell)))
    detection = ((by_cell @ slope) ** 2) @ (q_se**2)
    variance = np.maximum(thinning - own, 0.0) + detection
    relative = np.divide(variance, total**2, out=np.zeros_like(total), where=total > 0)
    return pd.DataFrame({"origin": cells[:, 0], "destination": cells[:, 1], "relative_variance": relative})


def chain_error(fitted: Fit, *, rows: Ints, slope: Floats, q_se: Floats) -> Floats:
    """The standard error of the trips that truly drove some chains, on a day: shape (rows,).

    Thinning as in :func:`common_error`, for whole chains: a trip seen on a chain that passes all sites of this one, in its order, and
    others adds  ways * prod(1 / q) over the sites of this one * prod(-r) over the others,  and the variance is sum(w ** 2 - w).

    Args:
        fitted: of one day.
        rows: numbers of the chains.
        slope: the :func:`derivative` of the fit at :func:`usual_q`.
        q_se: standard error of each site's q, shape (sites,).
    """
    q, chains = usual_q(fitted), fitted.chains
    trips = np.asarray(fitted.trips[rows].sum(1))
    seen = np.asarray(fitted.counts.sum(1)).ravel()
    pairs = fitted.ways[rows].tocoo()
    own, longer = rows[pairs.row], pairs.col
    others = chains.visits[longer] - chains.visits[own]
    sign = 1 - 2 * ((chains.length[longer] - chains.length[own]) % 2)
    weight = sign * pairs.data * np.exp(others @ np.log((1 - q) / q) - chains.visits[own] @ np.log(q))
    thinning = np.bincount(pairs.row, weights=(weight**2 - weight) * seen[longer], minlength=len(rows))
    detection = ((slope[rows] * trips[:, None]) ** 2) @ (q_se**2)
    return np.asarray(np.sqrt(np.maximum(thinning, 0.0) + detection + TRIP_DOUBT * trips + (DAY_ERROR * trips) ** 2))


def usual_q(fitted: Fit) -> Floats:
    """The mean q of each site over the trips of strata in which it is not down, shape (sites,)."""
    each = np.asarray(fitted.counts.sum(0)).ravel()
    works = (fitted.q >= LEAST_Q) * each[:, None]
    total = works.sum(0)
    mean = np.divide((fitted.q * works).sum(0), total, out=np.full(len(total), LEAST_Q), where=total > 0)
    return np.asarray(np.clip(mean, LEAST_Q, 1 - 1e-6))


def _thinning(fitted: Fit, *, q: Floats, cells: Ints, place: Ints) -> Floats:
    """The variance of the unfolding in each cell; weights that fall outside the cells of the fit are left out."""
    chains = fitted.chains
    observed = np.asarray(fitted.counts.sum(1)).ravel()
    span = int(place.max()) + 1
    keys = cells[:, 0] * span + cells[:, 1]
    rows, columns, values = [], [], []
    missed = (q - 1) / q
    every = np.arange(len(chains))
    before = np.ones(len(chains))
    for skipped in range(min(DEPTH, chains.sites.shape[1])):
        first = chains.sites[:, skipped]
        after = np.ones(len(chains))
        for cut in range(DEPTH):
            end = chains.length - 1 - cut
            fits = every[(end >= skipped)]
            if not len(fits):
                break
            last = chains.sites[fits, end[fits]]
            single = end[fits] == skipped
            weight = before[fits] * after[fits] / (q[first[fits]] * np.where(single, 1.0, q[last]))
            key = place[first[fits]] * span + place[last]
            at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
            known = keys[at] == key
            rows.append(fits[known])
            columns.append(at[known])
            values.append(weight[known])
            after[fits] *= missed[last]
        before = before * np.where(first >= 0, missed[first], 0.0)
    unfolded = sp.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(len(chains), len(cells))
    )
    squares = sp.csr_matrix(unfolded.multiply(unfolded))
    return np.asarray((squares - unfolded).T @ observed).ravel()


def _own(fitted: Fit, *, spread: pd.DataFrame, cells: Ints) -> Floats:
    """The spread of all observed trips in each cell, shape (cells,)."""
    seen = fitted.counts.tocsr()[spread.chain.to_numpy(), spread.stratum.to_numpy()]
    summed = (spread.spread * np.asarray(seen).ravel()).groupby([spread.origin, spread.destination]).sum()
    return np.asarray(summed.reindex(pd.MultiIndex.from_arrays([cells[:, 0], cells[:, 1]]), fill_value=0.0))


def derivative(fitted: Fit, *, q: Floats) -> Floats:
    """d log(trips) / dq of each chain and site when all strata have the same q, shape (chains, sites).

    The steps of the fit, differentiated: with P the chance of a true chain given an observed one, B that of the observed chain given
    the true one, and m = log(missed), a change d moves to  d + m' - B P (d + m') - s',  s = log(1 - missed).
    """
    chains: Chains = fitted.chains
    missed = np.exp(chains.visits @ np.log1p(-q))
    whole = np.asarray(fitted.trips.sum(1)).ravel() * missed
    joint = fitted.ways @ sp.diags(whole)
    mean = np.asarray(joint.sum(1)).ravel()
    chance = sp.csr_matrix(sp.diags(np.divide(1, mean, out=np.zeros_like(mean), where=mean > 0)) @ joint)
    observed = sp.diags(np.asarray(fitted.counts.sum(1)).ravel()) @ chance
    came = np.asarray(observed.sum(0)).ravel()
    back = sp.csr_matrix((observed @ sp.diags(np.divide(1, came, out=np.zeros_like(came), where=came > 0))).T)
    less = -chains.visits / (1 - q)
    sight = -less * (missed / (1 - missed))[:, None]
    change = np.zeros_like(less)
    for _ in range(DERIVATIVE_STEPS):
        moved = change + less
        change = moved - back @ (chance @ moved) - sight
    return np.asarray(np.where(came[:, None] > 0, change, 0.0))
