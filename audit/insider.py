"""What somebody with the lake can check beside: that shown rows rest on enough vehicles."""

from collections.abc import Mapping, Sequence

import pandas as pd

from audit.attacks import EXAMPLES, Finding, _where
from audit.files import SHOWN, Release
from audit.schema import KEYS


def enough_vehicles(releases: Sequence[Release], cells: Mapping[str, pd.DataFrame], *, k: int) -> Finding:
    """Shown rows behind which fewer than ``k`` distinct vehicles were seen, whatever the figure shown was scaled to.

    Args:
        cells: per product the rows of its cell table, with ``vehicles``.
    """
    few: list[str] = []
    rows = 0
    for release in releases:
        for product in sorted(set(release.tables) & set(cells)):
            shown = release.tables[product]
            shown = shown[shown["status"].isin(SHOWN)]
            seen = _keyed(cells[product])
            names = [name for name in ("vehicles", "through_vehicles", "other_vehicles") if name in seen]
            both = _instants(shown).merge(_instants(seen)[[*KEYS[product], *names]], on=list(KEYS[product]), how="left")
            rows += len(both)
            least = both[names].fillna(0).min(axis=1)
            few += [f"{product}: {_where(product, row)}" for row in both[least < k].to_dict("records")]
    reached: dict[str, float | int | None] = {"shown_rows": rows, "of_too_few_vehicles": len(few)}
    return Finding(
        12, "Shown rows rest on enough vehicles", reached, {"of_too_few_vehicles": 0}, few[:EXAMPLES], applies=rows > 0
    )


def _keyed(cells: pd.DataFrame) -> pd.DataFrame:
    named = cells.rename(columns={"service_day": "date", "hour_ts": "hour"})
    return named.assign(date=named["date"].astype(str).str[:10]) if "date" in named else named


def _instants(table: pd.DataFrame) -> pd.DataFrame:
    """Hours as instants: files write them in local time."""
    return table.assign(hour=pd.to_datetime(table["hour"], utc=True)) if "hour" in table else table
