"""Passages: is every crossing that a camera read there once, and nothing else? (CONTRACT section 4, `core_passage`)"""

from dataclasses import dataclass

import numpy as np

from fidelity.boundaries import Seen
from fidelity.truth import Truth
from fidelity.view import View


@dataclass(frozen=True)
class Passages:
    """Rows of a product's passages by what they truly are.

    ``double``: rows beyond the first of one true crossing. ``opposite``, ``phantom``: rows whose first read is of the other
    lane, or of no vehicle. ``unknown``: rows whose first read the truth does not have. ``crossings``: true crossings with a
    read of the right plate; ``lost``: of these, without any row.
    """

    rows: int
    double: int
    opposite: int
    phantom: int
    unknown: int
    crossings: int
    lost: int

    @property
    def left(self) -> int:
        """Rows that are no crossing of their own."""
        return self.double + self.opposite + self.phantom


def passages(view: View, *, truth: Truth, base: Seen) -> Passages:
    """Account for the rows of ``view.passage``."""
    first = view.passage.first_read.to_numpy()
    known = truth.read.iloc[first[first >= 0]]
    crossing = base.of_passage[known.passage[(known.status != "opposite") & (known.passage >= 0)]]
    crossing = crossing[crossing >= 0]
    read = truth.read
    right = np.unique(base.of_passage[read.passage[(read.status == "ok") & (read.passage >= 0)]])
    held = (view.read_passage >= 0) & (read.passage >= 0) & (read.status != "opposite")
    there = base.of_passage[read.passage[held]]
    return Passages(
        rows=len(first),
        double=len(crossing) - len(np.unique(crossing)),
        opposite=int((known.status == "opposite").sum()),
        phantom=int((known.status == "phantom").sum()),
        unknown=int((first < 0).sum()),
        crossings=len(right),
        lost=int((~np.isin(right, there)).sum()),
    )
