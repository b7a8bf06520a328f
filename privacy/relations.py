"""What a reader of a release can add up: unknown counts, the rows that show them, and the sums that tie them together."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEVER_SHOWN = -1
"""The row of a count that no table shows, such as entries without an exit: it can only be worked out."""


@dataclass(frozen=True)
class Relation:
    """``sum(coefficients * counts of variables) == 0``, known to everybody. Each variable stands in it once."""

    name: str
    variables: Ints
    coefficients: Ints


@dataclass(frozen=True)
class System:
    """All counts of one day that are published or could be worked out.

    Attributes:
        values: the true count of each variable.
        row_of: the row that shows a variable, or ``NEVER_SHOWN``. Variables of one row are shown or hidden together.
        costs: per row, what hiding it loses; the cheapest is hidden first.
        relations: the sums. They hold for the true counts, and a reader knows them.
    """

    values: Ints
    row_of: Ints
    costs: NDArray[np.float64]
    relations: tuple[Relation, ...]

    def hidden_variables(self, hidden_rows: Bools) -> Bools:
        """Which variables a reader does not see when these rows are hidden."""
        shown = np.append(~hidden_rows, False)  # the last place answers for NEVER_SHOWN
        hidden: Bools = ~shown[self.row_of]
        return hidden


@dataclass
class SystemBuilder:
    """Collects rows, variables and relations of a :class:`System`."""

    _values: list[int] = field(default_factory=list)
    _row_of: list[int] = field(default_factory=list)
    _costs: list[float] = field(default_factory=list)
    _relations: list[Relation] = field(default_factory=list)

    def rows(self, costs: Sequence[float] | NDArray[np.float64]) -> Ints:
        """New rows with these costs; their numbers."""
        first = len(self._costs)
        self._costs += [float(cost) for cost in costs]
        return np.arange(first, len(self._costs), dtype=np.int64)

    def variables(self, values: Sequence[int] | Ints, *, rows: Ints) -> Ints:
        """New variables with these counts, shown by these rows; their numbers."""
        first = len(self._values)
        self._values += [int(value) for value in values]
        self._row_of += [int(row) for row in rows]
        return np.arange(first, len(self._values), dtype=np.int64)

    def never_shown(self, value: int) -> Ints:
        """A count that can only be worked out. The relations are approximate at the edges of a day: never below zero."""
        return self.variables([max(value, 0)], rows=np.array([NEVER_SHOWN]))

    def relate(self, name: str, *, parts: Sequence[Ints], whole: Sequence[Ints]) -> None:
        """The parts add up to the whole. A variable may stand in the parts more than once."""
        numbers = np.concatenate([*parts, *whole])
        signs = np.concatenate([np.ones(sum(map(len, parts)), np.int64), -np.ones(sum(map(len, whole)), np.int64)])
        unique, place = np.unique(numbers, return_inverse=True)
        coefficients = np.zeros(len(unique), np.int64)
        np.add.at(coefficients, place, signs)
        kept = coefficients != 0
        if kept.any():
            self._relations.append(Relation(name, unique[kept], coefficients[kept]))

    def value(self, variables: Ints) -> int:
        """The true sum of some variables."""
        return sum(self._values[number] for number in variables)

    def build(self) -> System:
        return System(
            values=np.array(self._values, np.int64),
            row_of=np.array(self._row_of, np.int64),
            costs=np.array(self._costs, np.float64),
            relations=tuple(self._relations),
        )
