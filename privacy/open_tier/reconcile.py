"""Measurements of several levels made one consistent table: generalised least squares, then integers from the top down."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import bmat, csr_array, vstack
from scipy.sparse.csgraph import connected_components

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fit:
    """The best linear unbiased estimate of all levels together; it depends on the noise's law, never on what was counted.

    Attributes:
        matrix: all measurements, level after level, to all estimates in the same order.
        sds: per level, the standard deviation of each estimate.
    """

    matrix: csr_array
    sds: list[Floats]

    def estimates(self, measured: Sequence[Ints]) -> list[Floats]:
        """Per level the estimates of these measurements."""
        ends = np.cumsum([len(sd) for sd in self.sds])[:-1]
        return np.split(self.matrix @ np.concatenate(measured).astype(np.float64), ends)


def sum_matrix(codes: Ints, *, cells: int) -> csr_array:
    """The matrix, cells x leaves, that adds leaves up: leaf ``i`` goes into cell ``codes[i]``."""
    return csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(cells, len(codes)))


def gls(matrices: Sequence[csr_array], sigmas: Sequence[float]) -> Fit:
    """Generalised least squares over all levels at once.

    The leaves x minimise the sum over levels of |y_g - A_g x|^2 / sigma_g^2; the covariance of A_g x follows exactly, as the
    noise is known. Cells that share no leaf are solved apart, and parts of the same shape share one inverse: the matrix of
    the whole is never inverted.

    Args:
        matrices: A_g, cells x leaves, coarse to fine; the last one has every leaf.
        sigmas: the standard deviation of the noise of each level.

    Returns:
        The map from all y_g to all A_g x. Its standard deviations are never above sigma_g (Gauss-Markov: y_g itself is a
        linear unbiased estimate).
    """
    design = csr_array(vstack(matrices))
    cells = design.shape[0]
    weights = np.repeat(1 / np.square(sigmas), [matrix.shape[0] for matrix in matrices])
    part = connected_components(bmat([[None, design], [design.T, None]], format="csr"), directed=False)[1]
    rows, leaves = _members(part[:cells]), _members(part[cells:])
    variances = np.empty(cells)
    solved: dict[bytes, tuple[Floats, Floats]] = {}
    entries: list[tuple[Floats, Ints, Ints]] = []
    for label, here in leaves.items():
        mine = rows[label]
        block, weight = design[mine][:, here].toarray(), weights[mine]
        shape = len(mine).to_bytes(8, "big") + block.tobytes() + weight.tobytes()
        if shape not in solved:
            fit = block @ np.linalg.inv(block.T @ (weight[:, None] * block))
            solved[shape] = fit @ (block.T * weight), np.einsum("ij,ij->i", fit, block)
        hat, variances[mine] = solved[shape]
        entries.append((hat.ravel(), np.repeat(mine, len(mine)), np.tile(mine, len(mine))))
    values, i, j = (np.concatenate(column) for column in zip(*entries, strict=True))
    ends = np.cumsum([matrix.shape[0] for matrix in matrices])[:-1]
    return Fit(csr_array((values, (i, j)), shape=(cells, cells)), np.split(np.sqrt(variances), ends))


def _members(labels: Ints) -> dict[int, Ints]:
    order = np.argsort(labels, kind="stable")
    found, starts = np.unique(labels[order], return_index=True)
    return dict(zip(found.tolist(), np.split(order, starts[1:]), strict=True))


def on_simplex(values: Floats, total: int) -> Floats:
    """The nearest point with no negative part and this sum (Held, Wolfe and Crowder 1974)."""
    if not total:
        return np.zeros(len(values))
    down = np.sort(values)[::-1]
    excess = (np.cumsum(down) - total) / np.arange(1, len(values) + 1)
    nearest: Floats = np.maximum(values - excess[np.flatnonzero(down > excess)[-1]], 0)
    return nearest


def whole(values: Floats, total: int) -> Ints:
    """Values that add up to ``total``, made whole by largest remainders."""
    floor = np.floor(values + 1e-9)
    short = total - int(floor.sum())
    up = np.argsort(floor - values, kind="stable")[:short]
    floor[up] += 1
    return floor.astype(np.int64)


def top_down(values: Sequence[Floats], parents: Sequence[Ints]) -> list[Ints]:
    """Non-negative whole numbers that add up at every level.

    Args:
        values: estimates per level, coarse to fine.
        parents: for each level but the first, the place in the level above of each cell's parent.
    """
    levels = [np.maximum(np.rint(values[0]), 0).astype(np.int64)]
    for estimates, parent in zip(values[1:], parents, strict=True):
        here = np.zeros(len(estimates), dtype=np.int64)
        for place, children in _members(parent).items():
            total = int(levels[-1][place])
            here[children] = whole(on_simplex(estimates[children], total), total)
        levels.append(here)
    return levels
