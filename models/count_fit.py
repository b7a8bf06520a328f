"""Fitting an origin-destination estimate to counts made at the roadside (methods S12; ``docs/adr/0007``).

Multi-proportional fitting: a figure x_c becomes x_c times the product of f_k ** a_kc over the counts k, where a_kc is how often the
trips behind it pass the place of count k; each f_k is moved in turn until the trips that pass there are as many as were counted.
Where a figure passes one row and one column once, as in a table of gates, this is Furness' or Deming and Stephan's proportional
fitting. Of all figures that meet the counts it gives those nearest to the prior in relative entropy: zeros stay, and the odds ratios of
cells that pass the same places otherwise stay as they were.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from models.chains import Floats, Ints

LEAST_FACTOR, MOST_FACTOR = 0.5, 3.0
"""A count that asks for more contradicts the cameras; it is for a person to judge which of them is wrong (methods 1d)."""
TOLERANCE = 1e-4
"""Largest relative gap between what passes and what was counted."""
MOST_SWEEPS = 2_000
DOUBTED_AFTER = 100
"""Sweeps after which linear programming is asked whether the counts can be met at all; with impossible ones factors never come to rest."""


class ImpossibleCountsError(ValueError):
    """No figures meet these counts, however large the factors. ``counts``: numbers of those that contradict the others."""

    def __init__(self, counts: Ints) -> None:
        self.counts = counts
        super().__init__(f"no trips of the estimate can meet the counts {', '.join(map(str, counts))} together with the others")


@dataclass(frozen=True)
class CountFit:
    """Figures fitted to counts.

    ``figure``: shape (figures,). ``factor``: what each count multiplies those who pass it with, shape (counts,). ``reached``: those
    who pass after the fit, shape (counts,). ``is_met``: whether that is what was counted, shape (counts,). ``sweeps``: how often all
    factors were moved.
    """

    figure: Floats
    factor: Floats
    reached: Floats
    is_met: np.ndarray
    sweeps: int


def fit_to_counts(
    prior: Floats, *, passes: sp.spmatrix, counts: Floats, least: float = LEAST_FACTOR, most: float = MOST_FACTOR
) -> CountFit:
    """Fit figures to counts, each factor within its caps.

    Args:
        prior: figures of at least 0, shape (figures,).
        passes: how often each figure passes the place of each count, shape (counts, figures).
        counts: what was counted, at least 0, shape (counts,).
        least, most: the smallest and the largest factor of a count; 0 and infinity take the caps off.

    Raises:
        ValueError: a prior or a count is negative or not a number.
        ImpossibleCountsError: no figures that are 0 where the prior is 0 meet the counts.
    """
    if not (np.all(np.isfinite(prior) & (prior >= 0)) and np.all(np.isfinite(counts) & (counts >= 0))):
        raise ValueError("figures and counts must be numbers of at least 0")
    rows = sp.csr_matrix(passes, dtype=float)
    rows.eliminate_zeros()
    blocks = _blocks(rows)
    figure, factor = prior.astype(float), np.ones(len(counts))
    sweeps, is_met = 0, _is_met(rows @ figure, counts)
    while not is_met.all() and sweeps < MOST_SWEEPS:
        sweeps += 1
        before = factor.copy()
        for block in blocks:
            block.move(figure, factor, counts=counts, least=least, most=most)
        is_met = _is_met(rows @ figure, counts)
        if np.allclose(factor, before, rtol=1e-9, atol=0):
            break
        if sweeps == DOUBTED_AFTER and not is_met.all():
            _refuse_impossible(prior, rows, counts)
    if not is_met.all() and sweeps < DOUBTED_AFTER:
        _refuse_impossible(prior, rows, counts)
    return CountFit(figure, factor, rows @ figure, is_met, sweeps)


@dataclass(frozen=True)
class _Block:
    """Counts of which no two are passed by the same figure, so that all may move at once: rows or columns of a table of gates.

    ``count``: their numbers. ``at``, ``times``, ``of``: who passes, how often, and which of ``count`` that is. ``most_times`` of each.
    """

    count: Ints
    at: Ints
    times: Floats
    of: Ints
    most_times: Floats

    def move(self, figure: Floats, factor: Floats, *, counts: Floats, least: float, most: float) -> None:
        """Multiply in place those who pass, by less than asked where a cap is in the way.

        Who passes twice is multiplied by the square: the root over the most times keeps the step from going too far.
        """
        passing = np.bincount(self.of, weights=self.times * figure[self.at], minlength=len(self.count))
        can = passing > 0
        ratio = np.divide(counts[self.count], passing, out=np.ones_like(passing), where=can)
        old = factor[self.count]
        new = np.where(can, np.clip(old * ratio ** (1 / self.most_times), least, most), old)
        step = np.divide(new, old, out=np.ones_like(new), where=old > 0)
        figure[self.at] *= step[self.of] ** self.times
        factor[self.count] = new


def _blocks(rows: sp.csr_matrix) -> list[_Block]:
    """The counts in as few blocks as taking each into the first one where it fits makes."""
    shared = (rows @ rows.T).tolil().rows
    block_of = np.full(rows.shape[0], -1)
    for k in range(rows.shape[0]):
        taken = set(block_of[shared[k]])
        block_of[k] = next(number for number in range(rows.shape[0]) if number not in taken)
    return [_block(rows, np.flatnonzero(block_of == number)) for number in range(block_of.max(initial=-1) + 1)]


def _block(rows: sp.csr_matrix, count: Ints) -> _Block:
    own = rows[count]
    most_times = np.maximum(own.max(axis=1).toarray().ravel(), 1.0)
    return _Block(count, own.indices, own.data, np.repeat(np.arange(len(count)), np.diff(own.indptr)), most_times)


def _is_met(reached: Floats, counts: Floats) -> np.ndarray:
    return np.asarray(np.abs(reached - counts) <= TOLERANCE * np.maximum(counts, 1.0))


def _refuse_impossible(prior: Floats, rows: sp.csr_matrix, counts: Floats) -> None:
    """Raise when no figures meet the counts: by linear programming, the least by which counts must be wrong is not 0."""
    from scipy.optimize import linprog

    if not len(counts):
        return
    # Figures that pass the same counts are one unknown.
    alike = np.unique(rows[:, np.flatnonzero(prior > 0)].T.toarray(), axis=0)
    alike = alike[alike.any(axis=1)].T
    scale = np.maximum(counts, 1.0)
    own = np.eye(len(counts))
    found = linprog(
        np.concatenate([np.zeros(alike.shape[1]), np.ones(2 * len(counts))]),
        A_eq=np.hstack([alike / scale[:, None], own, -own]),
        b_eq=counts / scale,
        method="highs",
    )
    wrong = found.x[alike.shape[1] :].reshape(2, -1).sum(0)
    if wrong.sum() > TOLERANCE * len(counts):
        raise ImpossibleCountsError(np.flatnonzero(wrong > TOLERANCE))
