"""Disclosure control of the shared tier: which rows of a release show a value.

Two rules. Primary: a row whose count comes from fewer than ``k`` distinct vehicles, or for the most part from one or two of them
(a fleet, a taxi on its round), is hidden, whole. Complementary: so are
rows without which a hidden count could be worked out from the rest of the release (``privacy.day_relations`` lists how).
A reader cannot tell one from the other. The threshold counts vehicles that were seen, before any expansion.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from privacy.day_relations import ALL, COUNT, COUNTED, crossings, day_system, initially_hidden, withheld
from privacy.relations import Bools
from privacy.suppression import hide_more, too_narrow

OK, SUPPRESSED, MISSING, PARTIAL, STRUCTURAL_ZERO = "ok", "suppressed", "missing", "partial", "structural_zero"
STATUSES = (OK, SUPPRESSED, MISSING, PARTIAL, STRUCTURAL_ZERO)
SHOWN = (OK, PARTIAL)

FLOOR = 10
"""The least threshold of the shared tier; a city may be stricter."""

MOST_OF_ONE, MOST_OF_TWO = 0.4, 0.6
"""The largest shares of a count that one vehicle, and the two with most, may have (privacy.md 2.3)."""

CONTRIBUTORS = {
    "gate_hour": ("vehicles",),
    "od_day": ("vehicles",),
    "gate_pair_day": ("vehicles",),
    # entries - through is published too, by subtraction.
    "through_day": ("vehicles", "through_vehicles", "other_vehicles"),
    "dwell_day": ("vehicles",),
    "travel_time_hour": ("vehicles",),
    "od_month_hour": ("vehicles",),
}
COUNT_OF = {**COUNT, "travel_time_hour": "n", "od_month_hour": "trips"}
"""The count of each product that a share of what is shown is told of."""
OF_NO_VEHICLE = ("camera_health_day",)
"""Products that no vehicle decides: their rows are shown as they are."""
LEAST = {"travel_time_hour": 30}
"""Products with a threshold of their own, whatever lower one the city has: the ends of a spread are single vehicles."""


Report = dict[str, dict[str, int | float | None]]


@dataclass(frozen=True)
class Disclosure:
    """What may be shown.

    Attributes:
        status: per product, the published status of each row, in the order of the rows.
        report: per product that counts vehicles, how many rows are shown and hidden, and the share of its count that is shown.
        narrow: hidden counts that stay narrow although nothing more can be hidden; each follows from public facts alone.
    """

    status: dict[str, pd.Series]
    report: Report
    narrow: int


def disclose(
    tables: Mapping[str, pd.DataFrame],
    *,
    gates: Iterable[tuple[str, str, str, str]],
    zone_of: Mapping[str, str],
    k: int,
    k_travel_time: int = LEAST["travel_time_hour"],
    most_of_one: float = MOST_OF_ONE,
    most_of_two: float = MOST_OF_TWO,
    hidden_before: Mapping[str, Bools] | None = None,
) -> Disclosure:
    """Decide on all tables of a release together.

    Args:
        tables: per product that is published its dense rows: keys with ``date``, true counts, numbers of vehicles, and the status of
            the cells (``ok``, ``low_n``, ``partial``, ``missing``, ``structural_zero``).
        gates: (cordon_id, gate_id, site_id, direction) of every record of ``gates.csv``.
        zone_of: the zone of every site.
        k: fewest distinct vehicles of a shown row; ``k_travel_time`` of a travel time.
        most_of_one, most_of_two: the largest share of a shown count that one vehicle, and two, may have; of 1.
        hidden_before: per product, the rows that an earlier version hides; they stay so.

    Raises:
        ValueError: the threshold lies below the floor of the tier, or a table does not count its vehicles.
    """
    if k < FLOOR:
        raise ValueError(f"the shared tier shows nothing of fewer than {FLOOR} vehicles, not {k}")
    unseen = {product: table["status"] for product, table in tables.items() if product in OF_NO_VEHICLE}
    tables = {product: table for product, table in tables.items() if product not in unseen}
    known = crossings(gates)
    kept_back = withheld(known)
    primary = {
        product: too_few(
            table,
            product=product,
            k=max(k, k_travel_time) if product in LEAST else k,
            most_of_one=most_of_one,
            most_of_two=most_of_two,
        )
        for product, table in tables.items()
    }
    hidden = {product: mask.copy() for product, mask in primary.items()}
    for product, mask in (hidden_before or {}).items():
        hidden[product] |= mask & has_value(tables[product])
    if "gate_hour" in tables:
        gate_hour = tables["gate_hour"]
        places = zip(gate_hour["cordon_id"], gate_hour["gate_id"], gate_hour["direction"], strict=True)
        hidden["gate_hour"] |= np.array([place in kept_back for place in places], bool) & has_value(gate_hour)
    narrow = 0
    total_shown = dict.fromkeys(tables, True)
    tied = {product: table for product, table in tables.items() if product in COUNT}
    for day in sorted({day for table in tied.values() for day in table["date"]}):
        of_day = {product: (table["date"] == day).to_numpy() for product, table in tied.items()}
        system = day_system({p: table[of_day[p]] for p, table in tied.items()}, known=known, zone_of=zone_of)
        start = initially_hidden(system, {p: hidden[p][of_day[p]] for p in tied})
        rows = hide_more(system.system, hidden_rows=start, k=k)
        narrow += len(too_narrow(system.system, hidden_rows=rows, k=k))
        for product in tied:
            numbers = system.rows[product]
            hidden[product][of_day[product]] = (numbers >= 0) & rows[numbers]
            total_shown[product] &= not rows[system.totals[product]]
    status = {product: _status(table, hidden=hidden[product]) for product, table in tables.items()}
    report = {
        product: _report(
            table, product=product, status=status[product], primary=primary[product], with_share=total_shown[product]
        )
        for product, table in tables.items()
    }
    return Disclosure({**status, **unseen}, report, narrow)


def later_report(tables: Mapping[str, pd.DataFrame], status: Mapping[str, pd.Series]) -> Report:
    """The report of a later version, from its published status: less than of a first one.

    How many rows are hidden for which reason, and which share of the count is shown, would tell in two versions what came between.
    """
    found: Report = {}
    for product, table in tables.items():
        if product not in OF_NO_VEHICLE:
            of_product = _report(
                table, product=product, status=status[product], primary=np.zeros(len(table), bool), with_share=False
            )
            found[product] = {**of_product, "hidden_primary": None, "hidden_complementary": None}
    return found


def has_value(table: pd.DataFrame) -> Bools:
    """The rows whose cameras could count."""
    found: Bools = table["status"].isin(COUNTED).to_numpy()
    return found


def too_few(
    table: pd.DataFrame,
    *,
    product: str,
    k: int,
    most_of_one: float = MOST_OF_ONE,
    most_of_two: float = MOST_OF_TWO,
) -> Bools:
    """The rows with fewer than ``k`` distinct vehicles behind any count that they tell, 0 is fewer, or dominated by one or two.

    Raises:
        ValueError: the table does not say how many vehicles there were: nothing is published uncounted.
    """
    absent = set(CONTRIBUTORS[product]) - set(table.columns)
    if absent:
        raise ValueError(f"{product} has no {', '.join(sorted(absent))}: its rows cannot be judged")
    least = table[list(CONTRIBUTORS[product])].fillna(0).min(axis=1).to_numpy()
    is_dominated = dominated(table, most_of_one=most_of_one, most_of_two=most_of_two)
    found: Bools = ((least < max(k, LEAST.get(product, 0))) | is_dominated) & has_value(table)
    return found


def dominated(table: pd.DataFrame, *, most_of_one: float = MOST_OF_ONE, most_of_two: float = MOST_OF_TWO) -> Bools:
    """The rows of which one vehicle has more than a share of the count, or the two with most more than another.

    Args:
        table: rows with ``largest_share`` and ``top_two_share``, of 1; a table without these columns, or a row without the value,
            is taken to be of many equal vehicles.
    """
    found: Bools = np.zeros(len(table), bool)
    for column, most in (("largest_share", most_of_one), ("top_two_share", most_of_two)):
        if column in table:
            found |= table[column].astype("Float64").fillna(0).to_numpy(np.float64) > most
    return found


def _status(table: pd.DataFrame, *, hidden: Bools) -> pd.Series:
    given = table["status"].where(table["status"] != "low_n", OK)
    return given.where(~pd.Series(hidden, index=table.index), SUPPRESSED)


def _report(
    table: pd.DataFrame, *, product: str, status: pd.Series, primary: Bools, with_share: bool
) -> dict[str, int | float | None]:
    shown = status.isin(SHOWN).to_numpy()
    suppressed = (status == SUPPRESSED).to_numpy()
    counted = table["vehicle_class"] != ALL if product == "through_day" else pd.Series(True, index=table.index)
    counts = table[COUNT_OF[product]].fillna(0).where(counted & has_value(table), 0).to_numpy(np.int64)
    share = round(100 * float(counts[shown].sum()) / float(counts.sum()), 1) if with_share and counts.sum() else None
    return {
        "rows": len(table),
        "shown": int(shown.sum()),
        "hidden_primary": int(primary.sum()),
        "hidden_complementary": int((suppressed & ~primary).sum()),
        "no_value": int((~shown & ~suppressed).sum()),
        "shown_rows_pct": round(100 * float(shown.mean()), 1) if len(table) else 0.0,
        "shown_count_pct": share,
    }
