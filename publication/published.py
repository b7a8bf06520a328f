"""From true rows to published rows: the disclosure decision applied, and nothing else that could tell."""

from collections.abc import Mapping

import pandas as pd

from privacy.disclosure import SHOWN
from publication.products import QUANTILES, SHARE, Product, chosen

Z95 = 1.96
SECONDS = 5
"""Travel times are rounded to these: a percentile is one vehicle's drive, and who followed it knows its seconds."""


def published(product: Product, rows: pd.DataFrame, *, status: pd.Series) -> pd.DataFrame:
    """The columns of the product; every measure is empty unless the row is shown."""
    table = _with_interval(product, rows.assign(status=status))
    shown = table["status"].isin(SHOWN)
    for measure in product.measure_names:
        table[measure] = table[measure].mask(~shown)
    return table[[column.name for column in product.columns]]


def _with_interval(product: Product, table: pd.DataFrame) -> pd.DataFrame:
    """The corrected figure with its 95 % interval, rounded: more digits would tell of the rows that it was estimated with."""
    if product.corrected is None:
        seconds = {name: (table[name] / SECONDS).round() * SECONDS for name in QUANTILES if name in table}
        index = {"buffer_index": table["buffer_index"].round(1)} if "buffer_index" in table else {}
        return table.assign(**seconds, **index)
    if product.corrected == SHARE:
        ends = {SHARE: table[SHARE], "low": table[f"{SHARE}_low"], "high": table[f"{SHARE}_high"]}
        return table.assign(**{name: column.round(4) for name, column in ends.items()})
    half = Z95 * table["expanded_se"]
    ends = {
        product.corrected: table["expanded"],
        "low": (table["expanded"] - half).clip(lower=0),
        "high": table["expanded"] + half,
    }
    # A figure without an error is not shown.
    return table.assign(**{name: column.mask(half.isna()).round().astype("Int64") for name, column in ends.items()})


def publish_all(tables: Mapping[str, pd.DataFrame], *, status: Mapping[str, pd.Series]) -> dict[str, pd.DataFrame]:
    """All products as they are published."""
    return {p.name: published(p, tables[p.name], status=status[p.name]) for p in chosen(tables)}
