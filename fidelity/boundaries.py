"""Trip boundaries: does a trip end where the vehicle stopped, and only there?

After methods.md sections 2 and 6: precision, recall and F1 of "the trip was cut here" against "the vehicle stopped here for
``min_stop_s``", over pairs of consecutive true passages of a vehicle in a service day that a camera read a plate of.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fidelity.place import Ints, Place
from fidelity.truth import PLATE_READS, Truth
from fidelity.view import View

SAME_CROSSING_S = 60  # two true passages of a site within this are one crossing
UNCLEAR_S = 180  # stops from here to min_stop_s are left out of the clear F1: time to park and to turn hides them
DISTANCES_M = [0, 500, 1000, 2000, 4000, 8000, np.inf]
STOPS_S = [0, 1, 180, 300, 480, 600, 900, 1800, 3600, np.inf]


@dataclass(frozen=True)
class Seen:
    """True passages with a plate read, those of one site within 60 s as one.

    ``crossing``: vehicle, day, site_id, t; sorted by vehicle and t. ``of_passage``: the row of ``crossing`` by row of
    ``Truth.passage``, -1 where no plate was read.
    """

    crossing: pd.DataFrame
    of_passage: Ints


def seen(truth: Truth) -> Seen:
    """The crossings of which a camera read a plate."""
    rows = truth.passage[truth.has_plate_read]
    starts = begins(rows)
    of_passage = np.full(len(truth.passage), -1, np.int64)
    of_passage[rows.index] = starts.cumsum() - 1
    return Seen(rows[starts][["vehicle", "day", "site_id", "t"]].reset_index(drop=True), of_passage)


def begins(passage: pd.DataFrame) -> pd.Series:
    """Which of some rows of ``Truth.passage`` begin a crossing: those of a site within a minute are one."""
    same = (passage.vehicle.diff() == 0) & (passage.day.diff() == 0) & (passage.site_id == passage.site_id.shift())
    return ~(same & (passage.t.diff() <= SAME_CROSSING_S))


def pairs(crossing: pd.DataFrame, *, truth: Truth) -> pd.DataFrame:
    """Consecutive crossings of a vehicle in a service day: a, b (index labels), sites, hour-giving t, gap_s, stop_s."""
    follows = (crossing.vehicle.diff() == 0) & (crossing.day.diff() == 0)
    b = np.flatnonzero(follows)
    a = b - 1
    t, site = crossing.t.to_numpy(), crossing.site_id.to_numpy()
    stop = truth.longest_stop_s(vehicle=crossing.vehicle.to_numpy()[b], start=t[a], end=t[b])
    label = crossing.index.to_numpy()
    return pd.DataFrame(
        {
            "a": label[a],
            "b": label[b],
            "day": crossing.day.to_numpy()[b],
            "from_site_id": site[a],
            "to_site_id": site[b],
            "t": t[a],
            "gap_s": t[b] - t[a],
            "stop_s": stop,
        }
    )


def trips_of_crossings(view: View, *, truth: Truth, base: Seen) -> pd.DataFrame:
    """Which trips a crossing's plate reads lie in: crossing, trip; a crossing that the product lost has no row."""
    read = truth.read
    held = (view.read_passage >= 0) & (read.passage >= 0) & read.status.isin(PLATE_READS)
    crossing = base.of_passage[read.passage[held]]
    trip = view.passage.trip.to_numpy()[view.read_passage[held]]
    return pd.DataFrame({"crossing": crossing, "trip": trip}).query("trip >= 0").drop_duplicates()


def joined(pair: pd.DataFrame, *, trips: pd.DataFrame) -> pd.Series:
    """Whether some passage of a and some passage of b lie in one trip."""
    size = int(trips.trip.max()) + 1 if len(trips) else 1
    at_a = pair[["a", "b"]].reset_index().merge(trips, left_on="a", right_on="crossing")
    met = np.isin(at_a.b.to_numpy() * size + at_a.trip.to_numpy(), trips.crossing.to_numpy() * size + trips.trip.to_numpy())
    return pd.Series(np.isin(pair.index, at_a["index"][met]), index=pair.index)


def score(stopped: pd.Series, cut: pd.Series, *, false_besides: int = 0) -> dict[str, float]:
    """Precision, recall and F1 of cuts; NaN where there is neither a stop nor a cut.

    Args:
        false_besides: errors that lie in no pair, counted as false boundaries.
    """
    right, wrong, missed = int((stopped & cut).sum()), int((~stopped & cut).sum()) + false_besides, int((stopped & ~cut).sum())
    return {
        "n": len(stopped),
        "stops": right + missed,
        "precision": right / (right + wrong) if right + wrong else np.nan,
        "recall": right / (right + missed) if right + missed else np.nan,
        "f1": 2 * right / (2 * right + wrong + missed) if right + wrong + missed else np.nan,
    }


