"""The folder ``sources/``: one file a supplier."""

import re
from pathlib import Path

from kordon.city.problem import Problems, shown
from kordon.city.source import Source, SourceFile
from kordon.city.toml_file import line_of, read_toml, validate

_SOURCE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def source_ids(folder: Path) -> frozenset[str]:
    """The ids of the sources that a folder describes, well or not."""
    return frozenset(path.stem for path in folder.glob("*.toml") if not path.name.startswith("."))


def read_sources(folder: Path, *, timezone: str, classes: tuple[str, ...], problems: Problems) -> tuple[Source, ...]:
    """The sources, sorted by id. Empty ``classes`` means that the city's are not known."""
    names = sorted(source_ids(folder))
    if not names:
        cure = "describe how each supplier's files are read in sources/<source>.toml"
        problems.error(file="sources", what="there is no source", cure=cure)
    found = (_read_source(folder / f"{name}.toml", timezone=timezone, classes=classes, problems=problems) for name in names)
    return tuple(source for source in found if source is not None)


def _read_source(path: Path, *, timezone: str, classes: tuple[str, ...], problems: Problems) -> Source | None:
    file = f"sources/{path.name}"
    if not _SOURCE_ID.fullmatch(path.stem):
        cure = "rename it: a letter, then letters, digits, underscores, hyphens"
        problems.error(file=file, what=f"{shown(path.stem)} cannot be the id of a source", cure=cure)
    content = read_toml(path, file=file, problems=problems)
    if content is None:
        return None
    values, text = content
    settings = validate(SourceFile, values, text=text, file=file, problems=problems)
    if settings is None:
        return None
    faults = list(settings.contradictions())
    if classes:
        faults += [
            (("classes", value), f"{shown(name)} is not in vehicle_classes of city.toml", "add it there")
            for value, name in settings.classes.items()
            if name not in classes
        ]
    for key, what, cure in faults:
        problems.error(file=file, line=line_of(text, key), column=".".join(key), what=what, cure=cure)
    return settings.source(path.stem, timezone=timezone)
