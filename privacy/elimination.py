"""What linear algebra determines: row reduction of the relations over the hidden counts.

A count is determined exactly when its unit vector lies in the row space of the relations. In reduced row echelon form that
is a row with a single entry, so one reduction answers for every count at once. It runs in integers modulo a prime near
2^31: exact where floating point would need a tolerance, and for relations of small coefficients as good as rational numbers.
"""

from collections.abc import Sequence

import numpy as np

from privacy.bounds import Sum
from privacy.relations import Ints, System

PRIME = 2**31 - 1
LARGEST = 100
"""A reduced row with larger coefficients is a fraction, of no use as a sum of counts."""


def reduced_sums(system: System, sums: Sequence[Sum]) -> list[Sum]:
    """Sums in reduced row echelon form that follow from the given ones, each with the weights of the relations behind it.

    Hidden counts that stand in the same sums with the same coefficients cannot be told apart, so none of them alone is
    determined; they share one column, which keeps the matrix small (the hours of a gate are one column).
    """
    columns = columns_of(sums)
    matrix = np.zeros((len(sums), len(columns) + len(sums)), np.int64)
    for column, (pattern, _) in enumerate(columns):
        for place, coefficient in pattern:
            matrix[place, column] = coefficient % PRIME
    matrix[:, len(columns) :] = np.eye(len(sums), dtype=np.int64)
    _reduce(matrix, width=len(columns))
    found = []
    for row in matrix:
        places = np.flatnonzero(row[: len(columns)])
        coefficients = _centred(row[places])
        if not len(places) or np.abs(coefficients).max() > LARGEST:
            continue
        members = [columns[place][1] for place in places]
        variables = np.concatenate(members)
        repeated = np.repeat(coefficients, [len(m) for m in members])
        weights: dict[int, int] = {}
        for number in np.flatnonzero(row[len(columns) :]).tolist():
            for relation, weight in sums[number].weights.items():
                weights[relation] = (weights.get(relation, 0) + int(row[len(columns) + number]) * weight) % PRIME
        found.append(Sum(variables, repeated, int(repeated @ system.values[variables]), weights))
    return found


def shown_in(system: System, weights: dict[int, int]) -> Ints:
    """The variables with a share in a weighted sum of relations: hiding a shown one adds an unknown to the sum."""
    total: dict[int, int] = {}
    for relation, weight in weights.items():
        known = system.relations[relation]
        for variable, coefficient in zip(known.variables.tolist(), known.coefficients.tolist(), strict=True):
            total[variable] = (total.get(variable, 0) + weight * coefficient) % PRIME
    return np.array([variable for variable, coefficient in total.items() if coefficient], np.int64)


def columns_of(sums: Sequence[Sum]) -> list[tuple[tuple[tuple[int, int], ...], Ints]]:
    """The variables that stand in the same sums with the same coefficients, together: (sum, coefficient) pairs, and variables."""
    pattern: dict[int, list[tuple[int, int]]] = {}
    for row, known in enumerate(sums):
        for variable, coefficient in zip(known.variables.tolist(), known.coefficients.tolist(), strict=True):
            pattern.setdefault(variable, []).append((row, coefficient))
    groups: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for variable, places in pattern.items():
        groups.setdefault(tuple(places), []).append(variable)
    return [(key, np.array(members, np.int64)) for key, members in groups.items()]


def _reduce(matrix: Ints, *, width: int) -> None:
    """Bring the first ``width`` columns to reduced row echelon form, in place.

    The pivot of a row is its column with the fewest entries: most rows have a count of their own (who entered and was not
    seen leaving), and a pivot there changes no other row.
    """
    for number in range(len(matrix)):
        places = np.flatnonzero(matrix[number, :width])
        if not len(places):
            continue
        entries = np.count_nonzero(matrix[:, places], axis=0)
        pivot = places[np.argmin(entries)]
        matrix[number] = matrix[number] * pow(int(matrix[number, pivot]), -1, PRIME) % PRIME
        others = np.flatnonzero(matrix[:, pivot])
        for other in others[others != number]:
            matrix[other] = (matrix[other] - matrix[other, pivot] * matrix[number]) % PRIME


def _centred(residues: Ints) -> Ints:
    return np.where(residues > PRIME // 2, residues - PRIME, residues)
