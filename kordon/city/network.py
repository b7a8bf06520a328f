"""``sites.csv``, ``cameras.csv``, ``gates.csv``."""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from kordon.city.csv_file import Row, read_rows
from kordon.city.problem import Problems, shown
from kordon.city.records import EXTERNAL, Camera, Direction, Gate, GateDirection, Site, Zone
from kordon.city.zones import zones_of

_ALWAYS, _FOREVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _is_new(row: Row, column: str, value: str, seen: dict[str, int]) -> bool:
    if value in seen:
        row.error(column, f"{shown(value)} is already in line {seen[value]}", "give each row its own id, or remove one")
        return False
    seen[value] = row.line
    return True


def read_sites(path: Path, *, file: str, zones: tuple[Zone, ...], problems: Problems) -> tuple[Site, ...]:
    """The sites, each with its zone: as given, else the polygon that holds it, else ``external``."""
    rows = read_rows(
        path,
        file=file,
        required=("site_id", "name", "lon", "lat"),
        optional=("heading_deg", "direction", "road_class", "zone_id"),
        problems=problems,
    )
    places = [
        (
            row.needed_number("lon", low=-180, high=180, unit="degrees east in WGS84"),
            row.needed_number("lat", low=-90, high=90, unit="degrees north in WGS84"),
        )
        for row in rows
    ]
    districts = {zone.zone_id: zone.district_id for zone in zones}
    seen: dict[str, int] = {}
    sites = []
    for row, (lon, lat), around in zip(rows, places, zones_of(places, zones=zones), strict=True):
        site_id = row.ident("site_id")
        _is_new(row, "site_id", site_id, seen)
        heading = row.number("heading_deg", low=0, high=360, unit="degrees clockwise from north")
        direction = row.choice("direction", ("in", "out", ""))
        zone_id = row.text("zone_id")
        if zone_id and zone_id != EXTERNAL:
            row.reference("zone_id", districts, where="zones.geojson")
        elif not zone_id and len(around) > 1:
            row.warning(
                "zone_id",
                f"lies in the zones {', '.join(around)}; the first is used",
                "give the zone, or part the zones",
            )
        if row.bad:
            continue
        zone_id = zone_id or (around[0] if around else EXTERNAL)
        sites.append(
            Site(
                site_id=site_id,
                name=row.text("name") or site_id,
                lon=lon,
                lat=lat,
                heading_deg=heading,
                direction=cast(Direction, direction) if direction else None,
                road_class=row.text("road_class"),
                zone_id=zone_id,
                district_id=districts.get(zone_id),
            )
        )
    if not rows and not problems.has_errors():
        problems.error(file=file, what="holds no site", cure="add a row for each place that cameras watch")
    return tuple(sites)


def ids_in(path: Path, column: str) -> frozenset[str]:
    """The ids that a CSV file names in a column, good rows or not: a reference to a bad row is not a second fault."""
    rows = read_rows(path, file=path.name, required=(column,), problems=Problems()) if path.is_file() else []
    return frozenset(row.text(column) for row in rows)


def read_cameras(
    path: Path, *, file: str, sites: Collection[str], sources: Collection[str], zone: ZoneInfo, problems: Problems
) -> tuple[Camera, ...]:
    """The cameras; one (source, supplier_camera_id) may be several cameras, one after the other."""
    rows = read_rows(
        path,
        file=file,
        required=("camera_id", "source", "site_id"),
        optional=("supplier_camera_id", "valid_from", "valid_to"),
        problems=problems,
    )
    seen: dict[str, int] = {}
    named: dict[tuple[str, str], list[tuple[datetime, datetime, int]]] = defaultdict(list)
    cameras = []
    for row in rows:
        camera_id = row.ident("camera_id")
        _is_new(row, "camera_id", camera_id, seen)
        source = row.reference("source", sources, where="sources/")
        site_id = row.reference("site_id", sites, where="sites.csv")
        start = row.instant("valid_from", zone=zone, may_be_empty=True)
        end = row.instant("valid_to", zone=zone, may_be_empty=True)
        if start and end and end <= start:
            row.error("valid_to", "is not later than valid_from", "correct one of them; valid_to is exclusive")
        supplier_id = row.text("supplier_camera_id") or camera_id
        if row.bad:
            continue
        span = start or _ALWAYS, end or _FOREVER
        for other_start, other_end, line in named[source, supplier_id]:
            if span[0] < other_end and other_start < span[1]:
                row.error(
                    "valid_from",
                    f"{shown(supplier_id)} of {source} is valid at the same time in line {line}",
                    "end the earlier one (valid_to, exclusive) where the later one begins (valid_from)",
                )
        named[source, supplier_id].append((*span, row.line))
        if not row.bad:
            cameras.append(Camera(camera_id, source, supplier_id, site_id, start, end))
    if not rows and not problems.has_errors():
        problems.error(file=file, what="holds no camera", cure="add a row for each camera")
    return tuple(cameras)


def read_gates(path: Path, *, file: str, sites: Collection[str], problems: Problems) -> tuple[Gate, ...]:
    """The gates; a site crosses a cordon once, through one gate."""
    rows = read_rows(
        path,
        file=file,
        required=("cordon_id", "gate_id", "site_id", "direction"),
        optional=("name",),
        problems=problems,
    )
    seen: dict[tuple[str, str], int] = {}
    gates: list[Gate] = []
    first_line: dict[str, int] = {}
    for row in rows:
        cordon_id, gate_id = row.ident("cordon_id"), row.ident("gate_id")
        site_id = row.reference("site_id", sites, where="sites.csv")
        direction = row.choice("direction", ("in", "out", "both"))
        if (cordon_id, site_id) in seen:
            row.error(
                "site_id",
                f"{shown(site_id)} is already a gate of cordon {shown(cordon_id)} in line {seen[cordon_id, site_id]}",
                "keep one row; direction 'both' is for a site that sees both directions",
            )
        seen.setdefault((cordon_id, site_id), row.line)
        if row.bad:
            continue
        first_line.setdefault(cordon_id, row.line)
        gates.append(Gate(cordon_id, gate_id, row.text("name") or gate_id, site_id, cast(GateDirection, direction)))
    for cordon_id, line in first_line.items():
        directions = {gate.direction for gate in gates if gate.cordon_id == cordon_id}
        if directions in ({"in"}, {"out"}):
            problems.warning(
                file=file,
                line=line,
                column="direction",
                what=f"cordon {shown(cordon_id)} has only gates of direction {shown(directions.pop())}",
                cure="add the other direction, or no visit will be complete",
            )
    return tuple(gates)
