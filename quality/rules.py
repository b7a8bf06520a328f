"""The rules that a table's record implies, and the one that a step's accounts obey: each bounds one number per service day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kordon.tables import Table

ROWS, NULL, RANGE, SET, KEY, RECONCILIATION = "rows", "null", "range", "set", "key", "reconciliation"

BLOCKING, WARNING = "blocking", "warning"

LEFT_EMPTY = frozenset({"core_open_visit"})
"""Core tables that have no rows on a good day: where every key lives a day, nobody is still inside at its end."""


@dataclass(frozen=True)
class Rule:
    """One number about a table on a day, the bounds that it must keep, and what a breach means.

    ``entity`` is the column, the key or the step that the rule is about. A rule of a table without ``service_day`` is judged
    on one day only.
    """

    table: str
    check: str
    entity: str
    at_least: float = 0
    at_most: float | None = 0
    severity: str = BLOCKING
    is_daily: bool = True

    @property
    def name(self) -> str:
        """Its name on the command line and as a column of facts; no table or check has a dot in its name."""
        return f"{self.table}.{self.check}.{self.entity}"

    @property
    def expected(self) -> str:
        return f"{self.at_least:g}" if self.at_least == self.at_most else f">= {self.at_least:g}"


def table_rules(table: Table) -> Iterator[Rule]:
    """The rules of a table, the number of rows first: everything but that number counts what should not be there."""

    def violations(check: str, entity: str) -> Rule:
        return Rule(table.name, check, entity, is_daily=table.is_daily)

    must_have_rows = table.name.startswith("core_") and table.name not in LEFT_EMPTY
    yield Rule(
        table.name,
        ROWS,
        "table",
        at_least=1 if must_have_rows else 0,
        at_most=None,
        severity=WARNING,
        is_daily=table.is_daily,
    )
    yield violations(KEY, "+".join(table.key))
    for column in table.columns:
        if not column.may_be_null:
            yield violations(NULL, column.name)
        if column.at_least is not None or column.at_most is not None:
            yield violations(RANGE, column.name)
        if column.one_of is not None:
            yield violations(SET, column.name)


def step_rule(step: str) -> Rule:
    """A step accounts for its rows: what came in minus what went out minus what was dropped for a reason is nothing."""
    # A step may also hand out more than it took in, which is as wrong; hence both bounds are 0.
    return Rule("ops_reconciliation", RECONCILIATION, step)


def rules(tables: Iterable[Table], *, step: str | None = None) -> list[Rule]:
    """The rules of some tables, and that of a step's accounts where a step is named."""
    found = [rule for table in tables for rule in table_rules(table)]
    return [*found, step_rule(step)] if step else found
