"""Old versions of tables: which files of them are still there, which are still needed, and their end."""

import re
from collections.abc import Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from kordon import days, objects

if TYPE_CHECKING:
    from kordon.lake import Lake

_PARTITION = re.compile(r"service_day=(\d{4}-\d{2}-\d{2})/")


def files(lake: "Lake", name: str) -> list[str]:
    """The data files below a table's folder, whatever version they belong to, relative to it."""
    jvm: Any = lake.spark.sparkContext._jvm
    folder = jvm.org.apache.hadoop.fs.Path(lake.path(name))
    system = folder.getFileSystem(lake.spark.sparkContext._jsc.hadoopConfiguration())
    if not system.exists(folder):
        return []
    prefix = str(system.makeQualified(folder).toString()).rstrip("/") + "/"
    walk, found = system.listFiles(folder, True), []
    while walk.hasNext():
        found.append(str(walk.next().getPath().toString()).removeprefix(prefix))
    return sorted(path for path in found if not path.startswith("_delta_log/") and not path.rsplit("/", 1)[-1].endswith(".crc"))


def days_on_disk(lake: "Lake", name: str) -> set[date]:
    """The service days of which files are there, in any version."""
    return {date.fromisoformat(found.group(1)) for path in files(lake, name) if (found := _PARTITION.search(path))}


def strays(lake: "Lake", name: str) -> list[str]:
    """Files that the newest version does not need: old versions, and what dead writers left."""
    if lake.version(name) is None:
        return files(lake, name)
    live = {path.rsplit("/", 1)[-1] for path in lake.spark.read.format("delta").load(lake.path(name)).inputFiles()}
    return [path for path in files(lake, name) if path.rsplit("/", 1)[-1] not in live]


def remains(lake: "Lake", name: str, *, days: Iterable[date], strays: bool) -> list[str]:
    """The files of some days, and with ``strays`` those that the newest version does not need, as ``table/path``."""
    wanted = {str(day) for day in days}
    of_days = {path for path in files(lake, name) if (found := _PARTITION.search(path)) and found.group(1) in wanted}
    return [f"{name}/{path}" for path in sorted(of_days | (set(_strays(lake, name)) if strays else set()))] + kept_back(
        lake, name
    )


def kept_back(lake: "Lake", name: str) -> list[str]:
    """What a versioned bucket still holds of a table's deleted and overwritten files, as ``table?key?version``."""
    where = lake.path(name)
    return [f"{name}?{path}" for path in objects.overwritten(where)] if objects.is_remote(where) else []


def forget(lake: "Lake", name: str) -> None:
    """Let a versioned bucket forget a table's deleted and overwritten files; none of them is of any version of the table."""
    if objects.is_remote(lake.path(name)):
        objects.forget(lake.path(name))


_strays = strays


def vacuum(lake: "Lake", name: str, *, but_for: Collection[date] | None) -> set[date]:
    """Delete every file that the newest version does not need, if there is one.

    Args:
        but_for: days that need no old version; None for a table of which nobody reads one.

    Returns:
        The days whose last whole state lives in an old version, because a run on them died: then nothing is deleted.
    """
    needed: set[date] = set()
    if lake.version(name) is not None and strays(lake, name):
        needed = set() if but_for is None else _needing_an_old_version(lake, name) - set(but_for)
        if not needed:
            lake.vacuum(name)
    forget(lake, name)
    return needed


def _needing_an_old_version(lake: "Lake", name: str) -> set[date]:
    on_disk = days_on_disk(lake, name)
    recorded = {
        d.service_day: d.versions[name] for d in days.known(lake).values() if name in d.versions and d.service_day in on_disk
    }
    later = list(lake.commits_after(name, min(recorded.values()))) if recorded else []
    return {day for day, version in recorded.items() if any(c.version > version and str(day) in c.days for c in later)}
