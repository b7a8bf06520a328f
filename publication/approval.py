"""Approval: somebody answers by name for a staged release, and it is published, once."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kordon import audit_log
from kordon.errors import ConfigError, PrivacyError, UsageError
from kordon.state import uri_of, working_copy
from privacy.governance.policy import require_approved
from publication import in_store, staging, versions
from publication.staging import Staged, Terms

if TYPE_CHECKING:
    from kordon.city import City

APPROVED, REFUSED = "release_approved", "release_refused"


@dataclass(frozen=True)
class Published:
    """A published version, in its folder or its working copy. ``is_new`` is False when it was published before."""

    path: Path
    version: int
    is_new: bool


def approve(
    uri: str | Path,
    *,
    lake: str | Path,
    city: "City",
    by: str,
    role: str,
    now: datetime | None = None,
    approvals: Path | None = None,
    fill: Callable[[Staged, Path], dict[str, Any]] | None = None,
) -> Published:
    """Publish a staged release to the place that it recorded.

    The approval is logged first and the folder moved into place last, whole: whoever dies in between leaves a staged release, and
    the same command goes on under the approval that was logged. In a store ``approval.json`` is what comes last.

    Args:
        uri: as ``kordon release`` printed it.
        by: who answers for it, in which ``role``.
        approvals: the folder of approvals of the city's policy, when it is not the default one.
        fill: writes the files to publish into an empty folder, and returns what the approval has to tell of them; without it they
            are the staged ones.

    Raises:
        UsageError: nobody approves, or there is no such staged release.
        ConfigError: the policy changed, another city's folder is given, or the version was taken by another release.
        PrivacyError: the release is not what was staged.
        TryAgain: another process publishes in the same store, or it does not answer.
    """
    if not by.strip() or not role.strip():
        raise UsageError("A release is approved in somebody's name and role: give --by NAME and --role ROLE.")
    staged = staging.find(uri, lake=lake)
    terms = staged.terms
    with in_store.publishing(working_copy(terms.out), lake=lake), versions.alone(staged.folder):
        if _is_published(staged):
            if versions.withdrawal_of(terms.target) is not None:
                raise ConfigError(f"{uri_of(terms.target)} was published and withdrawn: an approval does not bring it back.")
            staging.clear(staged.folder)
            return Published(terms.target, terms.version, False)
        _refuse_other_policy(terms, city=city, approvals=approvals)
        staging.verify(staged)
        _refuse_taken(terms)
        with versions.building(terms.period) as work:
            decided = _decided(lake, staged, city=city, by=by, role=role, now=now)
            try:
                told = (fill or staging.copy)(staged, work)
            except PrivacyError as error:
                _log(lake, REFUSED, staged, city=city, by=by, role=role, now=now, reason=str(error))
                raise
            approval = {
                "by": decided["by"],
                "role": decided["role"],
                "at": decided["ts"],
                "staged": staged.folder.name,
                "sha256": staged.digest,
                "audit_log_entry": decided["hash"],
                **told,
            }
            text = json.dumps(approval, ensure_ascii=False, indent=2)
            (work / versions.APPROVAL).write_text(text + "\n", encoding="utf-8")
            in_store.upload(work, terms.target)
            versions.settle(work, terms.target, mode=0o755)
        staging.clear(staged.folder)
    return Published(terms.target, terms.version, True)


def approval_of(release: Path) -> dict[str, Any]:
    """What ``approval.json`` of a published version says; empty when there is none."""
    path = release / versions.APPROVAL
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _is_published(staged: Staged) -> bool:
    return approval_of(staged.terms.target).get("sha256") == staged.digest


def _refuse_other_policy(terms: Terms, *, city: "City", approvals: Path | None) -> None:
    if city.id != terms.city:
        raise ConfigError(f"The release is of {terms.city}, and {city.folder} is the folder of {city.id}: give its own --city.")
    if require_approved(city, approvals).hash != terms.policy:
        raise ConfigError(
            f"The policy of {city.name} (purposes, legal basis, [sdc], [dp]) changed since {terms.name} was staged: stage it again "
            "under the policy of today. Nothing was published."
        )


def _refuse_taken(terms: Terms) -> None:
    newest = versions.latest(terms.period)
    if newest and newest[0] >= terms.version:
        raise ConfigError(
            f"{uri_of(newest[1])} was published since {terms.name} was staged, and it was not compared with that: stage it again."
        )
    versions.refuse_overlap(terms.period.parent, first=terms.first, last=terms.last)


def _decided(lake: str | Path, staged: Staged, *, city: "City", by: str, role: str, now: datetime | None) -> audit_log.Entry:
    """The entry of the approval: that of a run that died before it could publish, or one that is written now."""
    for entry in audit_log.entries(audit_log.of_lake(lake)):
        if entry["action"] == APPROVED and entry.get("sha256") == staged.digest:
            return entry
    return _log(lake, APPROVED, staged, city=city, by=by, role=role, now=now)


def _log(
    lake: str | Path, action: str, staged: Staged, *, city: "City", by: str, role: str, now: datetime | None, **what: str
) -> audit_log.Entry:
    terms = staged.terms
    return audit_log.append(
        audit_log.of_lake(lake),
        action=action,
        purpose=purpose_of(city),
        by=by.strip(),
        role=role.strip(),
        now=now,
        release=uri_of(terms.target),
        version=terms.version,
        tier=terms.tier,
        staged=staged.folder.name,
        sha256=staged.digest,
        **what,
    )


def purpose_of(city: "City") -> str:
    """The purpose under which a city releases, for the audit log."""
    return "; ".join(city.governance.purposes) or "mobility statistics"
