"""From a folder to a city: reads every file, notes every problem, refuses a folder with an error."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kordon.city.checks import check_files, check_settings, check_use
from kordon.city.city import City
from kordon.city.extras import read_access, read_calendar, read_counts, read_outages, read_weather
from kordon.city.folder_hash import folder_hash
from kordon.city.instants import load_zone
from kordon.city.network import ids_in, read_cameras, read_gates, read_sites
from kordon.city.problem import Problem, Problems
from kordon.city.settings import CityFile, Identity
from kordon.city.source_files import read_sources, source_ids
from kordon.city.toml_file import read_toml, validate
from kordon.city.zones import read_zones
from kordon.errors import ConfigError

T = TypeVar("T")


def load(folder: Path) -> City:
    """The city of a folder.

    Raises:
        ConfigError: the folder has errors; the message names each on a line of its own, with file, line and cure.
    """
    city, problems = read(folder)
    errors = [problem for problem in problems if problem.severity == "error"]
    if city is None or errors:
        number = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        raise ConfigError("\n".join([f"The city folder {folder} has {number}:", *(f"  {error}" for error in errors)]))
    return city


def check(folder: Path) -> list[Problem]:
    """Every problem of a folder, errors and warnings, by file and line; empty when it is fine."""
    return read(folder)[1]


def read(folder: Path) -> tuple[City | None, list[Problem]]:
    """The city, or None where an error forbids one, and every problem of its folder."""
    problems = Problems()
    folder = Path(folder)
    if not folder.is_dir():
        cure = "give the folder that holds city.toml (--city)"
        problems.error(file=str(folder), what="is not a folder", cure=cure)
    elif not (folder / "city.toml").is_file():
        cure = "give the folder of one city, such as cities/vliet"
        problems.error(file="city.toml", what=f"is missing in {folder}", cure=cure)
    else:
        city = _read_files(folder, problems)
        return (None if problems.has_errors() else city), problems.sorted()
    return None, problems.sorted()


def _read_settings(folder: Path, problems: Problems) -> CityFile | None:
    content = read_toml(folder / "city.toml", file="city.toml", problems=problems)
    if content is None:
        return None
    values, text = content
    settings = validate(CityFile, values, text=text, file="city.toml", problems=problems)
    if settings is not None:
        check_settings(settings, folder=folder, text=text, problems=problems)
    return settings


def _read_files(folder: Path, problems: Problems) -> City | None:
    settings = _read_settings(folder, problems)
    # Without settings the other files are read all the same, so that one check shows the faults of all.
    timezone = settings.city.timezone if settings else "UTC"
    zone = load_zone(timezone) or load_zone("UTC")
    if zone is None:
        raise ConfigError("This machine has no time zone data base: install the package tzdata.")
    classes = _classes(settings.city) if settings else ()
    check_files(folder, problems)

    def given(name: str, read_file: Callable[[Path, str], tuple[T, ...]]) -> tuple[T, ...]:
        path = folder / name
        return read_file(path, name) if path.is_file() else ()

    sources = read_sources(folder / "sources", timezone=timezone, classes=classes, problems=problems)
    named_sources = source_ids(folder / "sources")
    named_sites = ids_in(folder / "sites.csv", "site_id")
    named_cordons = ids_in(folder / "gates.csv", "cordon_id")
    named_cameras = ids_in(folder / "cameras.csv", "camera_id")
    zones = given("zones.geojson", lambda path, file: read_zones(path, file=file, problems=problems))
    sites = given("sites.csv", lambda path, file: read_sites(path, file=file, zones=zones, problems=problems))
    cameras = given(
        "cameras.csv",
        lambda path, file: read_cameras(
            path, file=file, sites=named_sites, sources=named_sources, zone=zone, problems=problems
        ),
    )
    gates = given("gates.csv", lambda path, file: read_gates(path, file=file, sites=named_sites, problems=problems))
    outages = given(
        "outages.csv",
        lambda path, file: read_outages(path, file=file, cameras=named_cameras, zone=zone, problems=problems),
    )
    calendar = given("calendar.csv", lambda path, file: read_calendar(path, file=file, problems=problems))
    counts = given(
        "counts.csv",
        lambda path, file: read_counts(path, file=file, sites=named_sites, classes=classes, zone=zone, problems=problems),
    )
    access = given(
        "access.csv",
        lambda path, file: read_access(path, file=file, cordons=named_cordons, classes=classes, problems=problems),
    )
    weather = given("weather.csv", lambda path, file: read_weather(path, file=file, zone=zone, problems=problems))
    if settings is None or problems.has_errors():
        return None
    check_use(sources=sources, cameras=cameras, sites=sites, grace_hours=settings.keys.grace_hours, problems=problems)
    return City(
        folder=folder,
        id=settings.city.id,
        name=settings.city.name,
        country=settings.city.country,
        timezone=settings.city.timezone,
        languages=settings.city.languages,
        licence=settings.city.licence,
        vehicle_classes=classes,
        freight_classes=tuple(name for name in settings.city.freight_classes if name in classes),
        governance=settings.governance,
        keys=settings.keys,
        methods=settings.methods,
        sdc=settings.sdc,
        dp=settings.dp,
        retention=settings.retention,
        publication=settings.publication,
        store=settings.store,
        sources=sources,
        sites=sites,
        cameras=cameras,
        gates=gates,
        zones=zones,
        outages=outages,
        calendar=calendar,
        counts=counts,
        access=access,
        weather=weather,
        config_hash=folder_hash(folder),
    )


def _classes(city: Identity) -> tuple[str, ...]:
    # What no profile maps is unknown, and needs a cell in every dense table.
    return city.vehicle_classes if "unknown" in city.vehicle_classes else (*city.vehicle_classes, "unknown")
