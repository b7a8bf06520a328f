"""The main numbers of a release, from its published rows alone: what the page says must follow from the files."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from privacy.day_relations import ALL
from publication.products import SHARE

LEFT_OUT = 0.05
"""Hours in which cameras were down for long have no estimate; a sum that lacks more of the count would pretend to be of all."""


def summary(published: Mapping[str, pd.DataFrame], *, cordons: tuple[str, ...]) -> dict[str, Any]:
    """Through share per cordon, and crossings and trips that are shown, each with its 95 % interval.

    Errors of rows go together where they come from the same cameras, so the ends of intervals are added up: at most too wide.

    Returns:
        What the published products tell: ``days``; ``trips``; ``crossings`` by cordon and direction; ``entries`` and
        ``through_share`` by cordon, over the days on which they are shown. A figure is None where nothing is shown, else
        ``counted`` (not for shares), ``value``, ``low``, ``high``, the last three None where cameras do not tell how much they
        miss. Rows without an estimate are left out of these when they hold at most :data:`LEFT_OUT` of the count; ``left_out`` is
        theirs.
    """
    through, gates, trips = (published.get(name) for name in ("through_day", "gate_hour", "od_day"))
    everyone = {} if through is None else _by_cordon(through[through["vehicle_class"] == ALL], cordons)
    crossed = {} if gates is None else _by_cordon(gates, cordons)
    entries = {cordon: int(rows["entries"].sum()) for cordon, rows in everyone.items()}
    return {
        "days": max((table["date"].nunique() for table in published.values()), default=0),
        "trips": None if trips is None else _total(trips, "trips"),
        "entries": {cordon: entered or None for cordon, entered in entries.items()},
        "through_share": {cordon: _share(rows) for cordon, rows in everyone.items()},
        "crossings": {
            cordon: {way: _total(rows[rows["direction"] == way], "passages") for way in ("in", "out")}
            for cordon, rows in crossed.items()
        },
    }


def _by_cordon(rows: pd.DataFrame, cordons: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    return {cordon: rows[rows["cordon_id"] == cordon] for cordon in cordons}


def _total(rows: pd.DataFrame, counted: str) -> dict[str, int | None] | None:
    shown = rows[rows[counted].notna()]
    if shown.empty:
        return None
    columns = {"value": f"{counted}_expanded", "low": "low", "high": "high"}
    corrected = shown[shown["high"].notna()]
    count, left_out = int(shown[counted].sum()), int(shown[counted].sum() - corrected[counted].sum())
    if left_out > LEFT_OUT * count:
        return {"counted": count, "left_out": left_out, **dict.fromkeys(columns)}
    return {"counted": count, "left_out": left_out, **{name: int(corrected[column].sum()) for name, column in columns.items()}}


def _share(rows: pd.DataFrame) -> dict[str, float | None] | None:
    shown = rows[rows["entries"].notna() & rows[SHARE].notna()]
    entered = float(shown["entries"].sum())
    if not entered:
        return None
    columns = {"value": SHARE, "low": "low", "high": "high"}
    return {name: round(float((shown[column] * shown["entries"]).sum()) / entered, 4) for name, column in columns.items()}
