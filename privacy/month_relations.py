"""Disclosure control of trips by hour in a month, beside the daily tables that are published of the same trips.

The hours of a pair of zones on days of one type add up to its daily counts of those days, over all classes. So a month's hidden hours
follow from its shown ones and the days, and a day's hidden counts from a month that shows all its hours. Daily tables are out
already, and stay as they are: only hours can still be hidden.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from privacy.disclosure import MOST_OF_ONE, MOST_OF_TWO, OK, SUPPRESSED, too_few
from privacy.relations import NEVER_SHOWN, Bools, Ints, SystemBuilder
from privacy.suppression import hide_more

PAIR = ["day_type", "origin_zone_id", "destination_zone_id"]


def hidden_hours(
    month: pd.DataFrame,
    *,
    daily: pd.DataFrame,
    k: int,
    most_of_one: float = MOST_OF_ONE,
    most_of_two: float = MOST_OF_TWO,
    hidden_before: Bools | None = None,
) -> Bools:
    """The rows to hide: those of too few vehicles, and those without which a hidden count of hours or days follows.

    Args:
        month: a row a cell, with ``trips``, ``vehicles`` (the most of a single key period), perhaps ``largest_share`` and
            ``top_two_share``, ``status``.
        daily: a row a daily cell of the same trips with :data:`PAIR`, exact ``trips`` and ``is_shown``; of all days of a type, or none.
        hidden_before: rows that an earlier version hides.
    """
    hidden = too_few(month, product="od_month_hour", k=k, most_of_one=most_of_one, most_of_two=most_of_two)
    if hidden_before is not None:
        hidden |= hidden_before
    if daily.empty:
        return hidden
    builder = SystemBuilder()
    trips = month["trips"].to_numpy(np.int64)
    rows = builder.rows(trips.astype(np.float64))
    hours = builder.variables(trips, rows=rows)
    unseen_of_type: dict[str, list[Ints]] = {}

    def known(value: int) -> Ints:
        """What is out already: dearer than any hour, as it cannot be hidden."""
        return builder.variables([value], rows=builder.rows([np.inf]))

    of_days = dict(iter(daily.groupby(PAIR, sort=False)))
    for pair, of_pair in month.reset_index(drop=True).groupby(PAIR, sort=False):
        days = of_days.get(pair)
        if days is None:
            continue
        unseen = days.loc[~days["is_shown"], "trips"].to_numpy(np.int64)
        shown = known(int(days.loc[days["is_shown"], "trips"].sum()))
        # Of days that are hidden it matters whether there is one or more: any of several can take what another gives up.
        alone = [unseen[:1].sum(), unseen[1:].sum()][: min(len(unseen), 2)]
        hidden_days = builder.variables(alone, rows=np.full(len(alone), NEVER_SHOWN))
        builder.relate(" ".join(map(str, pair)), parts=[hours[of_pair.index.to_numpy()]], whole=[shown, hidden_days])
        unseen_of_type.setdefault(str(pair[0]), []).append(hidden_days)
    for kind, unseen_days in unseen_of_type.items():
        # The share of trips that a day's report gives tells how many its hidden rows have together.
        total = known(sum(builder.value(variables) for variables in unseen_days))
        builder.relate(f"{kind}: hidden trips", parts=unseen_days, whole=[total])
    system = builder.build()
    hidden_rows = np.concatenate([hidden, np.zeros(len(system.costs) - len(hidden), bool)])
    found: Bools = hide_more(system, hidden_rows=hidden_rows, k=k)[: len(hidden)]
    return found


def status_of(hidden: Bools) -> pd.Series:
    """The published status of rows of which some are hidden."""
    return pd.Series(np.where(hidden, SUPPRESSED, OK), dtype=object)


def pairs_of(days: Sequence[str], table: pd.DataFrame, *, day_types: dict[str, str]) -> pd.DataFrame:
    """A daily table with the type of its days, of the types of which every one of ``days`` is in it.

    Args:
        days: all days of the month, ISO 8601.
        table: rows with ``date`` as text.
    """
    have = set(table["date"])
    whole = {kind for kind in day_types.values() if all(day in have for day in days if day_types[day] == kind)}
    named = table.assign(day_type=table["date"].map(day_types))
    return named[named["day_type"].isin(whole)]
