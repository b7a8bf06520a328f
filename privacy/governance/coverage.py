"""What the paper does not cover: a table, a column, a zone, a step, a command or a DAG; a time limit that differs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kordon import objects
from kordon.city.governance import paper_problems
from kordon.city.settings import Retention
from kordon.tables import BINARY, TABLES, Table
from privacy.governance import zones
from privacy.governance.activities import ACTIVITIES, NO_PERSONAL_DATA, covering
from privacy.governance.inventory import DIMENSIONS, is_of_vehicles, kind, zone_of

if TYPE_CHECKING:
    from kordon.city import City

IN_LAKE = ("staging",)
"""Folders of a lake that are no tables."""
IN_ZONES = (zones.RAW, zones.VEHICLES, zones.COUNTS, zones.OPS, zones.STAGING)
"""Zones that are parts of a lake."""


@dataclass(frozen=True)
class Gap:
    """Something that the paper does not cover or says otherwise."""

    where: str
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.cure}"


def gaps(city: "City", *, work: Iterable[str], written: Mapping[str, str], tables: Mapping[str, Table] = TABLES) -> list[Gap]:
    """Everything that is not covered, in the order in which it is found; empty when the paper is whole.

    Args:
        work: what runs: ``step ingest``, ``command run``, ``dag daily``.
        written: the step that writes each table.
    """
    found = [Gap(f"city.toml: {'.'.join(path)}", what, cure) for path, what, cure in paper_problems(city.governance)]
    for table in tables.values():
        found += _of_table(table, written=written)
    found += [
        Gap(name, "no processing activity covers it", "name it in privacy/governance/activities.py, with the officer")
        for name in work
        if covering(name) is None and name not in NO_PERSONAL_DATA
    ]
    return [*found, *_of_zones(), *_of_roles()]


def _of_table(table: Table, *, written: Mapping[str, str]) -> Iterator[Gap]:
    here = zone_of(table)
    if here is None:
        vehicles = ", and it holds vehicles" if is_of_vehicles(table) else ""
        cure = "name it after its layer (raw_, core_, flow_, out_, ops_), or give it a zone in privacy/governance"
        yield Gap(table.name, f"no zone takes a table of tier {table.tier} with this name{vehicles}", cure)
        return
    for column in table.columns:
        where = f"{table.name}.{column.name}"
        if here in (zones.RAW, zones.VEHICLES):
            if kind(column.name) is None:
                cure = "add it to KINDS in privacy/governance/inventory.py, with the officer"
                yield Gap(where, "nobody has said what this tells about a person", cure)
        elif column.type == BINARY or (column.type in ("string", "array<string>") and not _is_of_no_person(column)):
            cure = "leave it out, or add it to DIMENSIONS in privacy/governance/inventory.py, with the officer"
            yield Gap(where, "a text among counts, which may name a vehicle or a person", cure)
    if here in (zones.RAW, zones.VEHICLES) and covering(f"step {written.get(table.name)}") is None:
        yield Gap(table.name, "no covered step writes this table of vehicles", "write it in a step that an activity names")
    promised = _at_most(zones.zone(here).rule)
    if table.kept != promised:
        cure = "make kept of its record and the ceiling of [retention] the same"
        yield Gap(table.name, f"its record says kept {table.kept!r}, [retention] lets it be kept {promised!r}", cure)


def _is_of_no_person(column: object) -> bool:
    return bool(getattr(column, "one_of", None)) or getattr(column, "name", "") in DIMENSIONS


def _at_most(rule: str) -> str:
    """What a record must say of its table: the longest time that ``[retention]`` lets any city choose."""
    field = {"raw": "raw_hours", "core": "core_days", "flow": "flow_years"}[rule]
    limits = [limit.le for limit in Retention.model_fields[field].metadata if hasattr(limit, "le")]
    most = limits[0]
    return {"raw": f"PT{most}H", "core": f"P{most}D after the key period", "flow": f"P{most}Y"}[rule]


def _of_zones() -> Iterator[Gap]:
    covered = {zone for activity in ACTIVITIES for zone in activity.zones}
    for zone in zones.ZONES:
        if zone.id not in covered:
            yield Gap(f"zone {zone.id}", "no processing activity names it", "name it in privacy/governance/activities.py")
        if not any(held == zone.id for _, held in zones.RIGHTS):
            yield Gap(f"zone {zone.id}", "nobody has a right on it", "give rights in privacy/governance/zones.py")


def _of_roles() -> Iterator[Gap]:
    """Who may re-identify must be nobody in person: plates or pseudonyms and keys are never in the same hands."""
    for role in zones.ROLES:
        plates = any(zones.READ in zones.rights(role.id, zone) for zone in (zones.LANDING, zones.RAW, zones.VEHICLES))
        if role.is_person and plates and zones.rights(role.id, zones.KEYS):
            yield Gap(f"role {role.id}", "reads vehicles and has the keys", "part them in privacy/governance/zones.py")


def unknown_folders(lake: str | Path, *, tables: Mapping[str, Table] = TABLES) -> list[Gap]:
    """Folders of a lake that the paper does not know, and tables in a zone that is not theirs.

    What begins with a dot or an underscore is Kordon's own.

    Args:
        lake: a folder, or ``s3a://bucket/prefix``.
    """
    found: list[Gap] = []
    for zone in IN_ZONES if "{zone}" in str(lake) else (None,):
        place = objects.at(str(lake), zone) if zone else str(lake)
        for name in sorted(name for name in _folders(place) if name[0] not in "._"):
            here = f"{place}/{name}"
            if name not in tables and name not in IN_LAKE:
                found.append(Gap(here, "is no table and no zone that the paper knows", "remove it, or give it a table record"))
            elif zone and name in tables and tables[name].zone != zone:
                cure = "remove it: who may read one of these zones need not be allowed the other"
                found.append(Gap(here, f"is a table of the zone {tables[name].zone}", cure))
    return found


def _folders(place: str) -> list[str]:
    return (
        objects.folders(place) if objects.is_remote(place) else [path.name for path in Path(place).iterdir() if path.is_dir()]
    )
