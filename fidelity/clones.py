"""Clones: is a plate that two vehicles carry told, and nobody else?"""

from dataclasses import dataclass

import pandas as pd

from fidelity.identity import owners
from fidelity.truth import Truth

FLAG = "clone_suspect"  # CONTRACT section 4, `core_trip.flags`


@dataclass(frozen=True)
class Clones:
    """``plates``: plates of one country that several vehicles carried on one day; ``flagged``: of these, with a trip of one
    of their vids that is flagged. ``vehicle_days``: of other vehicles; ``wrong``: of these, with a flagged trip."""

    plates: int
    flagged: int
    vehicle_days: int
    wrong: int


def clones(trip: pd.DataFrame, *, read: pd.DataFrame, truth: Truth) -> Clones:
    """Score the flag ``clone_suspect`` of ``core_trip``; vehicle-days with a read of the right plate and a vid.

    Args:
        trip: service_day, vid, flags (a list a trip).
        read: read_id, vid, service_day.
    """
    own = owners(read, truth=truth).own.query("vid >= 0")
    suspect = trip[[flags is not None and FLAG in flags for flags in trip["flags"]]]
    told = pd.MultiIndex.from_frame(suspect[["vid", "service_day"]].drop_duplicates())
    own = own.assign(
        plate=truth.plate[own.vehicle],
        country=truth.country.to_numpy()[own.vehicle],
        told=pd.MultiIndex.from_frame(own[["vid", "day"]]).isin(told),
    )
    cloned = own.duplicated(["plate", "country", "day"], keep=False)
    plates = own[cloned].groupby(["plate", "country", "day"]).told.any()
    return Clones(
        plates=len(plates),
        flagged=int(plates.sum()),
        vehicle_days=int((~cloned).sum()),
        wrong=int((own.told & ~cloned).sum()),
    )
