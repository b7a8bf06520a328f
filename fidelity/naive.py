"""The naive method on the same reads, what every number of the product must beat: exact plates, a 15 minute gap, clocks as
they are, no correction of anything (the practice of methods.md 1c; a site is merged within 60 s as Bristol does)."""

import numpy as np
import pandas as pd

from fidelity.product import Frames, has
from fidelity.truth import Truth
from fidelity.view import View

TRIP_GAP_S = 900
SAME_PASSAGE_S = 60


def reads(frames: Frames) -> pd.DataFrame | None:
    """Rows of ``raw_read`` that stand and have a plate, as ``core_read`` would show them: vid is the plate."""
    table = frames["raw_read"]
    if table is None or not has(table, "read_id", "camera_id", "site_id", "captured_at", "plate", "service_day"):
        return None
    stands = table.plate.fillna("").ne("")
    if "is_duplicate" in table:
        stands &= ~table.is_duplicate.astype("boolean").fillna(False).astype(bool)
    rows = table[stands]
    return rows.assign(vid=pd.factorize(rows.plate)[0], read_ts=rows.captured_at).drop(columns="plate").reset_index(drop=True)


def moves(read: pd.DataFrame, *, truth: Truth) -> View:
    """Passages, legs and trips by the naive rules."""
    read = read[read.service_day.isin(truth.days)]
    read = read.assign(row=truth.rows_of(read.read_id))
    read = read.sort_values(["vid", "site_id", "captured_at", "read_id"], ignore_index=True)
    goes_on = (read.vid.diff() == 0) & (read.site_id == read.site_id.shift()) & (read.captured_at.diff() <= SAME_PASSAGE_S)
    first = read[~goes_on]
    island = (~goes_on).cumsum().to_numpy() - 1
    passage = first[["service_day", "vid", "site_id"]].assign(first_ts=first.captured_at, first_read=first.row)
    passage["last_ts"] = read.captured_at.groupby(island).max().to_numpy()
    order = np.lexsort([passage.first_ts, passage.vid])
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    passage = passage.iloc[order].reset_index(drop=True)
    holder = np.full(len(truth.read), -1, np.int64)
    known = read.row.to_numpy() >= 0
    holder[read.row[known]] = place[island[known]]
    gap = passage.first_ts - passage.last_ts.shift()
    follows = (passage.vid.diff() == 0) & (passage.service_day.diff() == 0)
    cut = gap > TRIP_GAP_S
    passage["trip"] = (~follows | cut).cumsum() - 1
    end = np.flatnonzero(follows)
    leg = pd.DataFrame(
        {
            "start": end - 1,
            "end": end,
            "from_site_id": passage.site_id.to_numpy()[end - 1],
            "to_site_id": passage.site_id.to_numpy()[end],
            "depart_ts": passage.last_ts.to_numpy()[end - 1],
            "gap_s": gap.to_numpy()[end],
            "is_cut": cut.to_numpy()[end],
        }
    )
    return View(passage, leg, holder, passage.groupby("service_day").trip.nunique())
