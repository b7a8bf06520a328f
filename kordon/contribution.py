"""How much one vehicle may count for in a day of the open tier. Flows count no more of it, and noise is drawn for as much."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """The most that one vehicle-day contributes, over all vehicle classes together; what ``bounded`` of the product cells keeps to."""

    trips: int = 6
    trips_per_pair: int = 2
    crossings_per_cordon: int = 4
    visits_per_cordon: int = 2


BOUNDS = Bounds()
