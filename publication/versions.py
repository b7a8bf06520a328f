"""Where releases stand and how they come to be: whole folders, numbered, never changed."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from kordon.errors import ConfigError, TryAgain
from publication.files import sha256

VERSION = re.compile(r"v([1-9][0-9]*)")
ABOUT = ("datapackage.json", "index.html", "privacy_report.json", "privacy.html")
"""Files that say when and by whom a release was made, and who attacked it; all others are data."""


def period_name(first: date, last: date) -> str:
    """``<A>_<B>``, or ``<A>`` for one day."""
    return str(first) if first == last else f"{first}_{last}"


def refuse_overlap(series: Path, *, first: date, last: date) -> None:
    """Two releases of different periods may not cover the same day: their difference would tell of the days between.

    Raises:
        ConfigError: there is one; the message names it.
    """
    for folder in sorted(series.iterdir()) if series.is_dir() else []:
        span = _period(folder.name)
        if span is None or span == (first, last) or latest(folder) is None:
            continue
        if span[0] <= last and first <= span[1]:
            raise ConfigError(
                f"The period {period_name(first, last)} overlaps {folder}: the difference of two releases shows what each of "
                f"them hides. Release {folder.name} again as a new version, or choose days that no release covers."
            )


def latest(period: Path) -> tuple[int, Path] | None:
    """The newest version of a period and its folder, or None."""
    found = versions_of(period)
    return (int(found[-1].name[1:]), found[-1]) if found else None


def versions_of(period: Path) -> list[Path]:
    """The folders of a period's versions, the oldest first."""
    if not period.is_dir():
        return []
    found = [folder for folder in period.iterdir() if VERSION.fullmatch(folder.name)]
    return sorted(found, key=lambda folder: int(folder.name[1:]))


def fingerprint(folder: Path) -> dict[str, str]:
    """The SHA-256 of each data file of a release."""
    return {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.name not in ABOUT}


def add(
    period: Path,
    *,
    data: Callable[[Path], None],
    about: Callable[[Path, int], None],
    audit: Callable[[Path, list[Path]], None] | None = None,
) -> tuple[int, Path, bool]:
    """Add a version unless the newest one has the same data files.

    Args:
        data: writes the data files into a folder.
        about: writes what says when and by whom, given the folder and the number of the version.
        audit: attacks the finished folder, given those of the versions before it; when it raises, no file stays.

    Returns:
        The version, its folder, and whether it is new.

    Raises:
        TryAgain: another process added the same version meanwhile.
    """
    period.mkdir(parents=True, exist_ok=True)
    # A hidden sibling on the same file system: a reader sees the whole release or none.
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=period))
    try:
        data(work)
        before = latest(period)
        if before and fingerprint(work) == fingerprint(before[1]):
            return *before, False
        version = before[0] + 1 if before else 1
        about(work, version)
        if audit is not None:
            audit(work, versions_of(period))
        work.chmod(0o755)
        for path in (*work.iterdir(), work):
            _sync(path)
        target = period / f"v{version}"
        try:
            work.rename(target)
        except OSError as error:
            raise TryAgain(f"{target} was made by another process meanwhile: run the same command again.") from error
        _sync(period)
        return version, target, True
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not any(period.iterdir()):
            period.rmdir()


def _period(name: str) -> tuple[date, date] | None:
    first, _, last = name.partition("_")
    try:
        return date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
