"""Shared releases of cells in memory, staged and approved, as tests need them."""

from pathlib import Path
from typing import Any

from kordon.city import City
from privacy.governance import policy
from publication.approval import Published, approve
from publication.release import Release, assemble


def staged(city: City, below: Path, **arguments: Any) -> Release:
    """Stage a release in the lake ``below/lake``, to go to ``below``, under a policy that is approved."""
    if policy.latest(city, below / "policy") is None:
        policy.approve(city, by="An Peeters", folder=below / "policy")
    in_force = policy.require_approved(city, below / "policy").hash
    return assemble(city=city, lake=below / "lake", out=below, policy=in_force, **arguments)


def approved(release: Release, city: City, below: Path, *, by: str = "An Peeters", **arguments: Any) -> Published:
    """Approve what :func:`staged` staged; a release that is not new is published already."""
    if not release.is_new:
        return Published(release.path, release.version, False)
    return approve(
        release.path,
        lake=below / "lake",
        city=city,
        **{"by": by, "role": "privacy officer", "approvals": below / "policy", **arguments},
    )


def published(city: City, below: Path, **arguments: Any) -> Published:
    """Stage and approve a release."""
    return approved(staged(city, below, **arguments), city, below)
