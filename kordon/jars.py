"""Spark's jars: resolved once, at set-up, by Spark's own Ivy from ``jars.lock``, and checked by SHA-256."""

import hashlib
import shutil
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from kordon.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "jars.lock"
FOLDER, STORE_FOLDER = ROOT / ".jars", ROOT / ".jars-store"


@dataclass(frozen=True)
class JarSet:
    """Jars that are resolved together: coordinates, what they bring that Spark has, and the SHA-256 of each file."""

    folder: Path
    coordinates: list[str]
    excludes: list[str]
    files: dict[str, str]
    setup: str


def jar_sets() -> dict[str, JarSet]:
    """``base``, which every session needs, and ``store``, 640 MB that only a lake in an object store does."""
    lock = tomllib.loads(LOCK.read_text())
    excludes = lock["excludes"]
    return {
        "base": JarSet(FOLDER, lock["coordinates"], excludes, lock["files"], "make setup"),
        "store": JarSet(
            STORE_FOLDER,
            lock["store"]["coordinates"],
            [*excludes, *lock["store"]["excludes"]],
            lock["store"]["files"],
            "make store-jars",
        ),
    }


def paths(*, store: bool = False) -> list[Path]:
    """The local jars of a session.

    Args:
        store: with those for an object store.

    Raises:
        ConfigError: set-up has not run, or a jar is missing.
    """
    found = []
    for jar_set in [s for name, s in jar_sets().items() if name == "base" or store]:
        of_set = [jar_set.folder / name for name in jar_set.files]
        missing = [path.name for path in of_set if not path.exists()]
        if missing:
            where = f"{missing[0]} is missing in {jar_set.folder}"
            raise ConfigError(f"Spark's jars are not set up ({where}): run `{jar_set.setup}` in {ROOT}.")
        found += of_set
    return found


def _refuse_other_bytes(jar_set: JarSet, folder: Path) -> None:
    for name, expected in jar_set.files.items():
        path = folder / name
        if not path.exists():
            raise ConfigError(f"{name} was not resolved: compare the coordinates in {LOCK} with its list of files.")
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual != expected:
            raise ConfigError(f"{name} has SHA-256 {actual}, but {LOCK.name} says {expected}: the jar is refused.")


def set_up(name: str) -> None:
    """Resolve a set's coordinates with Ivy, check every file, and put the jars where sessions look. Idempotent."""
    jar_set = jar_sets()[name]
    if jar_set.folder.exists():
        try:
            _refuse_other_bytes(jar_set, jar_set.folder)
            return
        except ConfigError:
            shutil.rmtree(jar_set.folder)
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory() as scratch:
        spark = (
            SparkSession.builder.master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.jars.ivy", scratch)
            .config("spark.jars.packages", ",".join(jar_set.coordinates))
            .config("spark.jars.excludes", ",".join(jar_set.excludes))
            .getOrCreate()
        )
        spark.stop()
        resolved = Path(scratch) / "jars"
        _refuse_other_bytes(jar_set, resolved)
        half = jar_set.folder.with_name(jar_set.folder.name + ".half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        for file in jar_set.files:
            shutil.move(resolved / file, half / file)
        half.replace(jar_set.folder)


if __name__ == "__main__":
    try:
        for wanted in sys.argv[1:] or ["base"]:
            set_up(wanted)
    except ConfigError as error:
        sys.exit(str(error))
