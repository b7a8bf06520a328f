"""``index.html`` of a release: one page that opens anywhere, without network, and links to the files beside it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd

from publication.charts import crossings_by_hour, zone_map, zone_matrix
from publication.products import Product, chosen

if TYPE_CHECKING:
    from kordon.city import City

STATUS_MEANING = (
    ("ok", "Counted.", "Geteld."),
    (
        "partial",
        "Counted while cameras were down some of the time: too low.",
        "Geteld terwijl camera's deels uit waren: te laag.",
    ),
    (
        "suppressed",
        "Not shown. Any number, 0 included. Never read it as 0.",
        "Niet getoond. Elk aantal, ook 0. Lees het nooit als 0.",
    ),
    ("missing", "Cameras were down: nothing is known.", "Camera's waren uit: niets bekend."),
    ("structural_zero", "Cannot occur.", "Kan niet voorkomen."),
)


def page(*, city: "City", package: dict[str, Any], published: Mapping[str, pd.DataFrame]) -> str:
    """The page of a release.

    Args:
        package: its ``datapackage.json``; every fact on the page is from there or from the published rows.
    """
    zones = {zone.zone_id: zone.name for zone in city.zones}
    gates, trips = published.get("gate_hour"), published.get("od_day")
    return rendered(
        "page.html.j2",
        city=city,
        package=package,
        products=chosen(published),
        statuses=STATUS_MEANING,
        by_hour=None if gates is None else crossings_by_hour(gates, cordons=city.cordons),
        map=None if gates is None or trips is None else zone_map(published, city=city),
        matrix=None if trips is None else zone_matrix(trips, zones={zone: zones.get(zone, zone) for zone in city.zones_all}),
    )


def rendered(template: str, *, city: "City", package: dict[str, Any], products: Sequence[Product], **facts: Any) -> str:
    """A page of a release from one of the templates beside this file.

    Args:
        products: the tables that the release has.
        facts: what this template needs beside.
    """
    made = f"{datetime.fromisoformat(package['created']).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    about = package["kordon"]
    return template_of(template).render(city=city, package=package, about=about, made=made, products=products, **facts)


def template_of(name: str) -> jinja2.Template:
    """One of the templates beside this file."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": _number, "percent": _percent, "bytes": _bytes}
    return environment.get_template(name)


def _number(value: float | None) -> str:
    return "not shown" if value is None else f"{value:,.0f}"


def _percent(value: float | None, digits: int = 1) -> str:
    return "not shown" if value is None else f"{value:.{digits}f}%"


def _bytes(value: int) -> str:
    return f"{value:,} bytes" if value < 10_000 else f"{value / 1000:,.0f} kB"
