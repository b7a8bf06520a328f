"""Flows: crossings of gates by hour, and origin-destination by day, against what truly drove."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fidelity.boundaries import true_trips
from fidelity.cells import Comparison, compare, interval, summed
from fidelity.place import Place, hour_of
from fidelity.product import has
from fidelity.truth import Truth
from fidelity.view import View

GATE_KEYS = ["cordon_id", "gate_id", "direction", "hour"]
OD_KEYS = ["origin", "destination", "day"]
COUNTS_ALL = ("ok", "low_n", "structural_zero")  # a partial cell counts only the time that its cameras were up


@dataclass(frozen=True)
class Flows:
    """Comparisons of a table: its raw counts, its expanded counts, and the expanded ones by vehicle class (for their
    intervals); None where the table has no such column."""

    counted: Comparison | None
    expanded: Comparison | None
    by_class: Comparison | None


def crossings(at: pd.DataFrame, *, place: Place) -> pd.DataFrame:
    """Rows with a site_id, once for each gate that the site is: the columns of both, and direction. Where the direction of
    a gate is the vehicle's, it is ``both``: the truth does not tell it."""
    gates = place.gates.assign(direction=_direction(place.gates, place=place))
    return at.merge(gates, on="site_id")


def _direction(rows: pd.DataFrame, *, place: Place) -> pd.Series:
    either = place.gates[place.gates.direction == "both"].drop_duplicates(["cordon_id", "gate_id"])
    keys = pd.MultiIndex.from_frame(either[["cordon_id", "gate_id"]])
    return rows.direction.mask(pd.MultiIndex.from_frame(rows[["cordon_id", "gate_id"]]).isin(keys), "both")


def _true_gates(truth: Truth, *, place: Place, keys: list[str]) -> pd.Series:
    passage = truth.passage.assign(
        hour=hour_of(truth.passage.t), vehicle_class=truth.vehicle_class.to_numpy()[truth.passage.vehicle]
    )
    return crossings(passage, place=place).groupby(keys).size()


def gates(table: pd.DataFrame, *, truth: Truth, place: Place) -> Flows:
    """Score ``flow_gate_hour``: cordon, gate, direction and hour, classes added up."""
    rows = table[table.service_day.isin(truth.days)] if "service_day" in table else table
    rows = rows.assign(hour=hour_of(rows.hour_ts), direction=_direction(rows, place=place))
    whole = _usable(rows)
    true = _true_gates(truth, place=place, keys=GATE_KEYS)
    counted = (
        compare(truth=true, estimate=summed(rows, keys=GATE_KEYS, value="passages", usable=whole))
        if has(rows, "passages")
        else None
    )
    return Flows(counted, *_expanded(rows, keys=GATE_KEYS, truth=truth, place=place))


def _usable(rows: pd.DataFrame) -> pd.Series:
    return rows.status.isin(COUNTS_ALL) if "status" in rows else pd.Series(True, index=rows.index)


def _expanded(
    rows: pd.DataFrame, *, keys: list[str], truth: Truth, place: Place
) -> tuple[Comparison | None, Comparison | None]:
    if not has(rows, "passages_expanded"):
        return None, None
    made: list[Comparison | None] = []
    for wanted in (keys, [*keys, "vehicle_class"]):
        if not set(wanted) <= set(rows):
            made.append(None)
            continue
        bounds = interval(rows, keys=wanted, value="passages_expanded", se="passages_se")
        low, high = bounds if bounds else (None, None)
        estimate = summed(rows, keys=wanted, value="passages_expanded", usable=pd.Series(True, index=rows.index))
        made.append(compare(truth=_true_gates(truth, place=place, keys=wanted), estimate=estimate, low=low, high=high))
    return made[0], made[1]


def naive_gates(view: View, *, truth: Truth, place: Place) -> Comparison:
    """The same for passages as they were counted, an hour of a dead camera being 0."""
    at = view.passage.assign(hour=hour_of(view.passage.first_ts))
    return compare(
        truth=_true_gates(truth, place=place, keys=GATE_KEYS), estimate=crossings(at, place=place).groupby(GATE_KEYS).size()
    )


def true_od(truth: Truth, *, place: Place) -> pd.Series:
    """True trips by first and last camera site and day, read or not: chains of all true passages, split at stops."""
    crossing = truth.passage[truth.passage.site_id.notna()].reset_index(drop=True)
    trip = true_trips(truth, crossing=crossing, min_stop_s=place.min_stop_s)
    site = crossing.site_id.to_numpy()
    ends = pd.DataFrame({"origin": site[trip["first"]], "destination": site[trip["last"]], "day": trip.day})
    return ends.groupby(OD_KEYS).size()


def od(table: pd.DataFrame, *, truth: Truth, place: Place) -> Flows:
    """Score ``flow_od_hour``, hours and classes added up to pairs of sites and days; a pair without a row is 0."""
    rows = table[table.service_day.isin(truth.days)].rename(
        columns={"origin_site_id": "origin", "destination_site_id": "destination", "service_day": "day"}
    )
    true = true_od(truth, place=place)
    counted = (
        compare(truth=true, estimate=summed(rows, keys=OD_KEYS, value="trips", usable=_usable(rows)))
        if has(rows, "trips")
        else None
    )
    expanded = None
    if has(rows, "trips_expanded"):
        bounds = interval(rows, keys=OD_KEYS, value="trips_expanded", se="trips_se")
        low, high = bounds if bounds else (None, None)
        estimate = summed(rows, keys=OD_KEYS, value="trips_expanded", usable=pd.Series(True, index=rows.index))
        expanded = compare(truth=true, estimate=estimate, low=low, high=high)
    return Flows(counted, expanded, None)


def naive_od(view: View, *, truth: Truth, place: Place) -> Comparison:
    """The same for trips as the naive method saw them; its passages are in order of vehicle and time."""
    trip = view.passage.groupby("trip").agg(
        origin=("site_id", "first"), destination=("site_id", "last"), day=("service_day", "first")
    )
    return compare(truth=true_od(truth, place=place), estimate=trip.groupby(OD_KEYS).size())


def travel_times(leg: pd.DataFrame | None, pair: pd.DataFrame, *, least: int = 20) -> tuple[float, int]:
    """Median travel time by pair of sites and hour, of at least 20 legs on both sides: mean absolute relative error in %
    against true gaps without any stop, and the number of medians.

    Args:
        leg: legs with from_site_id, to_site_id, depart_ts, gap_s, is_cut; only those that are not cut count.
        pair: true pairs of :func:`fidelity.boundaries.pairs`.
    """
    if leg is None or not has(leg, "from_site_id", "to_site_id", "depart_ts", "gap_s"):
        return np.nan, 0
    driven = leg[~leg.is_cut]
    shown = driven.gap_s.astype(float).groupby([driven.from_site_id, driven.to_site_id, hour_of(driven.depart_ts)])
    free = pair[pair.stop_s == 0]
    true = free.gap_s.groupby([free.from_site_id, free.to_site_id, hour_of(free.t)])
    both = pd.DataFrame({"shown": shown.median()[shown.size() >= least]}).join(
        true.median()[true.size() >= least].rename("true").rename_axis(index=shown.median().index.names), how="inner"
    )
    return (100 * float(((both.shown - both.true).abs() / both.true).mean()) if len(both) else np.nan), len(both)
