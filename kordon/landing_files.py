"""Suppliers' files that were loaded: they hold plates, and are kept no longer than the lines made from them."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kordon import objects

if TYPE_CHECKING:
    from kordon.delivered import Delivered, Landing
    from kordon.lake import Lake


@dataclass
class LandingReport:
    """What became of the landing folder.

    Attributes:
        deleted: files that were loaded before the limit.
        changed: files that differ from what was loaded: the next run loads them, then their time counts.
        unloaded: older than the limit, but no profile took them in: somebody must look, as they may hold plates.
    """

    deleted: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unloaded: list[str] = field(default_factory=list)


def delete_loaded(lake: "Lake", *, landing: "Landing", before: datetime, only: Collection[str] | None = None) -> LandingReport:
    """Delete the files of a landing folder that were loaded before an instant.

    A versioned bucket forgets whatever was deleted or overwritten in it.

    Args:
        only: no other files than these, relative to the folder; the rest is not looked at.
    """
    report = LandingReport()
    from kordon.delivered import name_below

    loads = {row.file: row for row in lake.read("ops_load").collect()}
    for path in sorted((p for p in landing.rglob("*") if p.is_file()), key=str):
        file = name_below(path, landing)
        if only is not None and file not in only:
            continue
        load = loads.get(file)
        if load is None:
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                report.unloaded.append(file)
        elif load.loaded_at.astimezone(UTC) < before:
            is_same = path.stat().st_size == load.bytes and _sha256(path) == load.sha256
            if is_same:
                path.unlink()
            (report.deleted if is_same else report.changed).append(file)
    if objects.is_remote(landing):
        objects.forget(str(landing))
    return report


def _sha256(path: "Delivered") -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
