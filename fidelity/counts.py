"""Flows: crossings of gates by hour, and origin-destination, against what truly drove."""

from dataclasses import dataclass

import pandas as pd

from fidelity.boundaries import begins, true_trips
from fidelity.cells import Comparison, compare, interval, summed
from fidelity.place import Place, hour_of
from fidelity.product import has
from fidelity.truth import Truth
from fidelity.view import View

GATE_KEYS = ["cordon_id", "gate_id", "direction", "hour"]
OD_KEYS = ["origin", "destination", "hour"]
ZONE_KEYS = ["origin_zone", "destination_zone", "day"]
COUNTS_ALL = ("ok", "low_n", "structural_zero")  # a partial cell counts only the time that its cameras were up


@dataclass(frozen=True)
class Flows:
    """Comparisons of a table: its raw counts, its expanded counts, and the expanded ones by vehicle class (for their
    intervals); None where the table has no such column. ``naive_counted`` and ``naive_expanded``: the naive method on the
    cells of which the product gives a value; without the product on all."""

    counted: Comparison | None = None
    expanded: Comparison | None = None
    by_class: Comparison | None = None
    naive_counted: Comparison | None = None
    naive_expanded: Comparison | None = None


def crossings(at: pd.DataFrame, *, place: Place) -> pd.DataFrame:
    """Rows with a site_id, once for each gate that the site is: the columns of both, and direction. Where the direction of
    a gate is the vehicle's, it is ``both``: the truth does not tell it."""
    gates = place.gates.assign(direction=told_direction(place.gates, place=place))
    return at.merge(gates, on="site_id")


def told_direction(rows: pd.DataFrame, *, place: Place) -> pd.Series:
    """The direction of rows with cordon_id, gate_id and direction; ``both`` where the vehicle decides."""
    either = place.gates[place.gates.direction == "both"].drop_duplicates(["cordon_id", "gate_id"])
    keys = pd.MultiIndex.from_frame(either[["cordon_id", "gate_id"]])
    return rows.direction.mask(pd.MultiIndex.from_frame(rows[["cordon_id", "gate_id"]]).isin(keys), "both")


def _true_gates(truth: Truth, *, place: Place, keys: list[str]) -> pd.Series:
    """True crossings, read or not; what two cameras of a site have in view within a minute is one."""
    passage = truth.passage[begins(truth.passage)]
    passage = passage.assign(hour=hour_of(passage.t), vehicle_class=truth.vehicle_class.to_numpy()[passage.vehicle])
    return crossings(passage, place=place).groupby(keys).size()


def with_hours(table: pd.DataFrame, *, truth: Truth, place: Place) -> pd.DataFrame:
    """Rows of ``flow_gate_hour`` on the days of the truth, with hour and the direction that the truth can tell."""
    rows = table[table.service_day.isin(truth.days)] if "service_day" in table else table
    return rows.assign(hour=hour_of(rows.hour_ts), direction=told_direction(rows, place=place))


def gates(table: pd.DataFrame | None, naive: View | None, *, truth: Truth, place: Place) -> Flows:
    """Score ``flow_gate_hour``: cordon, gate, direction and hour, classes added up. The naive method counts passages, an
    hour of a dead camera being 0."""
    true = _true_gates(truth, place=place, keys=GATE_KEYS)
    counted = expanded = by_class = None
    if table is not None:
        rows = with_hours(table, truth=truth, place=place)
        if has(rows, "passages"):
            counted = compare(truth=true, estimate=summed(rows, keys=GATE_KEYS, value="passages", usable=usable(rows)))
        columns = ("passages_expanded", "passages_se")
        expanded = estimated(rows, keys=GATE_KEYS, columns=columns, true=true)
        keys = [*GATE_KEYS, "vehicle_class"]
        if set(keys) <= set(rows):
            by_class = estimated(rows, keys=keys, columns=columns, true=_true_gates(truth, place=place, keys=keys))
    simple = None
    if naive is not None:
        at = naive.passage.assign(hour=hour_of(naive.passage.first_ts))
        simple = crossings(at, place=place).groupby(GATE_KEYS).size()
    return Flows(counted, expanded, by_class, *_beside(simple, true=true, among=(counted, expanded)))


