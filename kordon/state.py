"""Where what is neither data nor configuration lives when no option says otherwise: keys, ledgers, approvals, staged releases."""

import os
from pathlib import Path

from kordon import objects


def state_home(kind: str, city_id: str) -> Path:
    """``$XDG_STATE_HOME/kordon/<kind>/<city>``."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "kordon" / kind / city_id


def staging_area(lake: str | Path) -> Path:
    """Where releases of a lake wait for approval: ``<lake>/staging``.

    A lake in an object store has it on the machine that releases, ``$XDG_STATE_HOME/kordon/staging/<bucket and prefix>``: it takes
    folders that are moved into place whole, which a store does not have.
    """
    if objects.is_remote(lake):
        return state_home("staging", str(lake).removeprefix(objects.SCHEME).strip("/").replace("/", "_"))
    return Path(lake) / "staging"
