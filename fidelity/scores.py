"""What a statistic is: a measure on the product and on the naive method, held against a goal."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple


@dataclass(frozen=True)
class Goal:
    """``at least`` or ``at most`` a limit, ``within`` it on both sides of 0, or ``from`` it up to ``upper``, in the
    statistic's unit."""

    kind: Literal["at least", "at most", "within", "from"]
    limit: float
    upper: float = math.inf

    def met(self, value: float) -> bool:
        if self.kind in ("at least", "from"):
            return self.limit <= value <= self.upper
        return (abs(value) if self.kind == "within" else value) <= self.limit

    def __str__(self) -> str:
        if self.kind == "from":
            return f"{self.limit:g} to {self.upper:g}"
        sign = {"at least": "≥ ", "at most": "≤ ", "within": "± "}[self.kind]
        return f"{sign}{self.limit:g}"


@dataclass(frozen=True)
class Statistic:
    """A row of the report before anything was measured; ``unit`` 1 is a plain number."""

    key: str
    group: str
    name: str
    unit: str
    explanation: str
    goal: Goal | None = None


class Measure(NamedTuple):
    """A statistic on the product (None: absent) and on the naive method, and the number of cases behind it."""

    value: float | None = None
    naive: float | None = None
    n: int | None = None


Measures = dict[str, Measure]  # by key; "key:part" is the statistic of one part, such as a cordon


@dataclass(frozen=True)
class Score:
    """A row of the report. ``value`` is None when it is absent: the tables or columns behind it are not there, or nothing
    in the truth calls for it."""

    key: str
    group: str
    statistic: str
    value: float | None
    unit: str
    n: int | None
    explanation: str
    goal: Goal | None = None
    naive: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached; None without goal or value."""
        return None if self.goal is None or self.value is None else self.goal.met(self.value)


def number(value: float | None) -> float | None:
    """A plain number, or None for NaN: what a division of nothing by nothing gives."""
    return None if value is None or math.isnan(value) else float(value)


def share(part: float | None, whole: float | None, *, per: float = 100) -> float | None:
    """part / whole times ``per``; None of nothing."""
    return per * part / whole if part is not None and whole else None


def part_of(found: object | None, name: str) -> float | None:
    """A number of a result that may not be there."""
    return number(getattr(found, name)) if found is not None else None
