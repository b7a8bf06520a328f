"""Shared releases of cells in memory, staged and approved, as tests need them."""

from pathlib import Path
from typing import Any

import pandas as pd

from kordon.city import City
from kordon.tables import TABLES
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


def together(one: dict[str, pd.DataFrame], late: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Cells of a day on which more vehicles were seen than at first: all counts, and numbers of vehicles, add up."""
    found = {}
    for name, cells in one.items():
        keys = list(TABLES[f"out_{name}_cell"].key)
        if name == "camera_health_day":
            found[name] = cells
            continue
        both = pd.concat([cells, late[name]], ignore_index=True)
        adds = {"passages", "trips", "visits", "entries", "through", "n", "expanded"}
        how = {c: "sum" if c in adds or c.endswith("vehicles") else "first" for c in cells.columns if c not in keys}
        found[name] = both.groupby(keys, sort=False, dropna=False).agg(how).reset_index()[list(cells.columns)]
    return found
