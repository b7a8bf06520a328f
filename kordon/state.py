"""Where what is neither data nor configuration lives when no option says otherwise: keys, ledgers, approvals, copies."""

import os
from pathlib import Path

from kordon import objects
from kordon.errors import ConfigError


def state_home(kind: str, city_id: str) -> Path:
    """``$XDG_STATE_HOME/kordon/<kind>/<city>``."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "kordon" / kind / city_id


def staging_area(lake: str | Path) -> Path:
    """Where releases of a lake wait for approval: ``<lake>/staging``; of a lake in a store, in the zone ``staging``, its working copy."""
    return working_copy(f"{objects.at(str(lake), 'staging').rstrip('/')}/staging")


def copies() -> Path:
    """Where the working copies of releases in object stores are, staged ones too: ``$XDG_STATE_HOME/kordon/copies``."""
    return state_home("copies", "").absolute()


def working_copy(uri: str | Path) -> Path:
    """The folder in which releases at a place are read and made: the place itself, or ``<bucket>/<prefix>`` of it below :func:`copies`.

    Raises:
        ConfigError: the place names no bucket, or leads out of it.
    """
    if not objects.is_remote(uri):
        return Path(uri).absolute()
    bucket, prefix = objects.split(str(uri))
    if {".", ".."} & {bucket, *prefix.split("/")}:
        raise ConfigError(f"{uri}: write s3a://bucket/prefix without . and .. in it.")
    return copies() / bucket / prefix


def uri_of(folder: str | Path) -> str:
    """The place that a folder is, or of which it is the working copy."""
    here = Path(folder).absolute()
    return f"{objects.SCHEME}{here.relative_to(copies()).as_posix()}" if here.is_relative_to(copies()) else str(here)
