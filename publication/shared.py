"""Staging the rows of a shared release: its files and their description, attacked together with what else is out."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kordon.state import uri_of
from publication import files, later, staging, versions
from publication.approval import purpose_of
from publication.datapackage import data_package
from publication.products import Product
from publication.staging import Staged, Terms

if TYPE_CHECKING:
    from kordon.city import City

Audit = Callable[[Path, list[Path]], None]
"""Attacks a finished folder, given what else of the same days is out, and raises when something gets through."""


@dataclass(frozen=True)
class Content:
    """What a shared release says.

    Attributes:
        rows: per product its rows as they are published.
        rests_on: per product that counts vehicles the exact counts behind them, row by row; they stay closed.
        about: the ``kordon`` object of its ``datapackage.json``, but for the version.
        subject, description: in English and Dutch.
        page: ``index.html``, from the finished ``datapackage.json``.
    """

    products: Sequence[Product]
    rows: Mapping[str, pd.DataFrame]
    rests_on: Mapping[str, pd.DataFrame]
    about: Mapping[str, Any]
    subject: tuple[str, str]
    description: tuple[str, str]
    page: Callable[[dict[str, Any]], str]


def stage(
    content: Content,
    *,
    series: str,
    days: Sequence[date],
    city: "City",
    lake: str | Path,
    out: Path,
    policy: str,
    created_at: datetime,
    audit: Audit | None,
    also: Sequence[Path],
) -> Staged | None:
    """Stage a release, unless the newest version of its period holds the same data.

    Args:
        series: the folder of the dataset's releases below ``out``.
        also: what else is out that counts the same days, for the audit.

    Raises:
        PrivacyError: an attack of the audit gets through: then nothing is staged and no file stays.
    """
    period = out / series / versions.period_name(days[0], days[-1])
    newest = versions.latest(period)
    terms = Terms(
        city=city.id,
        tier="shared",
        series=series,
        first_day=str(days[0]),
        last_day=str(days[-1]),
        version=newest[0] + 1 if newest else 1,
        out=uri_of(out),
        policy=policy,
        created_at=created_at.isoformat(),
    )

    def fill(folder: Path) -> bool:
        _data(folder, content, city=city)
        if newest and versions.is_same_data(folder, newest[1]):
            return False
        later.keep(folder.parent / staging.BASIS, rows=content.rows, exact=content.rests_on)
        _describe(folder, content, city=city, terms=terms)
        if audit is not None:
            audit(folder, [*versions.with_files(period), *also])
        return True

    return staging.stage(lake, terms=terms, purpose=purpose_of(city), fill=fill)


def _data(folder: Path, content: Content, *, city: "City") -> None:
    for product in content.products:
        rows = content.rows[product.name]
        files.write_csv(folder / f"{product.name}.csv", product, rows)
        files.write_parquet(folder / f"{product.name}.parquet", product, rows, timezone=city.timezone)
    files.write_geojson(folder / "sites.geojson", files.site_features(city))
    files.write_geojson(folder / "gates.geojson", files.gate_features(city))
    files.write_geojson(folder / "zones.geojson", files.zone_features(city))


def _describe(folder: Path, content: Content, *, city: "City", terms: Terms) -> None:
    version = terms.version
    package = data_package(
        folder=folder,
        city=city,
        about={**content.about, "version": version, "replaces": f"v{version - 1}" if version > 1 else None},
        created=terms.created_at,
        name=terms.series,
        subject=content.subject,
        description=content.description,
        tables=content.products,
    )
    text = json.dumps(package, ensure_ascii=False, indent=2)
    (folder / "datapackage.json").write_text(text + "\n", encoding="utf-8")
    (folder / "index.html").write_text(content.page(package), encoding="utf-8")
