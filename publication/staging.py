"""Staging: releases that are finished and attacked, and wait for somebody to answer for them.

``<lake>/staging/<name>/`` holds ``staged.json``, the terms, and ``release/``, the files; of the shared tier also ``basis/``, the exact
counts that the rows rest on, which stay for the next version. Only its owner reads the folder. The SHA-256 over all of it stands in
the lake's audit log: an approval is of these bytes or of none.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kordon import audit_log
from kordon.errors import PrivacyError, UsageError
from kordon.state import staging_area, working_copy
from publication import versions
from publication.files import sha256

TERMS, FILES, BASIS = "staged.json", "release", "basis"
STAGED = "release_staged"
"""Action of the audit-log entry that holds the hash."""
OWNER_ONLY = 0o700


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
        if not folder.exists():
            versions.settle(work, folder, mode=OWNER_ONLY)
    if _logged(lake, folder) is None:
        audit_log.append(audit_log.of_lake(lake), action=STAGED, purpose=purpose, staged=folder.name, sha256=found)
    return Staged(folder, terms, found)


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
    folder = Path(uri).absolute()
    area = staging_area(lake)
    if folder.parent.resolve() != area.resolve() or not (folder / TERMS).is_file():
        raise UsageError(f"{uri} is no release that waits below {area}: give the URI that `kordon release` printed.")
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


def clear(staged: Staged) -> None:
    """Delete the files of a release that is published; its terms stay, so that it is found again, and what its rows rest on."""
    shutil.rmtree(staged.files, ignore_errors=True)


def forget(lake: str | Path, *, before: date) -> list[str]:
    """Delete what releases rest on whose last day lies before a day: exact counts are kept as long as those of the lake.

    Returns:
        The names of the releases, as they were staged.
    """
    found = []
    for terms in sorted(staging_area(lake).glob(f"*/{TERMS}")):
        basis = terms.parent / BASIS
        if basis.is_dir() and Terms(**json.loads(terms.read_text(encoding="utf-8"))).last < before:
            shutil.rmtree(basis)
            found.append(terms.parent.name)
    return found


def _logged(lake: str | Path, folder: Path) -> audit_log.Entry | None:
    entries = audit_log.entries(audit_log.of_lake(lake))
    return next((e for e in entries if e["action"] == STAGED and e["staged"] == folder.name), None)
