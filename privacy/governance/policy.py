"""The policy that somebody approves: purposes, legal basis, ``[sdc]`` and ``[dp]``; and the approvals, one a line.

What is approved is the values after defaults, so that a new default of the code asks for approval as a changed line does.
Approvals are only ever appended. Who can write the file can forge one: it shows what was decided, it does not guard a machine.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kordon.errors import ConfigError, UsageError
from kordon.state import state_home

if TYPE_CHECKING:
    from kordon.city import City

FILE = "approvals.jsonl"


@dataclass(frozen=True)
class Approval:
    """Who approved which policy, and when (UTC)."""

    at: str
    by: str
    hash: str
    policy: dict[str, Any]


def policy_of(city: "City") -> dict[str, Any]:
    """What is approved, as plain values with dots in their names. The ledger's address may hold a password: its hash stands here."""
    governance, dp = city.governance, city.dp.model_dump(mode="json")
    if dp["ledger"] is not None:
        dp["ledger"] = f"sha256:{hashlib.sha256(dp['ledger'].encode()).hexdigest()}"
    return {
        "governance.purposes": list(governance.purposes),
        "governance.nl.purposes": list(governance.nl.purposes),
        "governance.legal_basis": governance.legal_basis,
        "governance.nl.legal_basis": governance.nl.legal_basis,
        **{f"sdc.{key}": value for key, value in city.sdc.model_dump(mode="json").items()},
        **{f"dp.{key}": value for key, value in dp.items()},
    }


def hash_of(policy: dict[str, Any]) -> str:
    """SHA-256 (hex) of a policy, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(policy, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def folder_of(city: "City") -> Path:
    """Where approvals of a city stand when nobody says otherwise: ``$XDG_STATE_HOME/kordon/policy/<city>``."""
    return state_home("policy", city.id)


def latest(city: "City", folder: Path | None = None) -> Approval | None:
    """The newest approval of a city, or None.

    Raises:
        ConfigError: the file is damaged.
    """
    file = (folder or folder_of(city)) / FILE
    if not file.exists():
        return None
    lines = file.read_text(encoding="utf-8").splitlines()
    try:
        approval = Approval(**json.loads(lines[-1]))
    except (IndexError, ValueError, TypeError):
        raise ConfigError(f"The approvals in {file} are damaged: restore the file, or move it away and approve anew.") from None
    if hash_of(approval.policy) != approval.hash:
        raise ConfigError(
            f"The newest approval in {file} was changed after it was written: find out by whom, and approve anew."
        )
    return approval


def approve(city: "City", *, by: str, folder: Path | None = None, now: datetime | None = None) -> Approval:
    """Record that somebody approves the policy as ``city.toml`` states it today.

    Raises:
        UsageError: nobody approves.
    """
    if not by.strip():
        raise UsageError("A policy is approved in somebody's name: give --by NAME.")
    policy = policy_of(city)
    moment = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    approval = Approval(moment, by.strip(), hash_of(policy), policy)
    place = folder or folder_of(city)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(place / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        file.write(json.dumps(vars(approval), ensure_ascii=False, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return approval


def changes(approval: Approval, city: "City") -> list[str]:
    """What differs from the approved policy, one sentence a value."""
    now, was = policy_of(city), approval.policy
    return [
        f"{key}: {_said(was, key)} became {_said(now, key)}" for key in sorted({*now, *was}) if now.get(key) != was.get(key)
    ]


def _said(policy: dict[str, Any], key: str) -> str:
    return json.dumps(policy[key], ensure_ascii=False) if policy.get(key) not in (None, "", []) else "nothing"


def require_approved(city: "City", folder: Path | None = None) -> Approval:
    """The approval that covers a release made now.

    Raises:
        ConfigError: nobody has approved this policy, or it changed since; the message says what and which command to type.
    """
    command = f'`kordon approve policy --city {city.folder} --by "NAME"`'
    approval = latest(city, folder)
    if approval is None:
        raise ConfigError(
            f"Nobody has approved the policy of {city.name} (purposes, legal basis, [sdc], [dp]), so nothing may be released: "
            f"let who answers for it read city.toml and type {command}."
        )
    if approval.hash != hash_of(policy_of(city)):
        listed = "\n".join(f"  {line}" for line in changes(approval, city))
        raise ConfigError(
            f"The policy of {city.name} changed since {approval.by} approved it on {approval.at[:10]}, so nothing may be released:\n"
            f"{listed}\nIf that is meant, let who answers for it type {command}."
        )
    return approval
