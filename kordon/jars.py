"""Spark's jars: resolved once, at set-up, by Spark's own Ivy from ``jars.lock``, and checked by SHA-256."""

import hashlib
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

from kordon.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "jars.lock"
FOLDER = ROOT / ".jars"


def locked() -> dict[str, str]:
    """File name -> SHA-256 of every jar in the lock file."""
    return dict(tomllib.loads(LOCK.read_text())["files"])


def paths() -> list[Path]:
    """The local jars of a session.

    Raises:
        ConfigError: set-up has not run, or a jar is missing.
    """
    found = [FOLDER / name for name in locked()]
    missing = [path.name for path in found if not path.exists()]
    if missing:
        raise ConfigError(f"Spark's jars are not set up ({missing[0]} is missing in {FOLDER}): run `make setup` in {ROOT}.")
    return found


def _refuse_other_bytes(folder: Path) -> None:
    for name, expected in locked().items():
        path = folder / name
        if not path.exists():
            raise ConfigError(f"{name} was not resolved: compare the coordinates in {LOCK} with its list of files.")
        actual = hashlib.sha256(path.read_bytes()).hexdigest()
        if actual != expected:
            raise ConfigError(f"{name} has SHA-256 {actual}, but {LOCK.name} says {expected}: the jar is refused.")


def set_up() -> None:
    """Resolve the locked coordinates with Ivy, check every file, and put the jars where sessions look. Idempotent."""
    if FOLDER.exists():
        try:
            _refuse_other_bytes(FOLDER)
            return
        except ConfigError:
            shutil.rmtree(FOLDER)
    from pyspark.sql import SparkSession

    lock = tomllib.loads(LOCK.read_text())
    with tempfile.TemporaryDirectory() as scratch:
        spark = (
            SparkSession.builder.master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.jars.ivy", scratch)
            .config("spark.jars.packages", ",".join(lock["coordinates"]))
            .config("spark.jars.excludes", ",".join(lock["excludes"]))
            .getOrCreate()
        )
        spark.stop()
        resolved = Path(scratch) / "jars"
        _refuse_other_bytes(resolved)
        half = FOLDER.with_name(FOLDER.name + ".half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        for name in locked():
            shutil.copy2(resolved / name, half / name)
        half.replace(FOLDER)


if __name__ == "__main__":
    try:
        set_up()
    except ConfigError as error:
        sys.exit(str(error))
