"""Where releases stand and how they come to be: whole folders, numbered, never changed."""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kordon.errors import ConfigError, TryAgain
from kordon.state import uri_of
from publication.files import sha256

VERSION = re.compile(r"v([1-9][0-9]*)")
BUILDING = ".building-"
"""How the names of folders begin that are not finished."""
APPROVAL = "approval.json"
WITHDRAWN = "withdrawn.json"
"""Stands in a version whose files were withdrawn, and says why."""
ABOUT = ("datapackage.json", "index.html", "privacy_report.json", "privacy.html", APPROVAL, WITHDRAWN)
"""Files that say when a release was made, how it was attacked, who approved it and why it went; all others are data."""


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
                f"The period {period_name(first, last)} overlaps {uri_of(folder)}: the difference of two releases shows what each of "
                f"them hides. Release {folder.name} again as a new version, or choose days that no release covers."
            )


def with_files(period: Path) -> list[Path]:
    """The folders of a period's versions that were not withdrawn, the oldest first."""
    return [folder for folder in versions_of(period) if withdrawal_of(folder) is None]


def withdrawal_of(folder: Path) -> dict[str, Any] | None:
    """What ``withdrawn.json`` of a version says; None when it was not withdrawn."""
    path = folder / WITHDRAWN
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def covering(series: Path, *, first: date, last: date) -> list[Path]:
    """The versions of a series, not withdrawn, whose period shares a day with these."""
    found = []
    for folder in sorted(series.iterdir()) if series.is_dir() else []:
        span = _period(folder.name)
        if span is not None and span[0] <= last and first <= span[1]:
            found += with_files(folder)
    return found


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


def is_same_data(folder: Path, published: Path) -> bool:
    """Whether a new release holds the data of a published version.

    Raises:
        ConfigError: that version was withdrawn: its data does not come back under another number.
    """
    withdrawn = withdrawal_of(published)
    if withdrawn is None:
        return fingerprint(folder) == fingerprint(published)
    gone = {file["path"]: file["sha256"] for file in withdrawn["files"] if file["path"] not in ABOUT}
    if fingerprint(folder) == gone:
        raise ConfigError(
            f"{uri_of(published)} was withdrawn ({withdrawn['reason']}), and this would be the same data again. Mend what was wrong with "
            "it (the city folder, or the days: `kordon run`) before you release the period again."
        )
    return False


@contextmanager
def building(parent: Path, *, mode: int = 0o755) -> Iterator[Path]:
    """An empty hidden folder below ``parent``, on its file system; afterwards it is gone, unless it was :func:`settled <settle>`."""
    parent.mkdir(parents=True, exist_ok=True, mode=mode)
    work = Path(tempfile.mkdtemp(prefix=BUILDING, dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not any(parent.iterdir()):
            parent.rmdir()


def sweep(parent: Path, *, before: datetime) -> None:
    """Delete what runs that were killed while they were :func:`building` left before a time."""
    for work in parent.glob(f"{BUILDING}*"):
        if work.stat().st_mtime < before.timestamp():
            shutil.rmtree(work, ignore_errors=True)


def settle(work: Path, target: Path, *, mode: int) -> None:
    """Give a finished folder its place, on disk before this returns: a reader sees all of it or nothing.

    Raises:
        TryAgain: another process put something there meanwhile.
    """
    work.chmod(mode)
    for path in (*work.rglob("*"), work):
        sync(path)
    try:
        work.rename(target)
    except OSError as error:
        raise TryAgain(f"{target} was made by another process meanwhile: run the same command again.") from error
    sync(target.parent)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No other process of this machine is at work on a folder meanwhile."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _period(name: str) -> tuple[date, date] | None:
    first, _, last = name.partition("_")
    try:
        return date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return None


def sync(path: Path) -> None:
    """See that a file, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
