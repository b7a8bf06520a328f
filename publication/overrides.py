"""Quality rules that somebody let through, as a release tells them."""

import pandas as pd


def overrides_of(facts: pd.DataFrame) -> list[str]:
    """A sentence a rule and day: the day, the rule, who let it through and why.

    Args:
        facts: rows of ``ops_quality`` with severity ``overridden``; those of lakes before 0.1 do not say who and why.
    """
    told = set()
    for row in facts.to_dict("records"):
        rule = f"{row['service_day']}: {row['table']}.{row['check']}.{row['entity']}"
        who = row.get("override_by")
        told.add(f"{rule}, let through by {who}: {row['override_reason']}" if isinstance(who, str) else rule)
    return sorted(told)