@dataclass(frozen=True)
class Boundaries:
    """Scores of :func:`score` by definition, and tables for the plots (columns bin, n, f1, precision, recall, cut_share)."""

    clear: dict[str, float]
    strict: dict[str, float]
    identity: dict[str, float]
    bridged: dict[str, float]
    legs: dict[str, float]
    by_distance: pd.DataFrame
    by_stop: pd.DataFrame


def boundaries(view: View, *, truth: Truth, place: Place, base: Seen) -> Boundaries:
    """Score one account of the trips.

    ``clear``: all pairs but those with a stop from 180 s up to min_stop_s. ``strict``: all pairs. A pair whose ends the
    product put in two vehicles, or whose end it set aside, counts as cut. ``identity``: strict, and every uncut leg between
    two true vehicles is one more false boundary. ``bridged``: clear, over the crossings that the product kept in some trip,
    so that a crossing that it set aside is as if no camera had read it. ``legs``: clear, over the product's own legs whose
    ends are of one true vehicle: how good cuts are where identities are right.
    """
    pair, least = pairs(base.crossing, truth=truth), place.min_stop_s
    trips = trips_of_crossings(view, truth=truth, base=base)
    pair["cut"] = ~joined(pair, trips=trips)
    kept = pairs(base.crossing[np.isin(base.crossing.index, trips.crossing)], truth=truth)
    kept["cut"] = ~joined(kept, trips=trips)
    legs, between = _own_legs(view, truth=truth)
    pair["metres"] = place.distance_m(pair.from_site_id, pair.to_site_id)
    return Boundaries(
        clear=_score(_clear(pair, least), least),
        strict=_score(pair, least),
        identity=score(pair.stop_s >= least, pair.cut, false_besides=between),
        bridged=_score(_clear(kept, least), least),
        legs=_score(_clear(legs, least), least),
        by_distance=_by(_clear(pair, least), "metres", DISTANCES_M, least),
        by_stop=_by(pair, "stop_s", STOPS_S, least),
    )


def _clear(pair: pd.DataFrame, least: float) -> pd.DataFrame:
    return pair[(pair.stop_s < min(UNCLEAR_S, least)) | (pair.stop_s >= least)]


def _score(pair: pd.DataFrame, least: float) -> dict[str, float]:
    return score(pair.stop_s >= least, pair.cut)


def _by(pair: pd.DataFrame, column: str, edges: list[float], least: float) -> pd.DataFrame:
    bins = pd.cut(pair[column], edges, right=False, labels=False)
    rows = [
        {"low": edges[int(number)], "high": edges[int(number) + 1], "cut_share": part.cut.mean(), **_score(part, least)}
        for number, part in pair.groupby(bins)
    ]
    return pd.DataFrame(rows, columns=["low", "high", "cut_share", "n", "stops", "precision", "recall", "f1"])


def _own_legs(view: View, *, truth: Truth) -> tuple[pd.DataFrame, int]:
    """The product's legs between passages of one true vehicle (stop_s, cut), and the number of uncut ones between two."""
    if view.leg is None or not len(view.leg):
        return pd.DataFrame({"stop_s": np.zeros(0), "cut": np.zeros(0, bool)}), 0
    # a passage, true and of which read, by row of view.passage; -1 for a phantom and for what the truth does not know
    first = view.passage.first_read.to_numpy()
    true = np.where(first >= 0, truth.read.passage.to_numpy()[first], -1)
    a, b, cut = true[view.leg.start], true[view.leg.end], view.leg.is_cut.to_numpy()
    both = (a >= 0) & (b >= 0)
    a, b, cut = a[both], b[both], cut[both]
    vehicle, day, t = (truth.passage[c].to_numpy() for c in ("vehicle", "day", "t"))
    one = (vehicle[a] == vehicle[b]) & (day[a] == day[b])
    stop = truth.longest_stop_s(vehicle=vehicle[a[one]], start=t[a[one]], end=t[b[one]])
    return pd.DataFrame({"stop_s": stop, "cut": cut[one]}), int(((vehicle[a] != vehicle[b]) & ~cut).sum())


def true_trips(truth: Truth, *, crossing: pd.DataFrame, min_stop_s: float) -> pd.DataFrame:
    """Chains of crossings without a stop of ``min_stop_s``, a service day at a time: first row, last row, day, vehicle."""
    if not len(crossing):
        return pd.DataFrame({"first": [], "last": [], "day": [], "vehicle": []}, dtype=np.int64)
    pair = pairs(crossing.reset_index(drop=True), truth=truth)
    starts = np.ones(len(crossing), bool)
    starts[pair.b[pair.stop_s < min_stop_s]] = False
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(crossing)) - 1
    return pd.DataFrame(
        {"first": first, "last": last, "day": crossing.day.to_numpy()[first], "vehicle": crossing.vehicle.to_numpy()[first]}
    )
