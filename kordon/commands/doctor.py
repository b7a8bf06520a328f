"""``kordon doctor``: what is wrong with this machine."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from kordon.cli import loaded_city, options
from kordon.errors import ConfigError
from kordon.state import state_home

NEEDED_GB = 10.0
"""A day of 5 million reads spills about so much, and its tables take as much again."""
LEAST_MEMORY_GB = 4.0
"""Below this a day of a small city takes its heap from the system, which then ends it."""


@dataclass(frozen=True)
class Finding:
    """What was looked at and found; ``fault`` says what is wrong and what to do, or nothing."""

    what: str
    found: str
    fault: str = ""


@click.command()
@options("json")
@click.option("--city", type=click.Path(path_type=Path), help="Also check this city's time zone and keystore.")
@click.option("--lake", type=click.Path(path_type=Path), help="Also check that this lake, a folder, can be written.")
@click.option("--keystore", type=click.Path(path_type=Path), help="The folder of keys [default: the city's].")
def command(as_json: bool, city: Path | None, lake: Path | None, keystore: Path | None) -> None:
    """What is wrong with this machine: Python, Java, jars, disk, memory, and where asked lake, keys and time zone; else exit 0.

    \b
    Example:
      kordon doctor --city cities/vliet --lake lake
    """
    from kordon.spark import scratch_root

    found = [python(), java(), jars(), memory(), disk("scratch space", scratch_root()), airflow()]
    if lake is not None:
        found += [disk("lake", lake), writable(lake)]
    if city is not None:
        loaded = loaded_city(city)
        found.append(time_zone(loaded.timezone))
        keystore = keystore or state_home("keys", loaded.id)
    if keystore is not None:
        found += key_modes(keystore)
    faults = [f for f in found if f.fault]
    if as_json:
        click.echo(json.dumps([asdict(f) for f in found], indent=2))
    else:
        for finding in found:
            click.echo(f"{'WRONG' if finding.fault else 'ok':<6} {finding.what:<14} {finding.found}")
    if faults:
        raise ConfigError("\n".join(f.fault for f in faults))


def python() -> Finding:
    version = sys.version.split()[0]
    fault = "" if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed; this is {version}."
    return Finding("Python", version, fault)


def java() -> Finding:
    """The Java that Spark would start: that of ``JAVA_HOME``, else the first on the path."""
    home = os.environ.get("JAVA_HOME")
    program = f"{home}/bin/java" if home else shutil.which("java")
    said = ""
    if program and Path(program).exists():
        said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "([^"]+)"', said)
    found = f"{version[1]} ({program})" if version else "none"
    good = version is not None and version[1].split(".")[0] in ("17", "21")
    cure = "Java 17 or 21 is needed: `apt-get install openjdk-17-jre-headless`, or set JAVA_HOME to one."
    return Finding("Java", found, "" if good else f"{cure} Found: {found}.")


def jars() -> Finding:
    from kordon import jars as spark_jars

    try:
        return Finding("Spark's jars", f"{len(spark_jars.paths())} in {spark_jars.FOLDER}")
    except ConfigError as missing:
        return Finding("Spark's jars", "not set up", str(missing))


def memory() -> Finding:
    from kordon.spark import memory_gb

    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    fault = f"{total:.1f} GB of memory: a run needs {LEAST_MEMORY_GB:.0f} GB." if total < LEAST_MEMORY_GB else ""
    return Finding("memory", f"{total:.1f} GB, of which {memory_gb()} for Spark", fault)


def disk(what: str, folder: Path) -> Finding:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free / 2**30
    fault = (
        f"{folder} has {free:.1f} GB free, and a day of 5 million reads needs about {NEEDED_GB:.0f}: make room, then run again."
    )
    return Finding(what, f"{free:.0f} GB free in {there}", fault if free < NEEDED_GB else "")


def writable(lake: Path) -> Finding:
    """Whether the lake can be written: by a file that is gone again."""
    there = next(path for path in (lake.absolute(), *lake.absolute().parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".kordon-doctor-"):
            return Finding("lake", f"{there} can be written")
    except OSError as refused:
        return Finding(
            "lake", "cannot be written", f"{there} cannot be written ({refused.strerror}): give its owner the right."
        )


def time_zone(name: str) -> Finding:
    try:
        ZoneInfo(name)
        return Finding("time zone", name)
    except ZoneInfoNotFoundError:
        return Finding("time zone", f"{name} is unknown", f"This machine has no time zone {name}: install the package tzdata.")


def key_modes(keystore: Path) -> Iterator[Finding]:
    """Whether others than the owner can read keys or what wraps them."""
    from privacy import kek

    if not keystore.exists():
        yield Finding("keystore", f"{keystore} is not there yet: the first run makes it")
        return
    for path in (keystore, kek.beside(keystore), *sorted(keystore.glob("*.key"))):
        if not path.exists():
            continue
        mode, wanted = path.stat().st_mode & 0o777, "700" if path.is_dir() else "600"
        if mode & 0o077:
            yield Finding(
                "keystore", f"{path} has mode {mode:o}", f"{path} can be read by others: run `chmod {wanted} {path}`."
            )
            return
    yield Finding("keystore", f"{keystore}, for its owner only")


def airflow() -> Finding:
    """The Airflow of `make airflow`; a machine that only runs commands needs none."""
    from kordon.jars import ROOT

    found = [str(folder) for folder in (ROOT / ".venv-airflow").glob("lib/python*/site-packages")]
    versions = {d.metadata["Name"]: d.version for d in distributions(path=found)} if found else {}
    version = versions.get("apache-airflow")
    return Finding(
        "Airflow", f"{version} in .venv-airflow" if version else "not installed; `make airflow` does, where DAGs run"
    )
