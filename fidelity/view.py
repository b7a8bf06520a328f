"""Passages, legs and trips of a product, or of the naive method, tied to the true reads behind them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fidelity.place import Ints, ordered_keys
from fidelity.product import Frames, has
from fidelity.truth import Truth

ROUNDING_S = 0.001  # instants are compared to the millisecond


@dataclass(frozen=True)
class View:
    """One account of who drove where.

    ``passage``: service_day, vid, site_id, first_ts, first_read (row of ``Truth.read``, -1 unknown), trip (number, -1
    without trips). ``leg``: start, end (rows of ``passage``), from_site_id, to_site_id, depart_ts, gap_s, is_cut; None
    without legs. ``read_passage``: per row of ``Truth.read`` the row of ``passage`` that holds it, -1 for none.
    ``trips``: trips by service day, None without trips.
    """

    passage: pd.DataFrame
    leg: pd.DataFrame | None
    read_passage: Ints
    trips: pd.Series | None


def of_product(frames: Frames, *, truth: Truth) -> View | None:
    """The product's account, from ``core_passage``, ``core_leg`` (or else ``core_trip``) and ``core_read``."""
    table = frames["core_passage"]
    if table is None or not has(table, "passage_id", "vid", "site_id", "first_ts", "last_ts", "first_read_id", "service_day"):
        return None
    passage = table[table.service_day.isin(truth.days)].reset_index(drop=True)
    passage["first_read"] = truth.rows_of(passage.first_read_id)
    leg = _legs(frames["core_leg"], passage)
    passage["trip"] = _chains(passage, leg) if leg is not None else _within(passage, frames["core_trip"])
    trip_table = frames["core_trip"]
    trips: pd.Series | None
    if trip_table is not None and "service_day" in trip_table:
        trips = pd.Series(trip_table[trip_table.service_day.isin(truth.days)].groupby("service_day").size())
    elif leg is not None:
        trips = passage.groupby("service_day").trip.nunique()
    else:
        trips = None
    return View(passage, leg, _holders(frames["core_read"], passage, truth), trips)


def _legs(table: pd.DataFrame | None, passage: pd.DataFrame) -> pd.DataFrame | None:
    if table is None or not has(table, "from_passage_id", "to_passage_id", "is_cut"):
        return None
    row = pd.Series(passage.index, index=passage.passage_id)
    row = row[~row.index.duplicated()]
    leg = table.assign(
        start=row.index.get_indexer(pd.Index(table.from_passage_id)), end=row.index.get_indexer(pd.Index(table.to_passage_id))
    )
    leg = leg[(leg.start >= 0) & (leg.end >= 0)]
    places = row.to_numpy()
    return leg.assign(start=places[leg.start], end=places[leg.end], is_cut=leg.is_cut.astype(bool)).reset_index(drop=True)


def _chains(passage: pd.DataFrame, leg: pd.DataFrame) -> Ints:
    """Trips as the passages that uncut legs connect: no order of time is needed, so ties and wrong clocks cannot confuse."""
    kept = leg[~leg.is_cut]
    size = len(passage)
    edges = coo_array((np.ones(len(kept), np.int8), (kept.start, kept.end)), shape=(size, size))
    return connected_components(edges, directed=False)[1].astype(np.int64) if size else np.zeros(0, np.int64)


def _within(passage: pd.DataFrame, trip: pd.DataFrame | None) -> Ints:
    """Trips as the span of ``core_trip`` in which a vehicle's passage began."""
    if trip is None or not has(trip, "vid", "start_ts", "end_ts") or not len(passage):
        return np.full(len(passage), -1)
    trip = trip.sort_values(["vid", "start_ts"], ignore_index=True)
    origin = float(min(trip.start_ts.min(), passage.first_ts.min()))
    starts = ordered_keys(trip.vid, trip.start_ts, origin=origin)
    found = np.searchsorted(starts, ordered_keys(passage.vid, passage.first_ts, origin=origin), side="right") - 1
    at = trip.iloc[np.maximum(found, 0)]
    fits = (found >= 0) & (at.vid.to_numpy() == passage.vid) & (passage.first_ts <= at.end_ts.to_numpy() + ROUNDING_S)
    return np.where(fits, found, -1).astype(np.int64)


def _holders(read: pd.DataFrame | None, passage: pd.DataFrame, truth: Truth) -> Ints:
    """The passage of each true read: where its vid and site were passing at ``read_ts``, and surely of a first read."""
    holder = np.full(len(truth.read), -1, np.int64)
    if read is not None and has(read, "read_id", "vid", "site_id", "read_ts") and len(passage):
        followed = read[read.vid >= 0]
        both = pd.concat([passage[["vid", "site_id"]], followed[["vid", "site_id"]]])
        group = both.groupby(["vid", "site_id"], sort=False).ngroup().to_numpy()
        origin = float(min(passage.first_ts.min(), followed.read_ts.min())) if len(followed) else float(passage.first_ts.min())
        known = ordered_keys(group[: len(passage)], passage.first_ts, origin=origin)
        order = np.argsort(known, kind="stable")
        asked = ordered_keys(group[len(passage) :], followed.read_ts, origin=origin)
        found = order[np.maximum(np.searchsorted(known[order], asked, side="right") - 1, 0)]
        fits = group[: len(passage)][found] == group[len(passage) :]
        fits &= followed.read_ts.to_numpy() <= passage.last_ts.to_numpy()[found] + ROUNDING_S
        row = truth.rows_of(followed.read_id)
        fits &= row >= 0
        holder[row[fits]] = found[fits]
    first = passage.first_read.to_numpy()
    holder[first[first >= 0]] = np.flatnonzero(first >= 0)
    return holder