def _beside(naive: pd.Series | None, *, true: pd.Series, among: tuple[Comparison | None, ...]) -> tuple[Comparison | None, ...]:
    """The naive method on the cells that each of the product's comparisons has."""
    return tuple(
        compare(truth=true, estimate=naive, without=c.left_out if c is not None else None) if naive is not None else None
        for c in among
    )


def usable(rows: pd.DataFrame) -> pd.Series:
    """Which raw counts are of the whole cell."""
    return rows.status.isin(COUNTS_ALL) if "status" in rows else pd.Series(True, index=rows.index)


def estimated(rows: pd.DataFrame, *, keys: list[str], columns: tuple[str, str], true: pd.Series) -> Comparison | None:
    """Compare estimates and their intervals by cell; ``columns``: of the estimate and of its standard error."""
    value, se = columns
    if not has(rows, value):
        return None
    low, high = interval(rows, keys=keys, value=value, se=se) or (None, None)
    estimate = summed(rows, keys=keys, value=value, usable=pd.Series(True, index=rows.index))
    return compare(truth=true, estimate=estimate, low=low, high=high)


def _true_ends(truth: Truth, *, place: Place) -> pd.DataFrame:
    """True trips by first and last camera, read or not: chains of all true passages, split at stops."""
    crossing = truth.passage[truth.passage.site_id.notna()].reset_index(drop=True)
    trip = true_trips(truth, crossing=crossing, min_stop_s=place.min_stop_s)
    site, t = crossing.site_id.to_numpy(), crossing.t.to_numpy()
    return pd.DataFrame(
        {
            "origin": site[trip["first"]],
            "destination": site[trip["last"]],
            "hour": hour_of(t[trip["first"]]),
            "day": trip.day,
        }
    )


def od(table: pd.DataFrame | None, naive: View | None, *, truth: Truth, place: Place) -> Flows:
    """Score ``flow_od_hour`` by pair of sites and hour of the first passage, classes added up; a cell without a row is 0."""
    true = _true_ends(truth, place=place).groupby(OD_KEYS).size()
    counted = expanded = None
    if table is not None:
        rows = table[table.service_day.isin(truth.days)].rename(
            columns={"origin_site_id": "origin", "destination_site_id": "destination"}
        )
        rows = rows.assign(hour=hour_of(rows.hour_ts))
        if has(rows, "trips"):
            counted = compare(truth=true, estimate=summed(rows, keys=OD_KEYS, value="trips", usable=usable(rows)))
        expanded = estimated(rows, keys=OD_KEYS, columns=("trips_expanded", "trips_se"), true=true)
    simple = None
    if naive is not None:  # its passages are in order of vehicle and time
        trip = naive.passage.groupby("trip").agg(
            origin=("site_id", "first"), destination=("site_id", "last"), first_ts=("first_ts", "first")
        )
        simple = trip.assign(hour=hour_of(trip.first_ts)).groupby(OD_KEYS).size()
    return Flows(counted, expanded, None, *_beside(simple, true=true, among=(counted, expanded)))


def zone_od(table: pd.DataFrame, *, truth: Truth, place: Place) -> Comparison | None:
    """Score the intervals of ``flow_zone_od_day`` by pair of zones and day, classes added up."""
    ends = _true_ends(truth, place=place)
    ends = ends.assign(origin_zone=ends.origin.map(place.zone_of), destination_zone=ends.destination.map(place.zone_of))
    rows = table[table.service_day.isin(truth.days)].rename(
        columns={"origin_zone_id": "origin_zone", "destination_zone_id": "destination_zone", "service_day": "day"}
    )
    return estimated(rows, keys=ZONE_KEYS, columns=("trips_expanded", "trips_se"), true=ends.groupby(ZONE_KEYS).size())
