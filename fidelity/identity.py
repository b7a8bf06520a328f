"""Identity: are the reads of a vehicle under one vehicle id, and no other vehicle's among them?

After methods.md sections 2 (match rates) and 6 (misreads joined, good vehicle-days damaged). A vehicle-day is a true vehicle
on a service day; its own vid is the most frequent one of its reads with the right plate (status ``ok``).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fidelity.truth import MISREADS, Truth

SPAN = 1_000_000  # more than any service day counted from 1970


@dataclass(frozen=True)
class Identity:
    """Counts; shares are for the reader to take. All of vehicle-days with an ``ok`` read; ``vehicle_days`` and its parts of
    those whose plate is theirs alone, ``twin_days`` of the others."""

    misreads: int
    joined: int
    joined_elsewhere: int
    set_aside: int
    ok_reads: int
    ok_set_aside: int
    vehicle_days: int
    damaged: int
    split: int
    shared: int
    swallowed: int
    twin_days: int
    twins_apart: int


@dataclass(frozen=True)
class Owners:
    """``read``: reads that the truth knows, with row (of ``Truth.read``), vehicle, status, vid, service_day and
    own (the vid of its vehicle-day, -1 without one). ``own``: vehicle_day, vid, vehicle, day."""

    read: pd.DataFrame
    own: pd.DataFrame


def owners(read: pd.DataFrame, *, truth: Truth) -> Owners:
    """Tie reads (read_id, vid, service_day) to true vehicles, and find each vehicle-day's own vid."""
    row = truth.rows_of(read.read_id)
    known = read[["vid", "service_day"]][row >= 0].assign(row=row[row >= 0])
    at = truth.read.iloc[known.row]
    known["vehicle"], known["status"] = at.vehicle.to_numpy(), at.status.to_numpy()
    known["vehicle_day"] = np.where(known.vehicle >= 0, known.vehicle * SPAN + known.service_day, -1)
    right = known[known.status == "ok"]
    most = right[right.vid >= 0].groupby(["vehicle_day", "vid"]).size().reset_index(name="reads")
    most = most.sort_values(["vehicle_day", "reads", "vid"], ascending=[True, False, True]).drop_duplicates("vehicle_day")
    own = pd.DataFrame({"vehicle_day": right.vehicle_day.unique()}).merge(most, how="left", on="vehicle_day")
    own["vid"] = own.vid.fillna(-1).astype(np.int64)
    own["vehicle"], own["day"] = own.vehicle_day // SPAN, own.vehicle_day % SPAN
    known["own"] = known.vehicle_day.map(own.set_index("vehicle_day").vid).fillna(-1).astype(np.int64)
    return Owners(known, own)


def identity(read: pd.DataFrame, *, truth: Truth) -> Identity:
    """Score vids.

    Joined: a misread under its vehicle-day's own vid. A vehicle-day is damaged when it is split (an ``ok`` read is not
    under its own vid), shares its own vid with another vehicle, or swallowed a read of another vehicle. Vehicles that have
    the same plate characters on one day, clones or twins of two countries, are no good vehicle-days: they are counted by
    themselves, as apart when no two of them have one vid.
    """
    tied = owners(read, truth=truth)
    known, own = tied.read, tied.own
    own = own.assign(plate=truth.plate[own.vehicle])
    twin = own.duplicated(["plate", "day"], keep=False)
    alone = own[~twin]
    has_ok = known.vehicle_day.isin(own.vehicle_day)
    wrong = known[has_ok & known.status.isin(MISREADS)]
    right = known[known.status == "ok"]
    split = right.vehicle_day[(right.vid < 0) | (right.vid != right.own)]

    used = own[own.vid >= 0]
    plates = used.groupby(["vid", "day"]).plate.nunique()
    crowded = plates[plates > 1].index
    shared = used.vehicle_day[pd.MultiIndex.from_frame(used[["vid", "day"]]).isin(crowded)]

    owner = used.drop_duplicates(["vid", "day"])[["vid", "day", "vehicle_day", "vehicle", "plate"]]
    owner = owner.rename(columns={"vehicle_day": "owner_day", "vehicle": "owner", "plate": "owner_plate"})
    some = known[(known.vid >= 0) & (known.vehicle >= 0)]
    met = some.merge(owner, left_on=["vid", "service_day"], right_on=["vid", "day"])
    strange = met[(met.vehicle != met.owner) & (truth.plate[met.vehicle] != met.owner_plate)]
    parts = {"split": split, "shared": shared, "swallowed": strange.owner_day}
    harmed = {name: alone.vehicle_day.isin(days) for name, days in parts.items()}
    pair = own[twin]
    same_vid = pair.duplicated(["plate", "day", "vid"], keep=False) & (pair.vid >= 0)
    return Identity(
        misreads=len(wrong),
        joined=int((wrong.vid.ge(0) & (wrong.vid == wrong.own)).sum()),
        joined_elsewhere=int(strange[strange.status.isin(MISREADS)].row.isin(wrong.row).sum()),
        set_aside=int((wrong.vid < 0).sum()),
        ok_reads=len(right),
        ok_set_aside=int((right.vid < 0).sum()),
        vehicle_days=len(alone),
        damaged=int((harmed["split"] | harmed["shared"] | harmed["swallowed"]).sum()),
        split=int(harmed["split"].sum()),
        shared=int(harmed["shared"].sum()),
        swallowed=int(harmed["swallowed"].sum()),
        twin_days=len(pair),
        twins_apart=int((~same_vid).sum()),
    )
