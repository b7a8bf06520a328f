"""``datapackage.json``: the one manifest of a release, a Data Package v2 with everything that is known about it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kordon.tables import Column
from kordon.tables.record import DATE, DOUBLE, INT, LONG, STRING, TIMESTAMP
from publication.files import sha256
from publication.products import Product

if TYPE_CHECKING:
    from kordon.city import City

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
TRIAL, AUDITED = "trial, not audited", "audited"

LICENCES = {
    "CC0-1.0": {"name": "CC0-1.0", "path": "https://creativecommons.org/publicdomain/zero/1.0/", "title": "CC0 1.0"},
    "CC-BY-4.0": {"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/", "title": "CC BY 4.0"},
}
FIELD_TYPES = {DATE: "date", TIMESTAMP: "datetime", STRING: "string", INT: "integer", LONG: "integer", DOUBLE: "number"}
MEDIA_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "geojson": "application/geo+json"}
LAYERS = {
    "sites": ("Sites: places and directions that cameras watch", "Meetpunten: plaatsen en richtingen die camera's bekijken"),
    "gates": ("Gates of the cordons", "Poorten van de kordons"),
    "zones": ("Zones", "Zones"),
}


def data_package(
    *,
    folder: Path,
    city: "City",
    about: dict[str, Any],
    created: str,
    name: str,
    subject: tuple[str, str],
    description: tuple[str, str],
    tables: Sequence[Product],
) -> dict[str, Any]:
    """The descriptor of the data files in a folder.

    Args:
        about: the ``kordon`` object: tier, status, period, version, runs, and what protects the figures.
        created: the instant of the release, ISO 8601.
        name: of the series.
        subject, description: in English and Dutch.
        tables: those that are in the folder.
    """
    period = about["period"]
    span = (
        period["first_day"] if period["first_day"] == period["last_day"] else f"{period['first_day']} to {period['last_day']}"
    )
    return {
        "$schema": PROFILE,
        "name": name,
        "id": f"{city.publication.base_url.rstrip('/')}/{name}/{folder_name(period)}/v{about['version']}/",
        "title": f"{city.name}: {subject[0]}, {span}",
        "title_nl": f"{city.name}: {subject[1]}, {span.replace(' to ', ' tot en met ')}",
        "description": description[0],
        "description_nl": description[1],
        "version": f"{about['version']}.0.0",
        "created": created,
        "licenses": [LICENCES[city.licence]],
        "contributors": [
            {"title": city.publication.publisher or city.governance.controller, "roles": ["publisher"]},
        ],
        "sources": [{"title": f"Number plate reads delivered by {source.source}"} for source in city.sources],
        "resources": [*_tables(folder, tables), *_layers(folder)],
        "kordon": about,
    }


def folder_name(period: dict[str, str]) -> str:
    """``<A>_<B>``, or ``<A>`` for one day."""
    return "_".join(dict.fromkeys([period["first_day"], period["last_day"]]))


def _tables(folder: Path, tables: Sequence[Product]) -> Iterable[dict[str, Any]]:
    for product in tables:
        for form in ("csv", "parquet"):
            yield {
                "name": f"{product.name}-{form}",
                "type": "table",
                **_file(folder, f"{product.name}.{form}"),
                "title": product.title_en,
                "title_nl": product.title_nl,
                **({"encoding": "utf-8", "dialect": {"lineTerminator": "\n"}} if form == "csv" else {}),
                "schema": table_schema(product),
                "warnings": list(product.warnings_en),
                "warnings_nl": list(product.warnings_nl),
            }


def _layers(folder: Path) -> Iterable[dict[str, Any]]:
    for name, (title, title_nl) in LAYERS.items():
        yield {"name": name, **_file(folder, f"{name}.geojson"), "title": title, "title_nl": title_nl}


def _file(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    form = path.suffix[1:]
    return {
        "path": name,
        "format": form,
        "mediatype": MEDIA_TYPES[form],
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256(path)}",
    }


def table_schema(product: Product) -> dict[str, Any]:
    """The Table Schema of a product, from its columns' records."""
    return {
        "fields": [_field(column) for column in product.columns],
        "primaryKey": product.key_names,
        "missingValues": [""],
    }


def _field(column: Column) -> dict[str, Any]:
    rules = {
        "required": None if column.may_be_null else True,
        "enum": list(column.one_of) if column.one_of else None,
        "minimum": column.at_least,
        "maximum": column.at_most,
    }
    field = {
        "name": column.name,
        "type": FIELD_TYPES[column.type],
        "title": column.en,
        "description": column.en,
        "description_nl": column.nl,
        "unit": column.unit,
        "constraints": {rule: value for rule, value in rules.items() if value is not None},
    }
    return {name: value for name, value in field.items() if value is not None and name != "title"}
