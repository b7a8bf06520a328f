"""What ``kordon check-city`` prints: the problems of a city folder, and what the folder holds."""

import io
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kordon.city.city import City
from kordon.city.problem import Problem

if TYPE_CHECKING:
    from rich.table import Table


def render(problems: Sequence[Problem], city: City | None, *, width: int = 110) -> str:
    """Problems, one a line and never wrapped, then tables of the city's contents where it could be read."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, markup=False)
    for problem in problems:
        # Wrapping would break file:line links of terminals and editors.
        console.print(f"{problem.severity:<7}  {problem}", soft_wrap=True)
    if problems:
        console.print()
    if city is not None:
        console.print(
            f"{city.name} ({city.id}): {len(city.sites)} sites, {len(city.cameras)} cameras, "
            f"{len({(gate.cordon_id, gate.gate_id) for gate in city.gates})} gates, {len(city.zones)} zones; "
            f"keys last a {city.keys.period.replace('_', ' ')}, {city.timezone}"
        )
        for table in (_sources(city), _gates(city), _zones(city)):
            if table.row_count:
                console.print(table)
    errors = sum(problem.severity == "error" for problem in problems)
    console.print(f"{_number(errors, 'error')}, {_number(len(problems) - errors, 'warning')}")
    return out.getvalue()


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _table(*columns: str, numbers: tuple[str, ...] = ()) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table


def _sources(city: City) -> "Table":
    table = _table("source", "files", "format", "plates", "promise", "cameras", numbers=("promise", "cameras"))
    cameras = Counter(camera.source for camera in city.cameras)
    for source in city.sources:
        promise = "" if source.promise_h is None else f"{source.promise_h:g} h"
        number = str(cameras[source.source])
        table.add_row(source.source, source.files, source.format, source.plate_kind, promise, number)
    return table


def _gates(city: City) -> "Table":
    counted = ("gates", "sites in", "sites out", "sites both")
    table = _table("cordon", *counted, numbers=counted)
    for cordon in city.cordons:
        gates = [gate for gate in city.gates if gate.cordon_id == cordon]
        sites = Counter(gate.direction for gate in gates)
        names = len({gate.gate_id for gate in gates})
        table.add_row(cordon, str(names), str(sites["in"]), str(sites["out"]), str(sites["both"]))
    return table


def _zones(city: City) -> "Table":
    table = _table("district", "zones", "sites", numbers=("zones", "sites"))
    zones = Counter(zone.district_id or "(none)" for zone in city.zones)
    known = {zone.zone_id: zone.district_id or "(none)" for zone in city.zones}
    sites = Counter(known.get(site.zone_id, "(external)") for site in city.sites)
    for district in (*sorted(zones), *(["(external)"] if sites["(external)"] else [])):
        table.add_row(district, str(zones[district]), str(sites[district]))
    return table
