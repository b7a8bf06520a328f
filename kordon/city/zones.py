"""``zones.geojson``: polygons of the city, and which of them a site lies in."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kordon.city.problem import Problems, shown
from kordon.city.records import EXTERNAL, Zone
from kordon.city.toml_file import read_text

_FEATURES = re.compile(r'"features"\s*:\s*\[')
_SPACE = re.compile(r"[\s,]*")


def read_zones(path: Path, *, file: str, problems: Problems) -> tuple[Zone, ...]:
    """The zones of a GeoJSON feature collection; faults of a feature carry the line where it starts."""
    text = read_text(path, file=file, problems=problems)
    if text is None:
        return ()
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        problems.error(file=file, line=error.lineno, what=f"is not JSON: {error.msg}", cure="export the file again as GeoJSON")
        return ()
    except (RecursionError, ValueError):
        problems.error(file=file, what="is not JSON that can be read", cure="export the file again as GeoJSON")
        return ()
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        problems.error(file=file, line=1, what="is not a FeatureCollection", cure="export the zones as GeoJSON")
        return ()
    lines = list(_feature_lines(text))
    zones: dict[str, Zone] = {}
    for number, feature in enumerate(features):
        line = lines[number] if number < len(lines) else None
        zone = _zone(feature, file=file, line=line, problems=problems)
        if zone is None:
            continue
        if zone.zone_id in zones:
            problems.error(
                file=file,
                line=line,
                column="zone_id",
                what=f"{shown(zone.zone_id)} occurs twice",
                cure="give each zone its own id, and several parts of one zone as a MultiPolygon",
            )
        zones.setdefault(zone.zone_id, zone)
    return tuple(zones.values())


def _feature_lines(text: str) -> Iterator[int]:
    # json keeps no positions: decode the elements one by one and count lines in between.
    start = _FEATURES.search(text)
    decoder, position, line = json.JSONDecoder(), start.end() if start else len(text), 1
    counted = 0
    while position < len(text):
        position = match.end() if (match := _SPACE.match(text, position)) else position
        line += text.count("\n", counted, position)
        counted = position
        try:
            _, position = decoder.raw_decode(text, position)
        except ValueError:
            return
        yield line


def _zone(feature: Any, *, file: str, line: int | None, problems: Problems) -> Zone | None:
    if not isinstance(feature, dict):
        problems.error(file=file, line=line, what="is not a feature", cure="export the zones as GeoJSON")
        return None
    given = feature.get("properties")
    properties = given if isinstance(given, dict) else {}
    zone_id = _name(properties.get("zone_id"))
    if not zone_id or not zone_id.isprintable():
        problems.error(
            file=file,
            line=line,
            column="zone_id",
            what="is missing or empty",
            cure="give each zone an id in properties",
        )
        return None
    if zone_id == EXTERNAL:
        problems.error(
            file=file,
            line=line,
            column="zone_id",
            what="'external' means outside every zone",
            cure="choose another id for this zone",
        )
        return None
    if fault := _fault(feature.get("geometry")):
        problems.error(
            file=file,
            line=line,
            column="geometry",
            what=f"zone {shown(zone_id)} {fault}",
            cure="draw the zone as a Polygon or MultiPolygon in WGS84 (lon, lat) whose rings do not cross",
        )
        return None
    district = _name(properties.get("district_id"))
    return Zone(zone_id, _name(properties.get("name")) or zone_id, district or None, feature["geometry"])


def _name(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    try:
        return str(value).strip()
    except ValueError:  # an integer of more digits than Python prints
        return ""


def _fault(geometry: Any) -> str | None:
    from shapely.errors import ShapelyError
    from shapely.geometry import shape
    from shapely.validation import explain_validity

    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return "is not a Polygon or MultiPolygon"
    polygons = geometry.get("coordinates")
    rings = [polygons] if geometry["type"] == "Polygon" else polygons
    if not isinstance(rings, list) or not all(_are_rings(part) for part in rings) or not rings:
        return "has coordinates that are not closed rings of at least four numbers (lon, lat) within the globe"
    try:
        polygon = shape(geometry)
        return None if polygon.is_valid else f"is not valid: {explain_validity(polygon)}"
    except (ShapelyError, ValueError, TypeError, IndexError, AttributeError, OverflowError) as error:
        return f"cannot be read ({type(error).__name__})"


def _are_rings(rings: Any) -> bool:
    return isinstance(rings, list) and bool(rings) and all(_is_ring(ring) for ring in rings)


def _is_ring(ring: Any) -> bool:
    return isinstance(ring, list) and len(ring) >= 4 and all(_is_position(point) for point in ring) and ring[0] == ring[-1]


def _is_position(point: Any) -> bool:
    if not isinstance(point, list) or not 2 <= len(point) <= 4:
        return False
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in point):
        return False
    lon, lat = point[0], point[1]
    return math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90


def zones_of(points: Sequence[tuple[float, float]], *, zones: Sequence[Zone]) -> list[list[str]]:
    """For each (lon, lat) the ids of the zones that hold it, the edge included, sorted."""
    found: list[list[str]] = [[] for _ in points]
    if not zones or not points:
        return found
    import shapely
    from shapely.geometry import shape

    tree = shapely.STRtree([shape(zone.geometry) for zone in zones])
    for point, zone in tree.query(shapely.points(list(points)), predicate="intersects").T.tolist():
        found[point].append(zones[zone].zone_id)
    return [sorted(ids) for ids in found]
