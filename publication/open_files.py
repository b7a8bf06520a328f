"""The files of a release of the open tier, from what was drawn; the same bytes for the same draw."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import kordon
from kordon.tables import Column
from privacy.open_tier import DATASETS, Drawn
from publication import files
from publication.charts import largest_rows
from publication.datapackage import AUDITED, data_package
from publication.open_tables import tables_of
from publication.page import rendered
from publication.products import Product
from publication.staging import Terms

if TYPE_CHECKING:
    from kordon.city import City

SUBJECTS = {
    "trips": ("trips between zones, with noise", "ritten tussen zones, met ruis"),
    "passages": ("crossings of gates, with noise", "passages aan poorten, met ruis"),
    "visits": ("visits to cordons, with noise", "bezoeken aan kordons, met ruis"),
}
DESCRIPTION = (
    "Counts with noise that protects what one vehicle did on one day; each row has its margin.",
    "Tellingen met ruis die beschermt wat één voertuig op één dag deed; elke rij heeft haar marge.",
)


def write_drawn(folder: Path, drawn: Drawn, *, city: "City", terms: Terms, told: Mapping[str, Any]) -> None:
    """:func:`write` what was drawn for a dataset."""
    dataset = DATASETS[drawn.metadata["dataset"]]
    products = [table for table in tables_of(dataset) if table.name in drawn.tables]
    write(
        folder,
        drawn.tables,
        products=products,
        metadata={"measure": dataset.measure, **drawn.metadata},
        subject=SUBJECTS[dataset.measure],
        chart=largest_rows(products[0], drawn.tables[products[0].name]),
        city=city,
        terms=terms,
        told=told,
    )


def write(
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
    *,
    products: Sequence[Product],
    metadata: Mapping[str, Any],
    subject: tuple[str, str],
    chart: str,
    city: "City",
    terms: Terms,
    told: Mapping[str, Any],
) -> None:
    """Write the files of a release into an empty folder.

    Args:
        products: the tables, coarse to fine.
        metadata: what a reader must know of the noise.
        subject: what it is about, in English and Dutch.
        chart: SVG.
        told: what the plan says beside the draw: ``budget``, ``runs``, ``overrides``, ``config_hash``, ``correction``.
    """
    for table in products:
        rows = _shown(table, tables[table.name], city=city)
        files.write_csv(folder / f"{table.name}.csv", table, rows)
        files.write_parquet(folder / f"{table.name}.parquet", table, rows, timezone=city.timezone)
    files.write_geojson(folder / "sites.geojson", files.site_features(city))
    files.write_geojson(folder / "gates.geojson", files.gate_features(city))
    files.write_geojson(folder / "zones.geojson", files.zone_features(city))
    about = {
        "status": AUDITED,
        "tier": "open",
        "city": city.id,
        "dataset": metadata["dataset"],
        "period": {"first_day": terms.first_day, "last_day": terms.last_day},
        "version": terms.version,
        "replaces": f"v{terms.version - 1}" if terms.version > 1 else None,
        "code_version": kordon.__version__,
        **told,
        "privacy": dict(metadata),
    }
    package = data_package(
        folder=folder,
        city=city,
        about=about,
        created=terms.created_at,
        name=terms.series,
        subject=subject,
        description=DESCRIPTION,
        tables=products,
    )
    (folder / "datapackage.json").write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    text = rendered(
        "open_page.html.j2",
        city=city,
        package=package,
        products=products,
        odds=100 / (1 + math.exp(-metadata["epsilon"])),
        chart=chart,
    )
    (folder / "index.html").write_text(text, encoding="utf-8")


def renamed(column: Column, name: str, *, en: str, nl: str) -> Column:
    """A column of a closed table as a release names and explains it."""
    return replace(column, name=name, en=en, nl=nl, may_be_null=True)


def _shown(table: Product, rows: pd.DataFrame, *, city: "City") -> pd.DataFrame:
    named = rows[[column.name for column in table.columns]].copy()
    if "hour" in named:
        named["hour"] = pd.to_datetime(named["hour"], utc=True).dt.tz_convert(city.timezone).dt.as_unit("us")
    return named
