"""The last look before a release: linear programs over the hidden counts of a day, with the true table as the first feasible one.

Bounds and row reduction see one sum at a time, or what algebra determines; an interval that follows from several sums and from
counts not being negative shows only here. Each narrow count comes with the sums that hold it, read from the dual solution: hiding
a row that has a share in their weighted sum is what loosens it.

The programs of a look differ in their objective only: the solver keeps the rest, and goes on from the table where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from privacy.bounds import Floats, Sum
from privacy.elimination import columns_of
from privacy.relations import Bools, Ints, System

TOLERANCE = 1e-6
PRIMAL = 4
"""The simplex method that can go on from a table when the objective changes."""


@dataclass(frozen=True)
class Held:
    """A hidden count that is known to less than k, and the shown variables that hold it there, by end of its interval."""

    variable: int
    holders: tuple[Ints, ...]


def held(system: System, sums: Sequence[Sum], *, k: int, wide: Bools) -> list[Held]:
    """The hidden counts whose interval is narrower than ``k``; one of each set of exchangeable ones.

    Args:
        wide: the counts that an earlier look, at fewer hidden ones, proved wide enough. Those that this one proves are added.
    """
    if not sums:
        return []
    tables = _Tables(system, sums, k=k, wide=wide)
    while (open_ := tables.is_open).any():
        tables.see(-open_.astype(np.float64))
        if (tables.is_open == open_).all():
            break
    found = []
    for column in np.flatnonzero(tables.is_open):
        holders = []
        for sign in (-1.0, 1.0):
            if tables.is_open[column]:
                objective = np.zeros(len(tables.members))
                objective[column] = sign
                holders.append(_shown(system, sums, tables.see(objective)))
        if tables.is_open[column]:
            found.append(Held(int(tables.members[column][0]), tuple(holders)))
    for column in np.flatnonzero(~tables.is_open):
        wide[tables.members[column]] = True
    return found


class _Tables:
    """The tables that fit the sums, over columns of exchangeable counts; ``least`` and ``most`` as far as tables were seen."""

    def __init__(self, system: System, sums: Sequence[Sum], *, k: int, wide: Bools) -> None:
        matrix, self.members = columns_of(sums)
        self.k = k
        self.is_many = np.array([len(members) > 1 for members in self.members], bool)
        self.is_wide = np.array([wide[members].any() for members in self.members], bool)
        true = np.array([system.values[members].sum() for members in self.members], np.float64)
        self.least, self.most = true.copy(), true.copy()
        # No program runs off to where every count of a sum grows together.
        self.solver = _solver(matrix, matrix @ true, most=2 * float(true.sum()) + 100.0 * k)

    @property
    def is_open(self) -> Bools:
        """The columns of which no tables yet differ by ``k``.

        One of several exchangeable counts can always be 0 while another takes its place.
        """
        open_: Bools = ~self.is_wide & (self.most - np.where(self.is_many, 0.0, self.least) < self.k - TOLERANCE)
        return open_

    def see(self, objective: Floats) -> Floats:
        """See the table at which an objective is least; the dual values of its sums."""
        size = len(objective)
        self.solver.changeColsCost(size, np.arange(size, dtype=np.int32), objective)
        self.solver.run()
        if (status := self.solver.getModelStatus()) != highspy.HighsModelStatus.kOptimal:
            raise ArithmeticError(f"A linear program over hidden counts ended as {status.name}: nothing is proved of them.")
        solution = self.solver.getSolution()
        x = np.array(solution.col_value)
        np.minimum(self.least, x, out=self.least)
        np.maximum(self.most, x, out=self.most)
        return np.array(solution.row_dual)


def _solver(matrix: sparse.csc_array, right: Floats, *, most: float) -> highspy.Highs:
    """A solver with ``matrix @ x == right`` and no objective yet; no ``x`` is below 0, or above ``most``."""
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = matrix.shape
    program.col_cost_ = program.col_lower_ = np.zeros(matrix.shape[1])
    program.col_upper_ = np.full(matrix.shape[1], most)
    program.row_lower_ = program.row_upper_ = right
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_ = matrix.indptr, matrix.indices
    program.a_matrix_.value_ = matrix.data.astype(np.float64)
    solver = highspy.Highs()
    options: dict[str, bool | int | str] = {"output_flag": False, "threads": 1, "solver": "simplex", "simplex_strategy": PRIMAL}
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(program)
    return solver


def _shown(system: System, sums: Sequence[Sum], duals: Floats) -> Ints:
    """The variables with a share in the weighted sum of relations that an end of the interval follows from."""
    share = np.zeros(len(system.values))
    for number in np.flatnonzero(np.abs(duals) > TOLERANCE).tolist():
        for relation in sums[number].weights:
            known = system.relations[relation]
            share[known.variables] += duals[number] * known.coefficients
    return np.flatnonzero(np.abs(share) > TOLERANCE)
