"""What follows from a system without solving anything."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def public_zeros(matrix: sparse.csr_array, public: Bools) -> Bools:
    """What follows from counts that everybody knows to be 0: all parts of a whole that is 0, a whole of which all parts are."""
    positive, negative = matrix > 0, matrix < 0
    while True:
        unknown = (~public).astype(np.float64)
        no_parts, no_whole = (positive @ unknown) == 0, (negative @ unknown) == 0
        more = (positive.T @ no_whole.astype(np.float64) > 0) | (negative.T @ no_parts.astype(np.float64) > 0)
        if not (more & ~public).any():
            return public
        public = public | more


def contradicted(matrix: sparse.csr_array, values: Floats, *, low: Floats, high: Floats) -> Bools:
    """Rows that cannot hold whatever the unknown counts are."""
    least, most = np.where(np.isnan(values), low, values), np.where(np.isnan(values), high, values)
    positive, negative = matrix.maximum(0), matrix.minimum(0)
    endless = np.isinf(most)
    capped = np.where(endless, 0.0, most)
    top = positive @ capped + negative @ least
    bottom = positive @ least + negative @ capped
    open_top = positive @ endless.astype(np.float64) > 0
    open_bottom = -(negative @ endless.astype(np.float64)) > 0
    wrong: Bools = ((top < -0.5) & ~open_top) | ((bottom > 0.5) & ~open_bottom)
    return wrong
