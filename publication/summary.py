"""The main numbers of a release, from its published rows alone: what the page says must follow from the files."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from privacy.day_relations import ALL


def summary(published: Mapping[str, pd.DataFrame], *, cordons: tuple[str, ...]) -> dict[str, Any]:
    """Through share per cordon, and crossings and trips that are shown.

    Returns:
        ``days``; ``trips``; ``through_share`` and ``entries`` by cordon, over the days on which they are shown (None when on
        none); ``crossings`` by cordon and direction.
    """
    through, gates = published["through_day"], published["gate_hour"]
    everyone = through[(through["vehicle_class"] == ALL) & through["entries"].notna()]
    shares: dict[str, float | None] = {}
    entries: dict[str, int | None] = {}
    for cordon in cordons:
        rows = everyone[everyone["cordon_id"] == cordon]
        entered = int(rows["entries"].sum())
        shares[cordon] = round(int(rows["through"].sum()) / entered, 4) if entered else None
        entries[cordon] = entered or None
    crossed = gates.groupby(["cordon_id", "direction"])["passages"].sum()
    return {
        "days": int(gates["date"].nunique()),
        "trips": int(published["od_day"]["trips"].sum()),
        "entries": entries,
        "through_share": shares,
        "crossings": {cordon: {way: int(crossed.get((cordon, way), 0)) for way in ("in", "out")} for cordon in cordons},
    }
