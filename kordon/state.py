"""Where what is neither data nor configuration lives when no option says otherwise: keys, ledgers, approvals."""

import os
from pathlib import Path


def state_home(kind: str, city_id: str) -> Path:
    """``$XDG_STATE_HOME/kordon/<kind>/<city>``."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "kordon" / kind / city_id
