"""What a release asks of the ledger."""

import math
from dataclasses import dataclass
from datetime import date

BILLION = 1_000_000_000


def in_billionths(rho: float) -> int:
    """A rho as a whole number of billionths, rounded up: sums of whole numbers are exact, and never too small."""
    return math.ceil(round(rho * BILLION, 6))


@dataclass(frozen=True)
class Charge:
    """One release of one dataset for one period, and what it costs every vehicle-day of that period.

    Attributes:
        period_start, period_end: first and last service day, both inclusive.
        version: 1 for the first release of a period; a higher one is a correction and is charged again.
        rho: zCDP of one vehicle-day. A vehicle-day lies in one service day, so a release of a month costs each of its
            days ``rho``, not a part of it.
        sigma, sens: standard deviation and L2 sensitivity of each query group, in the order of the release's levels.
        cellset_hash: SHA-256 (hex) of the full, public cell set.
    """

    city: str
    dataset: str
    period_start: date
    period_end: date
    version: int
    rho: float
    delta: float
    mechanism: str
    sigma: tuple[float, ...]
    sens: tuple[float, ...]
    cellset_hash: str
    unit: str = "vehicle-day"
    code_commit: str = ""
    image_digest: str = ""

    @property
    def release_id(self) -> str:
        """The name of the release; a retry has the same one."""
        return f"{self.city}.{self.dataset}.{self.period_start}.{self.period_end}.v{self.version}"
