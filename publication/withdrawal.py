"""Withdrawal: the files of a published version go at once; that it was there, and why it went, stays.

``withdrawn.json`` is written first and marks the version as withdrawn for everybody; then its page becomes one that says so, and
every other file goes but the approval. Whoever dies in between leaves a version that is marked, and the same command goes on. In a
store each of these is done before it is in the working copy. The number stays taken, and so does what the open tier paid.
"""

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kordon import audit_log
from kordon.errors import ConfigError, UsageError
from kordon.state import staging_area, uri_of
from publication import in_store, staging, versions
from publication.approval import APPROVED, approval_of, purpose_of
from publication.files import sha256
from publication.page import template_of

if TYPE_CHECKING:
    from kordon.city import City

ACTION = "release_withdrawn"
STATUS = "http://publications.europa.eu/resource/authority/distribution-status/WITHDRAWN"
"""The term of the EU's table of distribution statuses, as catalogues give it."""
PAGE = "index.html"
KEPT = (versions.WITHDRAWN, versions.APPROVAL, PAGE)
"""What stays of a version that was withdrawn."""


@dataclass(frozen=True)
class Withdrawn:
    """A version that was withdrawn, and the files of it that this run deleted."""

    path: Path
    version: int
    reason: str
    deleted: list[str]


def withdraw(
    release: Path, *, lake: str | Path, city: "City", by: str, role: str, reason: str, now: datetime | None = None
) -> Withdrawn:
    """Delete the files of a published version, and leave a page in their place that says why.

    Args:
        release: the folder of the version, or its working copy.
        lake: the lake from which it was published; its audit log knows the approval.
        by: who decides it, in which ``role``.
        reason: for everybody to read.

    Raises:
        UsageError: nobody withdraws it, or without a reason; or the folder is no published version.
        ConfigError: it was withdrawn before, or published from another lake or for another city.
        PrivacyError: the audit log is damaged.
        TryAgain: another process publishes in the same store, or it does not answer.
    """
    if not by.strip() or not role.strip() or not reason.strip():
        raise UsageError("A release is withdrawn in somebody's name and role, for a reason: give --by, --role and --reason.")
    folder = release.absolute()
    with in_store.publishing(folder, lake=lake):
        approval = approval_of(folder)
        if not approval or not versions.VERSION.fullmatch(folder.name):
            raise UsageError(
                f"{uri_of(folder)} is no published version: give its place, such as releases/vliet-shared/2026-03-10/v1."
            )
        with versions.alone(folder):
            said = versions.withdrawal_of(folder)
            if said is None:
                said = _decided(
                    folder, approval, lake=lake, city=city, by=by.strip(), role=role.strip(), reason=reason.strip(), now=now
                )
                _write(folder / versions.WITHDRAWN, json.dumps(said, ensure_ascii=False, indent=2) + "\n")
            elif not _left(folder) and not in_store.left(folder, keep=KEPT):
                raise ConfigError(f"{uri_of(folder)} was withdrawn on {said['withdrawn_at']} by {said['by']}: {said['reason']}")
            deleted = _finish(folder, said, staged=staging_area(lake) / Path(approval["staged"]).name)
    return Withdrawn(folder, int(said["version"]), str(said["reason"]), deleted)


def _decided(
    folder: Path,
    approval: dict[str, Any],
    *,
    lake: str | Path,
    city: "City",
    by: str,
    role: str,
    reason: str,
    now: datetime | None,
) -> dict[str, Any]:
    """What ``withdrawn.json`` says, logged: by an entry that a run left which died before it could mark the version, or a new one."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    about = package["kordon"]
    if about["city"] != city.id:
        raise ConfigError(
            f"{uri_of(folder)} is of {about['city']}, and {city.folder} is the folder of {city.id}: give its own --city."
        )
    log = audit_log.of_lake(lake)
    audit_log.verify(log)
    entries = list(audit_log.entries(log))
    if not any(e["action"] == APPROVED and e["hash"] == approval["audit_log_entry"] for e in entries):
        raise ConfigError(
            f"{lake} did not publish {uri_of(folder)}: its audit log does not know the approval. Give the lake that did."
        )
    logged = next((e for e in entries if e["action"] == ACTION and e["sha256"] == approval["sha256"]), None)
    entry = logged or audit_log.append(
        log,
        action=ACTION,
        purpose=purpose_of(city),
        by=by,
        role=role,
        now=now,
        reason=reason,
        release=uri_of(folder),
        version=about["version"],
        tier=about["tier"],
        staged=approval["staged"],
        sha256=approval["sha256"],
    )
    return {
        "status": STATUS,
        "id": package["id"],
        "title": package["title"],
        "title_nl": package["title_nl"],
        "tier": about["tier"],
        "city": about["city"],
        "period": about["period"],
        "version": about["version"],
        "created": package["created"],
        "published_at": approval["at"],
        "withdrawn_at": entry["ts"],
        "by": entry["by"],
        "role": entry["role"],
        "reason": entry["reason"],
        "sha256": approval["sha256"],
        "files": [
            {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in _left(folder)
            if path.is_file()
        ],
        "audit_log_entry": entry["hash"],
    }


def _finish(folder: Path, said: dict[str, Any], *, staged: Path) -> list[str]:
    """Everything after the mark; may be done again."""
    _write(folder / PAGE, template_of("withdrawn.html.j2").render(said=said))
    in_store.delete(folder, keep=KEPT)
    gone = _left(folder)
    for path in gone:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    versions.sync(folder)
    # What an approval that was killed may have left of the same bytes.
    staging.clear(staged)
    return [path.name for path in gone]


def _left(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name not in KEPT)


def _write(path: Path, text: str) -> None:
    """The whole new file, in the store and on disk, or the old one."""
    in_store.put(path, text, is_replaced=path.exists())
    work = path.with_name(f".{path.name}.new")
    work.write_text(text, encoding="utf-8")
    versions.sync(work)
    work.replace(path)
    versions.sync(path.parent)
