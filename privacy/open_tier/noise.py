"""OpenDP's discrete Gaussian on integer counts, and what it costs."""

import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@cache
def _opendp() -> Any:
    import opendp.prelude as dp

    dp.enable_features("contrib")
    return dp


def _measurement(sigma: float) -> Any:
    dp = _opendp()
    # Integers throughout: floating-point noise has holes that tell the true value (Mironov 2012).
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64")
    return dp.m.make_gaussian(*space, scale=sigma)


def sigma_for(rho: float, *, sens: float) -> float:
    """The least standard deviation at which counts of that sensitivity cost no more than ``rho``."""
    sigma = sens / math.sqrt(2 * rho)
    while _measurement(sigma).map(sens) > rho:
        sigma = math.nextafter(sigma, math.inf)
    return sigma


def rho_of(sigma: float, *, sens: float) -> float:
    """What OpenDP says that noise of ``sigma`` costs, in rho of zCDP."""
    return float(_measurement(sigma).map(sens))


def noisy(counts: Ints, *, sigma: float) -> Ints:
    """The counts with fresh noise from the operating system's random numbers; there is no seed, so there is no second time."""
    return np.asarray(_measurement(sigma)(counts.astype(np.int64)), dtype=np.int64)


def epsilon(rho: float, *, delta: float) -> float:
    """Epsilon at a delta of a rho of zCDP, by OpenDP's conversion."""
    dp = _opendp()
    # A scale of which a sensitivity of 1 costs rho: only the curve of the rho is asked for.
    measurement = dp.c.make_zCDP_to_approxDP(_measurement(1 / math.sqrt(2 * rho)))
    return float(measurement.map(1.0).epsilon(delta))
