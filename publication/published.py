"""From true rows to published rows: the disclosure decision applied, and nothing else that could tell."""

from collections.abc import Mapping

import pandas as pd

from privacy.disclosure import SHOWN
from publication.products import PRODUCTS, SHARE, Product


def published(product: Product, rows: pd.DataFrame, *, status: pd.Series) -> pd.DataFrame:
    """The columns of the product; every measure is empty unless the row is shown."""
    table = rows.assign(status=status)
    if SHARE in product.measure_names:
        share = table["through"].astype("Float64") / table["entries"].astype("Float64")
        table[SHARE] = share.mask(table["entries"] == 0).round(4)
    shown = table["status"].isin(SHOWN)
    for measure in product.measure_names:
        table[measure] = table[measure].mask(~shown)
    return table[[column.name for column in product.columns]]


def publish_all(tables: Mapping[str, pd.DataFrame], *, status: Mapping[str, pd.Series]) -> dict[str, pd.DataFrame]:
    """All products as they are published."""
    return {p.name: published(p, tables[p.name], status=status[p.name]) for p in PRODUCTS}
