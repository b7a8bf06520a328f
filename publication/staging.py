"""Staging: releases that are finished and attacked, and wait for somebody to answer for them.

``<lake>/staging/<name>/`` holds ``staged.json``, the terms, and ``release/``, the files; of the shared tier also ``basis/``, the exact
counts that the rows rest on, which stay for the next version. Only its owner reads the folder. The SHA-256 over all of it stands in
the lake's audit log: an approval is of these bytes or of none. Of a lake in a store the folders are in the zone ``staging``, and this
machine has a working copy.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from kordon import audit_log
from kordon.errors import PrivacyError, UsageError
from kordon.state import staging_area, uri_of, working_copy
from publication import in_store, versions
from publication.files import sha256

TERMS, FILES, BASIS = "staged.json", "release", "basis"
STAGED = "release_staged"
"""Action of the audit-log entry that holds the hash."""
OWNER_ONLY = 0o700
UNFINISHED = timedelta(days=1)
"""Nobody stages a release for so long."""


@dataclass(frozen=True)
class Terms:
    """What an approval is about, beside the files.

    Attributes:
        series: the folder of the dataset's releases below ``out``.
        out: the place of all releases to which it goes: a folder, or ``s3a://bucket/prefix``.
        policy: hash of the policy under which it was made.
        created_at: ISO 8601 with offset.
    """

    city: str
    tier: str
    series: str
    first_day: str
    last_day: str
    version: int
    out: str
    policy: str
    created_at: str

    @property
    def first(self) -> date:
        return date.fromisoformat(self.first_day)

    @property
    def last(self) -> date:
        return date.fromisoformat(self.last_day)

    @property
    def name(self) -> str:
        return f"{self.series}_{versions.period_name(self.first, self.last)}_v{self.version}"

    @property
    def period(self) -> Path:
        """The folder of the period's versions; of a place in a store that of its working copy."""
        return working_copy(self.out) / self.series / versions.period_name(self.first, self.last)

    @property
    def target(self) -> Path:
        """Where it is published."""
        return self.period / f"v{self.version}"


@dataclass(frozen=True)
class Staged:
    """A staged release. ``files`` is gone once it is published."""

    folder: Path
    terms: Terms
    digest: str

    @property
    def files(self) -> Path:
        return self.folder / FILES


def stage(lake: str | Path, *, terms: Terms, purpose: str, fill: Callable[[Path], bool]) -> Staged | None:
    """Stage a release, and log its hash.

    Args:
        fill: writes the files into an empty folder and attacks them, and says whether there is something to stage. If not, or when
            it raises, no file stays.
    """
    area = staging_area(lake)
    area.mkdir(parents=True, exist_ok=True)
    area.chmod(OWNER_ONLY)
    with versions.building(area, mode=OWNER_ONLY) as work:
        (work / FILES).mkdir(mode=OWNER_ONLY)
        if not fill(work / FILES):
            return None
        (work / TERMS).write_text(json.dumps(asdict(terms), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        found = digest(work)
        folder = area / f"{terms.name}_{found[:16]}"
        in_store.upload_folder(work, folder, last=TERMS)
        if not folder.exists():
            versions.settle(work, folder, mode=OWNER_ONLY)
    if _logged(lake, folder) is None:
        audit_log.append(audit_log.of_lake(lake), action=STAGED, purpose=purpose, staged=folder.name, sha256=found)
    return Staged(folder, terms, found)


def area(lake: str | Path) -> Path:
    """The staging area of a lake; of one in a store the working copy, as the store is now.

    Raises:
        ConfigError: these credentials may not read it.
        TryAgain: the store does not answer, or changed meanwhile.
    """
    here = staging_area(lake)
    in_store.fetch_folders(here, whole_with=TERMS)
    return here


def digest(folder: Path) -> str:
    """SHA-256 (hex) over the names and bytes of all files of a staged release.

    Raises:
        PrivacyError: something in it is neither a file nor a folder, such as a link to what may change.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise PrivacyError(f"{path} is no file: a staged release holds files only. Stage the release again.")
        if path.is_file():
            found[str(path.relative_to(folder))] = sha256(path)
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def find(uri: str | Path, *, lake: str | Path) -> Staged:
    """A staged release of a lake, by what ``kordon release`` printed.

    Raises:
        UsageError: there is none of that name below the lake's staging area.
        PrivacyError: the audit log is damaged, or does not know the release.
    """
    folder, here = working_copy(uri), area(lake)
    if folder.parent.resolve() != here.resolve() or not (folder / TERMS).is_file():
        raise UsageError(f"{uri} is no release that waits below {uri_of(here)}: give the URI that `kordon release` printed.")
    audit_log.verify(audit_log.of_lake(lake))
    logged = _logged(lake, folder)
    if logged is None:
        raise PrivacyError(
            f"The audit log of {lake} does not know {folder.name}: it was not staged by `kordon release`. Stage it again."
        )
    return Staged(folder, Terms(**json.loads((folder / TERMS).read_text(encoding="utf-8"))), str(logged["sha256"]))


def verify(staged: Staged) -> None:
    """See that a staged release is as it was staged.

    Raises:
        PrivacyError: a file of it was changed, added or taken away.
    """
    if digest(staged.folder) != staged.digest:
        raise PrivacyError(
            f"{staged.folder} is not what was staged: a file of it changed since. Nothing is published; find out by whom, and stage "
            "the release again."
        )


def copy(staged: Staged, into: Path) -> dict[str, Any]:
    """Copy the files of a staged release; there is nothing to tell of it.

    Raises:
        PrivacyError: what was copied is not what was staged.
    """
    shutil.copytree(staged.files, into, dirs_exist_ok=True, symlinks=True, copy_function=shutil.copyfile)
    verify(staged)
    if {p.name: sha256(p) for p in into.iterdir()} != {p.name: sha256(p) for p in staged.files.iterdir()}:
        raise PrivacyError(f"{staged.folder} changed while it was published: nothing was. Stage the release again.")
    return {}


def clear(folder: Path) -> None:
    """Delete the files of a release that is published; its terms stay, so that it is found again, and what its rows rest on."""
    in_store.delete(folder / FILES, keep=())
    shutil.rmtree(folder / FILES, ignore_errors=True)


def forget(lake: str | Path, *, before: date, now: datetime) -> list[str]:
    """Delete what releases rest on whose last day lies before a day: exact counts are kept as long as those of the lake.

    What a run that died left half staged goes too, once it is a day old.

    Returns:
        The names of the releases, as they were staged.
    """
    here, long_ago, found = area(lake), now - UNFINISHED, []
    in_store.delete_unfinished(here, whole_with=TERMS, before=long_ago)
    versions.sweep(here, before=long_ago)
    for terms in sorted(here.glob(f"*/{TERMS}")):
        basis = terms.parent / BASIS
        if basis.is_dir() and Terms(**json.loads(terms.read_text(encoding="utf-8"))).last < before:
            in_store.delete(basis, keep=())
            shutil.rmtree(basis)
            found.append(terms.parent.name)
    return found


def _logged(lake: str | Path, folder: Path) -> audit_log.Entry | None:
    entries = audit_log.entries(audit_log.of_lake(lake))
    return next((e for e in entries if e["action"] == STAGED and e["staged"] == folder.name), None)
