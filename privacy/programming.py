"""The last look before a release: linear programs over the hidden counts of a day, with the true table as the first feasible one.

Bounds and row reduction see one sum at a time, or what algebra determines; an interval that follows from several sums and from
counts not being negative shows only here. Each narrow count comes with the sums that hold it, read from the dual solution: hiding
a row that has a share in their weighted sum is what loosens it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from privacy.bounds import Floats, Sum
from privacy.elimination import columns_of
from privacy.relations import Ints, System

TOLERANCE = 1e-6
ROUNDS = 30
"""Of pushing all counts at once; each round ends most of what is open, and what is left gets programs of its own."""


@dataclass(frozen=True)
class Held:
    """A hidden count that is known to less than k, and the shown variables that hold it there, by end of its interval."""

    variable: int
    holders: tuple[Ints, ...]


@dataclass
class _Program:
    """``matrix @ x == right`` over columns of exchangeable counts; ``most`` and ``least`` as far as tables reached."""

    matrix: sparse.csr_array
    right: Floats
    members: list[Ints]
    least: Floats
    most: Floats

    @property
    def width(self) -> Floats:
        """Of a single count: one of several exchangeable ones can always be 0 while another takes its place."""
        many = np.array([len(members) > 1 for members in self.members], bool)
        return np.where(many, self.most, self.most - self.least)


def held(system: System, sums: Sequence[Sum], *, k: int) -> list[Held]:
    """The hidden counts whose interval is narrower than ``k``; one of each set of exchangeable ones."""
    if not sums:
        return []
    program = _program(system, sums)
    _push(program, k=k)
    found = []
    for column in np.flatnonzero(program.width < k - TOLERANCE):
        if program.width[column] >= k - TOLERANCE:
            continue  # a table that another count led to
        ends, holders = [], []
        for sign in (1.0, -1.0):
            objective = np.zeros(len(program.members))
            objective[column] = sign
            solved = linprog(objective, A_eq=program.matrix, b_eq=program.right, bounds=(0, None), method="highs")
            if solved.status != 0:
                ends.append(np.inf)  # unbounded: the true table is feasible
                continue
            _reached(program, solved.x)
            ends.append(float(solved.x[column]))
            holders.append(_shown(system, sums, solved.eqlin.marginals))
        if len(ends) == 2 and program.width[column] < k - TOLERANCE and np.inf not in ends:
            found.append(Held(int(program.members[column][0]), tuple(holders)))
    return found


def _program(system: System, sums: Sequence[Sum]) -> _Program:
    groups = columns_of(sums)
    entries = [(row, column, value) for column, (places, _) in enumerate(groups) for row, value in places]
    rows, columns, values = zip(*entries, strict=True)
    matrix = sparse.csr_array((np.array(values, np.float64), (rows, columns)), shape=(len(sums), len(groups)))
    members = [found for _, found in groups]
    true = np.array([system.values[found].sum() for found in members], np.float64)
    return _Program(matrix, matrix @ true, members, true.copy(), true.copy())


def _reached(program: _Program, x: Floats) -> None:
    np.minimum(program.least, x, out=program.least)
    np.maximum(program.most, x, out=program.most)


def _push(program: _Program, *, k: int) -> None:
    """Tables in which as many counts as possible lie ``k`` from where they were seen, upwards and downwards in turn."""
    size, idle = len(program.members), 0
    for number in range(ROUNDS):
        open_ = np.flatnonzero(program.width < k - TOLERANCE)
        if not len(open_) or idle > 1:
            return
        sign = 1.0 if number % 2 == 0 else -1.0
        many = np.array([len(program.members[place]) > 1 for place in open_], bool)
        start = np.where(many, 0.0, program.least[open_])
        target = start + k if sign > 0 else -(program.most[open_] - k)
        pick = sparse.csr_array((np.full(len(open_), -sign), (np.arange(len(open_)), open_)), shape=(len(open_), size))
        solved = linprog(
            np.concatenate([np.zeros(size), np.full(len(open_), -1.0)]),
            A_ub=sparse.hstack([pick, sparse.eye_array(len(open_))]),
            b_ub=np.zeros(len(open_)),
            A_eq=sparse.hstack([program.matrix, sparse.csr_array((program.matrix.shape[0], len(open_)))]),
            b_eq=program.right,
            bounds=[(0, None)] * size + [(None, value) for value in target],
            method="highs",
        )
        if solved.status == 0:
            _reached(program, solved.x[:size])
        idle = 0 if (program.width[open_] >= k - TOLERANCE).any() else idle + 1


def _shown(system: System, sums: Sequence[Sum], duals: Floats) -> Ints:
    """The variables with a share in the weighted sum of relations that an end of the interval follows from."""
    total: dict[int, float] = {}
    for number in np.flatnonzero(np.abs(duals) > TOLERANCE).tolist():
        for relation in sums[number].weights:
            known = system.relations[relation]
            for variable, coefficient in zip(known.variables.tolist(), known.coefficients.tolist(), strict=True):
                total[variable] = total.get(variable, 0.0) + float(duals[number]) * coefficient
    return np.array([variable for variable, share in total.items() if abs(share) > TOLERANCE], np.int64)
