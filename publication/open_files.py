"""The files of a release of the open tier, from what was drawn; the same bytes for the same draw."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import kordon
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


def write(folder: Path, drawn: Drawn, *, city: "City", terms: Terms, told: Mapping[str, Any]) -> None:
    """Write the files into an empty folder.

    Args:
        told: what the plan says beside the draw: ``budget``, ``runs``, ``overrides``, ``config_hash``, ``correction``.
    """
    dataset = DATASETS[drawn.metadata["dataset"]]
    tables = [table for table in tables_of(dataset) if table.name in drawn.tables]
    for table in tables:
        rows = _shown(table, drawn.tables[table.name], city=city)
        files.write_csv(folder / f"{table.name}.csv", table, rows)
        files.write_parquet(folder / f"{table.name}.parquet", table, rows, timezone=city.timezone)
    files.write_geojson(folder / "sites.geojson", files.site_features(city))
    files.write_geojson(folder / "gates.geojson", files.gate_features(city))
    files.write_geojson(folder / "zones.geojson", files.zone_features(city))
    about = {
        "status": AUDITED,
        "tier": "open",
        "city": city.id,
        "dataset": dataset.name,
        "period": {"first_day": terms.first_day, "last_day": terms.last_day},
        "version": terms.version,
        "replaces": f"v{terms.version - 1}" if terms.version > 1 else None,
        "code_version": kordon.__version__,
        **told,
        "privacy": {"measure": dataset.measure, **drawn.metadata},
    }
    package = data_package(
        folder=folder,
        city=city,
        about=about,
        created=terms.created_at,
        name=terms.series,
        subject=SUBJECTS[dataset.measure],
        description=DESCRIPTION,
        tables=tables,
    )
    (folder / "datapackage.json").write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    coarsest = tables[0]
    text = rendered(
        "open_page.html.j2",
        city=city,
        package=package,
        products=tables,
        total=drawn.metadata["total"],
        odds=100 / (1 + math.exp(-drawn.metadata["epsilon"])),
        chart=largest_rows(coarsest, drawn.tables[coarsest.name]),
    )
    (folder / "index.html").write_text(text, encoding="utf-8")


def _shown(table: Product, rows: pd.DataFrame, *, city: "City") -> pd.DataFrame:
    named = rows[[column.name for column in table.columns]].copy()
    if "hour" in named:
        named["hour"] = pd.to_datetime(named["hour"], utc=True).dt.tz_convert(city.timezone).dt.as_unit("us")
    return named
