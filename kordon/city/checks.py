"""What the files of a city folder say against each other."""

from pathlib import Path

from kordon.city.folder_hash import configuration_files
from kordon.city.governance import governance_problems
from kordon.city.instants import load_zone
from kordon.city.problem import Problems, nearest, shown
from kordon.city.records import Camera, Site
from kordon.city.settings import CityFile
from kordon.city.source import Source
from kordon.city.toml_file import line_of

REQUIRED_FILES = ("sites.csv", "cameras.csv")
EXPECTED_FILES = {
    "zones.geojson": "every site that names no zone is external",
    "gates.csv": "there is no cordon, so no visit, through traffic or dwell time",
}
OPTIONAL_FILES = ("outages.csv", "calendar.csv", "counts.csv", "access.csv", "weather.csv")
_DOCUMENTS = (".md", ".txt", ".rst")


def check_settings(settings: CityFile, *, folder: Path, text: str, problems: Problems) -> None:
    """Note what sections of ``city.toml`` say against each other, and as warnings what will stop every run."""

    def error(path: tuple[str, str], what: str, cure: str) -> None:
        problems.error(file="city.toml", line=line_of(text, path), column=".".join(path), what=what, cure=cure)

    city, keys = settings.city, settings.keys
    if load_zone(city.timezone) is None:
        cure = "give an IANA time zone such as Europe/Brussels"
        error(("city", "timezone"), f"{shown(city.timezone)} is not a time zone", cure)
    for name in city.freight_classes:
        if name not in city.vehicle_classes and "freight_classes" in city.model_fields_set:
            error(("city", "freight_classes"), f"{shown(name)} is not in vehicle_classes", "add it there or remove it")
    if keys.period == "service_day" and settings.methods.max_stay_days > 1:
        cure = "set it to 1, or lengthen [keys] period with the DPIA's cover"
        error(("methods", "max_stay_days"), "no stay can be followed for longer than a key of one service day", cure)
    key_file = settings.publication.signing_key_file
    if key_file and is_inside(folder, key_file):
        cure = "keep private keys outside the city folder, which is shared and versioned"
        error(("publication", "signing_key_file"), "the key lies in the city folder", cure)
    for path, what, cure in governance_problems(settings.governance, keys):
        problems.warning(file="city.toml", line=line_of(text, path), column=".".join(path), what=what, cure=cure)


def is_inside(folder: Path, name: str) -> bool:
    """Whether a file name, taken from the city folder where it is relative, lies in that folder."""
    try:
        return (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL byte, a loop of links
        return False


def check_files(folder: Path, problems: Problems) -> None:
    """Note files that are missing, and files that nothing reads."""
    for name in REQUIRED_FILES:
        if not (folder / name).is_file():
            problems.error(file=name, what="is missing", cure="add the file; docs/engineer/city-folder.md shows one")
    for name, effect in EXPECTED_FILES.items():
        if not (folder / name).is_file():
            problems.warning(file=name, what="is missing", cure=f"add the file; without it {effect}")
    known = ("city.toml", *REQUIRED_FILES, *EXPECTED_FILES, *OPTIONAL_FILES)
    for path in configuration_files(folder):
        name = path.as_posix()
        is_source = path.parent == Path("sources") and path.suffix == ".toml"
        if name not in known and not is_source and path.suffix not in _DOCUMENTS:
            cure = f"remove or rename it; {nearest(name, known)}"
            problems.warning(file=name, what="nothing reads this file", cure=cure)


def check_use(
    *,
    sources: tuple[Source, ...],
    cameras: tuple[Camera, ...],
    sites: tuple[Site, ...],
    grace_hours: int,
    problems: Problems,
) -> None:
    """Note sources and sites without cameras, constant cameras that do not exist, promises that outlive a key."""
    for source in sources:
        file = f"sources/{source.source}.toml"
        names = {camera.supplier_camera_id for camera in cameras if camera.source == source.source}
        constant = source.constants.get("camera_id")
        if not names:
            cure = "add its cameras to cameras.csv, or remove the file"
            problems.warning(file=file, what="this source has no cameras", cure=cure)
        elif constant is not None and constant not in names:
            what = f"{shown(constant)} is no supplier_camera_id of this source in cameras.csv"
            cure = f"add it there or correct it; {nearest(constant, names)}"
            problems.error(file=file, column="constants.camera_id", what=what, cure=cure)
        if source.promise_h is not None and source.promise_h > grace_hours:
            what = f"files may come after {source.promise_h:g} h, when the key of their reads is gone"
            cure = f"agree on an earlier delivery, or raise grace_hours in city.toml above {grace_hours}"
            problems.warning(file=file, column="promise", what=what, cure=cure)
    watched = {camera.site_id for camera in cameras}
    for site in sites:
        if site.site_id not in watched:
            what = f"site {shown(site.site_id)} has no camera"
            problems.warning(file="sites.csv", what=what, cure="add one to cameras.csv, or remove the site")
