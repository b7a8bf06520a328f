"""The feasible interval of every hidden count, by linear programming with HiGHS.

Components apart. Counts that stand in the same sums in the same way can be exchanged, so they are one column, and each of them
ranges from 0 to what the column can hold. Two feasible tables that differ by ``k`` or more in a count prove its interval as wide as
that, and each program ends at a table. The first ones make the sum of all open counts large, each from the table where the last
one ended, so that it takes few steps to a table that is large in others; what is left gets two programs of its own.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from audit.facts import Bools, Floats, Ints
from audit.system import System

TOLERANCE = 1e-6
PRIMAL_SIMPLEX = 4
"""The method of HiGHS that can use the last table when another objective is asked for."""
CERTIFIED, SOLVED, UNSOLVED = "certified", "solved", "unsolved"


@dataclass(frozen=True)
class Intervals:
    """For each unknown count its interval as far as it was needed, and how it is known.

    Attributes:
        low, high: the least and the most that were reached; the whole interval where ``how`` is ``solved``.
        how: ``certified`` (at least k wide), ``solved``, ``unsolved``; empty for counts that are known.
        infeasible: components that no table fits although only exact sums were used.
        loosened: components that fit only without the sums that are not exact.
        programs: linear programs that were solved.
    """

    low: Floats
    high: Floats
    how: list[str]
    infeasible: int
    loosened: int
    programs: int


@dataclass
class _Part:
    """One component with exchangeable counts merged: ``matrix @ x == right``."""

    matrix: sparse.csc_array
    right: Floats
    low: Floats
    high: Floats
    members: list[Ints]


class Solver:
    """Intervals of a system, within a time."""

    def __init__(self, system: System, *, k: int, seconds: float) -> None:
        self.system = system
        self.k = k
        self.ends = time.monotonic() + seconds
        self.low = np.full(len(system.values), np.nan)
        self.high = np.full(len(system.values), np.nan)
        self.how = np.full(len(system.values), "", object)
        self.infeasible = self.loosened = self.programs = 0

    def solve(self) -> Intervals:
        system = self.system
        unknown = np.isnan(system.values)
        self.how[unknown] = CERTIFIED  # a count in no sum can be anything
        self.low[unknown], self.high[unknown] = system.low[unknown], system.high[unknown]
        right = -(system.matrix @ np.where(unknown, 0.0, system.values))
        hidden = system.matrix[:, unknown].tocsr()
        numbers = np.flatnonzero(unknown)
        rows = np.flatnonzero(np.diff(hidden.indptr) > 0)
        hidden = hidden[rows]
        graph = sparse.block_array([[None, hidden], [hidden.T, None]]) if hidden.nnz else None
        if graph is not None:
            _, label = connected_components(graph, directed=False)
            of_row, of_column = label[: len(rows)], label[len(rows) :]
            columns_by, rows_by = _grouped(of_column), _grouped(of_row)
            by_column = hidden.tocsc()
            for number, its_rows in rows_by.items():
                columns = columns_by[number]
                matrix = by_column[:, columns].tocsr()[its_rows]
                self._component(matrix, rows[its_rows], numbers[columns], right)
        return Intervals(self.low, self.high, list(self.how), self.infeasible, self.loosened, self.programs)

    def _component(self, matrix: sparse.csr_array, rows: Ints, numbers: Ints, right: Floats) -> None:
        part = self._merged(matrix, right[rows], numbers)
        if self._bounded(part):
            return
        exact = self.system.exact[self.system.relation[rows]]
        if exact.all():
            self.infeasible += 1
            self._set(part, UNSOLVED)
            return
        self.loosened += 1
        for members in part.members:
            self.how[members] = CERTIFIED
            self.low[members], self.high[members] = self.system.low[members], self.system.high[members]
        part = self._merged(matrix[exact], right[rows][exact], numbers)
        if not self._bounded(part):
            self.infeasible += 1
            self._set(part, UNSOLVED)

    def _set(self, part: _Part, how: str) -> None:
        for members in part.members:
            self.how[members] = how

    def _merged(self, matrix: sparse.csr_array, right: Floats, numbers: Ints) -> _Part:
        columns = matrix.tocsc()
        columns.sort_indices()
        groups: dict[tuple[object, ...], list[int]] = {}
        for place, number in enumerate(numbers):
            span = slice(columns.indptr[place], columns.indptr[place + 1])
            ends = (self.system.low[number], self.system.high[number])
            # Only counts without bounds of their own can take over from each other without limit.
            alone: tuple[object, ...] = () if ends == (0.0, np.inf) else (place,)
            groups.setdefault((columns.indices[span].tobytes(), columns.data[span].tobytes(), *alone), []).append(place)
        first = np.array([places[0] for places in groups.values()], np.int64)
        members = [numbers[places] for places in groups.values()]
        lead = numbers[first]
        return _Part(columns[:, first], right, self.system.low[lead], self.system.high[lead], members)

    def _bounded(self, part: _Part) -> bool:
        """Certify or solve every column; False when no table fits."""
        size = len(part.members)
        if part.matrix.shape[0] == 1 and self._by_exchange(part):
            return True
        # Nothing needs more than all that is known, and a program must not run off.
        cap = 2 * float(np.abs(part.right).sum()) + 100.0 * self.k
        high = np.minimum(part.high, np.maximum(cap, part.low + self.k))
        many = np.array([len(members) > 1 for members in part.members], bool)
        least, most = np.full(size, np.inf), np.full(size, -np.inf)
        wanted = self._wanted(part)
        solver = _loaded(part, high)

        def saw(objective: Floats) -> bool:
            """Whether a program came to a table."""
            self.programs += 1
            solver.changeColsCost(size, np.arange(size, dtype=np.int32), objective)
            solver.run()
            if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return False
            x = np.array(solver.getSolution().col_value)
            np.minimum(least, x, out=least)
            np.maximum(most, x, out=most)
            return True

        def still_open() -> Bools:
            found: Bools = wanted & (np.where(many, most, most - least) < self.k - TOLERANCE)
            return found

        if not saw(np.zeros(size)):
            return False
        while (before := still_open()).any() and time.monotonic() < self.ends:
            if not saw(-before.astype(np.float64)) or (still_open() == before).all():
                break
        for column in np.flatnonzero(still_open()):
            if not still_open()[column]:
                continue
            ends = []
            for sign in (1.0, -1.0):
                objective = np.zeros(size)
                objective[column] = sign
                ends.append(time.monotonic() < self.ends and saw(objective))
            self.how[part.members[column]] = SOLVED if all(ends) else UNSOLVED
        for place, members in enumerate(part.members):
            self.low[members] = 0.0 if many[place] else least[place]
            self.high[members] = most[place]
        return True

    def _by_exchange(self, part: _Part) -> bool:
        """A single sum needs no program: what one count gives up another takes over. False when the general way has to look."""
        weights = part.matrix.toarray()[0]
        right = float(part.right[0])
        if part.low.any() or np.isfinite(part.high).any():
            return False
        if (weights > 0).any() and (weights < 0).any():
            most = np.full(len(weights), np.inf)  # a part and its whole grow together
        else:
            most = right / weights
            if (most < 0).any():
                return False
        alone = len(weights) == 1 and len(part.members[0]) == 1
        for members, high in zip(part.members, most, strict=True):
            self.low[members], self.high[members] = (high if alone else 0.0), high
            self.how[members] = SOLVED if high < self.k or alone else CERTIFIED
        return True

    def _wanted(self, part: _Part) -> Bools:
        matters = (self.system.is_cell | self.system.is_rest) & ~self.system.is_public
        return np.array([matters[members].any() for members in part.members], bool)


def _loaded(part: _Part, high: Floats) -> highspy.Highs:
    """HiGHS with the sums and bounds of a component."""
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = part.matrix.shape
    model.col_cost_ = np.zeros(len(high))
    model.col_lower_, model.col_upper_ = part.low, high
    model.row_lower_ = model.row_upper_ = part.right
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = part.matrix.indptr, part.matrix.indices
    model.a_matrix_.value_ = part.matrix.data
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("solver", "simplex")
    solver.setOptionValue("simplex_strategy", PRIMAL_SIMPLEX)
    solver.passModel(model)
    return solver


def _grouped(labels: Ints) -> dict[int, Ints]:
    order = np.argsort(labels, kind="stable")
    ends = np.flatnonzero(np.diff(labels[order])) + 1
    return {int(labels[places[0]]): places for places in np.split(order, ends) if len(places)}


def intervals(system: System, *, k: int, seconds: float) -> Intervals:
    """The interval of each unknown count.

    Args:
        k: an interval at least this wide is wide enough and need not be known exactly.
        seconds: after this time what is open is unsolved.
    """
    return Solver(system, k=k, seconds=seconds).solve()


def whole_numbers(low: Floats | Iterable[float], high: Floats | Iterable[float]) -> tuple[Floats, Floats]:
    """The interval in counts, which are whole."""
    return np.ceil(np.asarray(low) - TOLERANCE), np.floor(np.asarray(high) + TOLERANCE)
