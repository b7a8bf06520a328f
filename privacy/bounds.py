"""What a patient reader works out with a pocket calculator: the narrowest interval of every hidden count.

Counts are not negative, so "a total of 50, and published parts of 50" tells that every hidden part is 0. Each relation bounds
each of its hidden counts by what is left for it; the bounds feed each other until nothing moves. This is the bound tightening
of integer programming (Savelsbergh 1994, "Preprocessing and probing"); in disclosure control it is known as the shuttle
algorithm (Buzzigoli and Giusti 1998).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.relations import Bools, Ints, System

Floats = NDArray[np.float64]

ROUNDS = 30
"""Bounds that still move after this many rounds move slowly; the linear program of the attack suite finds what is left."""


@dataclass(frozen=True)
class Sum:
    """``sum(coefficients * hidden counts) == constant``; ``weights`` says which relations it was made of, and how."""

    variables: Ints
    coefficients: Ints
    constant: int
    weights: dict[int, int]


@dataclass(frozen=True)
class Bounds:
    """The interval of each variable, and the sum that gave each end (-1: none did)."""

    low: Floats
    high: Floats
    low_by: Ints
    high_by: Ints


def hidden_sums(system: System, hidden: Bools) -> list[Sum]:
    """Each relation as the sum of its hidden counts, which a reader gets by subtracting the shown ones."""
    sums = []
    for number, relation in enumerate(system.relations):
        mask = hidden[relation.variables]
        if mask.any():
            variables, coefficients = relation.variables[mask], relation.coefficients[mask]
            sums.append(Sum(variables, coefficients, int(coefficients @ system.values[variables]), {number: 1}))
    return sums


def tightened(sums: Sequence[Sum], *, size: int) -> Bounds:
    """The intervals of ``size`` variables that follow from the sums and from counts not being negative."""
    low, high = np.zeros(size), np.full(size, np.inf)
    low_by, high_by = np.full(size, -1, np.int64), np.full(size, -1, np.int64)
    for _ in range(ROUNDS):
        moved = False
        for number, known in enumerate(sums):
            moved |= _tighten(number, known, low=low, high=high, low_by=low_by, high_by=high_by)
        if not moved:
            break
    return Bounds(low, high, low_by, high_by)


def _tighten(number: int, known: Sum, *, low: Floats, high: Floats, low_by: Ints, high_by: Ints) -> bool:
    variables, coefficients = known.variables, known.coefficients
    at_low, at_high = coefficients * low[variables], coefficients * high[variables]
    least, most = np.minimum(at_low, at_high), np.maximum(at_low, at_high)
    # What the others take at least leaves this much at most, and the other way round.
    up = known.constant - _others(least)
    down = known.constant - _others(most)
    positive = coefficients > 0
    new_high = np.where(positive, up, down) / coefficients
    new_low = np.where(positive, down, up) / coefficients
    lower, higher = new_high < high[variables], new_low > low[variables]
    high[variables[lower]], high_by[variables[lower]] = new_high[lower], number
    low[variables[higher]], low_by[variables[higher]] = new_low[higher], number
    return bool(lower.any() or higher.any())


def _others(terms: Floats) -> Floats:
    """The sum of all terms but each; infinite when one of the others is."""
    endless = np.isinf(terms)
    finite = float(terms[~endless].sum())
    if not endless.any():
        return finite - terms
    infinity = terms[endless][0]
    if endless.sum() > 1:
        return np.full(len(terms), infinity)
    return np.where(endless, finite, infinity)
