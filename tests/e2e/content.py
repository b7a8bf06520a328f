"""What a lake says, independent of who wrote it and when: the content of its core and flow tables."""

from jobs.s11_quality import fingerprint
from kordon.lake import Lake
from kordon.snapshots import NAMES
from kordon.tables import TABLES

COMPARED = [name for name in TABLES if name.startswith(("core_", "flow_", "out_")) and name not in NAMES]
"""All that runs write; snapshots are of calibration."""


def content(lake: Lake) -> dict[str, tuple[int, int]]:
    """Rows and an order-free hash of each table."""
    return {name: fingerprint(lake.read(name)) for name in COMPARED}
