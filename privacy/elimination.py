"""What linear algebra determines: row reduction of the relations over the hidden counts.

A count is determined exactly when its unit vector lies in the row space of the relations. In reduced row echelon form that
is a row with a single entry, so one reduction answers for every count at once. It runs in integers modulo a prime near
2^31: exact where floating point would need a tolerance, and for relations of small coefficients as good as rational numbers.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

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
    if not sums:
        return []
    columns, members_of = columns_of(sums)
    width = len(members_of)
    matrix = np.hstack([columns.toarray() % PRIME, np.eye(len(sums), dtype=np.int64)])
    _reduce(matrix, width=width)
    found = []
    for row in matrix:
        places = np.flatnonzero(row[:width])
        coefficients = _centred(row[places])
        if not len(places) or np.abs(coefficients).max() > LARGEST:
            continue
        members = [members_of[place] for place in places]
        variables = np.concatenate(members)
        repeated = np.repeat(coefficients, [len(m) for m in members])
        weights: dict[int, int] = {}
        for number in np.flatnonzero(row[width:]).tolist():
            for relation, weight in sums[number].weights.items():
                weights[relation] = (weights.get(relation, 0) + int(row[width + number]) * weight) % PRIME
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


def columns_of(sums: Sequence[Sum]) -> tuple[sparse.csc_array, list[Ints]]:
    """The sums as the rows of a matrix, with one column for all variables that stand in the same sums with the same coefficients.

    Returns:
        The matrix, and the variables of each column.
    """
    variables = np.concatenate([known.variables for known in sums])
    coefficients = np.concatenate([known.coefficients for known in sums])
    rows = np.repeat(np.arange(len(sums)), [len(known.variables) for known in sums])
    matrix = sparse.csc_array((coefficients, (rows, variables)))
    matrix.sort_indices()
    groups: dict[bytes, list[int]] = {}
    for variable in np.unique(variables).tolist():
        span = slice(matrix.indptr[variable], matrix.indptr[variable + 1])
        groups.setdefault(matrix.indices[span].tobytes() + matrix.data[span].tobytes(), []).append(variable)
    return matrix[:, [members[0] for members in groups.values()]], [np.array(members, np.int64) for members in groups.values()]


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
        others, filled = np.flatnonzero(matrix[:, pivot]), np.flatnonzero(matrix[number])
        others = others[others != number]
        block = np.ix_(others, filled)
        matrix[block] = (matrix[block] - matrix[others, pivot][:, np.newaxis] * matrix[number, filled]) % PRIME


def _centred(residues: Ints) -> Ints:
    return np.where(residues > PRIME // 2, residues - PRIME, residues)
