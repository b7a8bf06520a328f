"""How often vehicles truly came, from how often they were seen to come.

Of k times each is seen with chance q, so a vehicle seen j times may have come more often: the seen numbers are a binomial thinning of the
true ones. Its exact inverse (the signed unfolding of methods section 6) gives those who came k times as

    v_k = sum over j >= k of  C(j, k) q^-j (q - 1)^(j - k) s_j

with s_j those who were seen j times. It is unbiased when misses are independent, and its variance is sum of (w^2 - w) s_j over its
weights w. Those who came and were never seen are in v_1 and above, and need no s_0.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import comb

from models.chains import Floats
from models.expansion import MODEL_LOGIT, NONE_SEEN, SORT_ERROR

STEP = 1e-4
"""Of q, to find how the weights change with it."""
LEAST_Q = 0.5
"""Below, the weights of those who were seen twice grow with every term, and nothing can be said."""


class Repeats(NamedTuple):
    """Vehicles by how often they came, 1 to ``most`` (the last: so often and more), and standard errors; shape (most,)."""

    vehicles: Floats
    se: Floats


def unfolded(seen: Floats, *, q: float, q_se: float, most: int) -> Repeats | None:
    """Vehicles by the times that they came.

    Args:
        seen: vehicles by the times that they were seen to come, 1 first, shape (longest,).
        q: chance that a coming is seen, over the comings of all.
        q_se: its standard error.
        most: the last number of times; who came more often is counted there.

    Returns:
        None where q is not known or below :data:`LEAST_Q`. A rare number may come out below 0, and is 0 then.
    """
    if not q >= LEAST_Q:
        return None
    w = _weights(len(seen), q=q, most=most)
    vehicles = w @ seen
    slope = ((_weights(len(seen), q=min(q + STEP, 1.0), most=most) - _weights(len(seen), q=q - STEP, most=most)) @ seen) / (
        min(q + STEP, 1.0) - (q - STEP)
    )
    error_of_q = np.hypot(q_se, MODEL_LOGIT * (1 - q) * q)
    thinning = np.maximum((w**2 - w) @ seen, NONE_SEEN * (1 - q) / q**2)
    se = np.sqrt(thinning + (slope * error_of_q) ** 2 + (SORT_ERROR * vehicles) ** 2)
    return Repeats(np.maximum(vehicles, 0.0), se)


def _weights(longest: int, *, q: float, most: int) -> Floats:
    """What one who was seen j times adds to those who came k times, shape (most, longest); the last row adds up the rest.

    Weights over all k from 0 add up to 1: the last row is 1 less those before it, because the terms themselves grow large.
    """
    j = np.arange(1, longest + 1)
    k = np.arange(most)[:, None]
    less = np.where(j >= k, comb(j, k) * q ** -j.astype(float) * (q - 1.0) ** np.maximum(j - k, 0), 0.0)
    return np.vstack([less[1:], 1 - less.sum(0)])
