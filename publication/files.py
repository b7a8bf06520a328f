"""The data files of a release: CSV, Parquet and GeoJSON, the same bytes for the same rows."""

import hashlib
import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kordon.tables.record import DATE, DOUBLE, LONG, STRING, TIMESTAMP
from publication.products import Product

if TYPE_CHECKING:
    from kordon.city import City

CHUNK = 1 << 20


def write_csv(path: Path, product: Product, rows: pd.DataFrame) -> None:
    """UTF-8, comma, decimal point, a header; a value that is not shown is an empty field."""
    text = rows.copy()
    if "hour" in text:
        text["hour"] = [instant.isoformat() for instant in text["hour"]]
    text.to_csv(path, index=False, lineterminator="\n", encoding="utf-8", columns=[c.name for c in product.columns])


def write_parquet(path: Path, product: Product, rows: pd.DataFrame, *, timezone: str) -> None:
    """Typed, in the order of the keys; each column carries its meaning in English and Dutch."""
    types = {
        DATE: pa.date32(),
        TIMESTAMP: pa.timestamp("us", tz=timezone),
        STRING: pa.string(),
        LONG: pa.int64(),
        DOUBLE: pa.float64(),
    }
    schema = pa.schema(
        [
            pa.field(c.name, types[c.type], nullable=c.may_be_null, metadata={"en": c.en, "nl": c.nl, "unit": c.unit or ""})
            for c in product.columns
        ]
    )
    table = pa.Table.from_pandas(rows, schema=schema, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, path, compression="zstd")


def write_geojson(path: Path, features: Iterable[dict[str, Any]]) -> None:
    """A feature collection in WGS84 after RFC 7946."""
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    path.write_text(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n', encoding="utf-8")


def site_features(city: "City") -> list[dict[str, Any]]:
    """Sites as points."""
    return [
        _feature(
            _point(site.lon, site.lat),
            site_id=site.site_id,
            name=site.name,
            direction=site.direction,
            heading_deg=site.heading_deg,
            road_class=site.road_class,
            zone_id=site.zone_id,
        )
        for site in city.sites
    ]


def gate_features(city: "City") -> list[dict[str, Any]]:
    """Gates as points in the middle of their sites."""
    place = {site.site_id: (site.lon, site.lat) for site in city.sites}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for gate in city.gates:
        known = found.setdefault((gate.cordon_id, gate.gate_id), {"name": gate.name, "in": [], "out": [], "sites": []})
        for way in ("in", "out") if gate.direction == "both" else (gate.direction,):
            known[way] += [gate.site_id] if gate.site_id not in known[way] else []
        known["sites"] += [gate.site_id] if gate.site_id not in known["sites"] else []
    features = []
    for (cordon, gate_id), known in found.items():
        lons, lats = zip(*(place[site] for site in known["sites"]), strict=True)
        features.append(
            _feature(
                _point(sum(lons) / len(lons), sum(lats) / len(lats)),
                cordon_id=cordon,
                gate_id=gate_id,
                name=known["name"],
                directions=[way for way in ("in", "out") if known[way]],
                site_ids=known["sites"],
                sites_in=known["in"],
                sites_out=known["out"],
            )
        )
    return features


def zone_features(city: "City") -> list[dict[str, Any]]:
    """Zones as polygons, outer rings counter-clockwise as RFC 7946 asks."""
    return [
        _feature(
            _right_handed(zone.geometry),
            zone_id=zone.zone_id,
            name=zone.name,
            district_id=zone.district_id,
        )
        for zone in city.zones
    ]


def sha256(path: Path) -> str:
    """The SHA-256 of a file, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _point(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]}


def _right_handed(geometry: dict[str, Any]) -> dict[str, Any]:
    """The same rings: the outer one of each polygon counter-clockwise, holes clockwise."""
    if geometry["type"] == "MultiPolygon":
        return {"type": "MultiPolygon", "coordinates": [_oriented(polygon) for polygon in geometry["coordinates"]]}
    return {"type": "Polygon", "coordinates": _oriented(geometry["coordinates"])}


def _oriented(rings: list[list[list[float]]]) -> list[list[list[float]]]:
    return [ring if (_signed_area(ring) > 0) == (number == 0) else ring[::-1] for number, ring in enumerate(rings)]


def _signed_area(ring: list[list[float]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) / 2
