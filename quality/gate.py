"""The gate: what a run calls with a step's tables and accounts before it commits them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from kordon.accounts import Account
from kordon.run import Fact
from kordon.tables import TABLES
from quality.facts import facts
from quality.rules import Rule, rules, step_rule
from quality.suite import breached

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame

NO_DAY = date(1970, 1, 1)
"""Where the facts of tables without ``service_day`` stand when the step accounts for no day: ingest found no usable line."""


def judge(step: str, tables: "Mapping[str, DataFrame]", accounts: list[Account]) -> list[Fact]:
    """Judge a step: a :data:`kordon.run.Judge`.

    Args:
        step: its name, the entity of the rule that its rows are accounted for.
        tables: what it hands over, by table name, persisted.
        accounts: its rows by day and reason.

    Returns:
        A fact per rule and day, with severity ``ok``, ``warning`` or ``blocking``.
    """
    left = unaccounted(accounts)
    found = facts(tables, undated=max(left, default=NO_DAY), days=left)
    if left:
        found[step_rule(step).name] = [float(left.get(day, 0)) for day in found.index]
    return judged(found, rules((TABLES[name] for name in tables), step=step if left else None), step=step)


def unaccounted(accounts: Iterable[Account]) -> dict[date, int]:
    """By day what came in minus what went out or was dropped for a reason; days without rows are left out."""
    left: dict[date, int] = {}
    for account in accounts:
        if account.rows:
            left[account.service_day] = left.get(account.service_day, 0) + account.rows * (1 if account.reason == "in" else -1)
    return left


def _worst(found: "pd.DataFrame", of: list[Rule]) -> "tuple[pd.DataFrame, dict[Rule, list[Rule]]]":
    """The smallest and the largest number of each day under rules of the same bounds, and for each of the two those rules.

    An expectation costs 15 ms and a run has 400: the extremes are judged first, and rule by rule only where one is out of bounds.
    """
    import pandas as pd

    columns, bounds = {}, {}
    for least, most in sorted({(rule.at_least, rule.at_most) for rule in of}, key=str):
        same = [rule for rule in of if (rule.at_least, rule.at_most) == (least, most)]
        numbers = found[[rule.name for rule in same]]
        for which, extreme in (("smallest", numbers.min(axis=1)), ("largest", numbers.max(axis=1))):
            bound = Rule("facts", which, f"{least}..{most}", at_least=least, at_most=most)
            columns[bound.name], bounds[bound] = extreme, same
    return pd.DataFrame(columns), bounds


def judged(found: "pd.DataFrame", of: list[Rule], *, step: str) -> list[Fact]:
    """The facts of a facts table, each with the severity that Great Expectations' verdict gives it.

    Args:
        found: a row per service day, a column per rule.
        of: the rules of those columns.
    """
    if found.empty:
        return []
    worst, bounds = _worst(found, of)
    beyond = breached(worst, list(bounds), name=step)
    under_suspicion = list(dict.fromkeys(rule for bound, same in bounds.items() if bound.name in beyond for rule in same))
    failed = breached(found, under_suspicion, name=step) if under_suspicion else set()
    suspects = [rule for rule in under_suspicion if rule.name in failed]
    # A result without values does not tell which day failed: a bad day is rare, so only then is each validated alone.
    columns = found[[rule.name for rule in suspects]]
    by_day = {day: breached(columns.loc[[day]], suspects, name=step) if suspects else set() for day in found.index}
    return [
        Fact(
            service_day=day,
            table=rule.table,
            check=rule.check,
            entity=rule.entity,
            value=value,
            expected=rule.expected,
            severity=rule.severity if rule.name in by_day[day] else "ok",
        )
        for rule in of
        for day, value in zip(found.index, found[rule.name].tolist(), strict=True)
        if value == value  # noqa: PLR0124 - NaN: the table has no say on this day
    ]
