"""True visits to the cordons, from true crossings of their gates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.place import Place
from simulation.traffic import Movements

# vehicle number times this plus seconds orders vehicles and times in one column
_SPAN = 1_000_000.0


@dataclass(frozen=True)
class Visits:
    """True visits to one cordon: ``vehicle``, gates (index into ``gate_ids``, -1 for none), times in seconds since
    the service day's start (NaN for none), ``stopped``; all of shape (visits,)."""

    cordon_id: str
    gate_ids: list[str]
    vehicle: NDArray[np.int64]
    entry_gate: NDArray[np.int64]
    entry_t: NDArray[np.float64]
    exit_gate: NDArray[np.int64]
    exit_t: NDArray[np.float64]
    stopped: NDArray[np.bool_]


def true_visits(*, place: Place, moves: Movements) -> list[Visits]:
    """Pair each vehicle's entries with the exits that follow, one ``Visits`` per cordon.

    A vehicle that began the day inside has a visit without entry, one that ended it inside a visit without exit; both
    stopped inside, namely overnight. Who never crossed has none.
    """
    number = {site: i for i, site in enumerate(place.sites.site_id)}
    visits = []
    for cordon_id in dict.fromkeys(place.gates.cordon_id):
        gates = place.gates[place.gates.cordon_id == cordon_id]
        gate_ids = list(dict.fromkeys(gates.gate_id))
        gate_of = np.full(len(place.sites), -1)
        inwards = np.zeros(len(place.sites), bool)
        for gate in gates.itertuples():
            gate_of[number[str(gate.site_id)]] = gate_ids.index(str(gate.gate_id))
            inwards[number[str(gate.site_id)]] = gate.direction == "in"
        crossing = gate_of[moves.site] >= 0
        vehicle, t, site = moves.vehicle[crossing], moves.t[crossing], moves.site[crossing]
        gate, goes_in = gate_of[site], inwards[site]
        follows = np.append(vehicle[1:] == vehicle[:-1], False) if len(vehicle) else np.zeros(0, bool)
        first = np.append(True, ~follows[:-1]) if len(vehicle) else np.zeros(0, bool)
        starts = np.flatnonzero(goes_in | first)
        entered = goes_in[starts]
        leaves = np.where(entered, starts + 1, starts)
        left = np.where(entered, follows[starts], True)
        leaves = np.where(left, leaves, 0)
        entry_t = np.where(entered, t[starts], np.nan)
        exit_t = np.where(left, t[leaves], np.nan)
        inside = np.array([cordon_id in i.split() for i in place.nodes.inside])
        visits.append(
            Visits(
                cordon_id=str(cordon_id),
                gate_ids=[str(g) for g in gate_ids],
                vehicle=vehicle[starts],
                entry_gate=np.where(entered, gate[starts], -1),
                entry_t=entry_t,
                exit_gate=np.where(left, gate[leaves], -1),
                exit_t=exit_t,
                stopped=_stopped(moves=moves, inside=inside, vehicle=vehicle[starts], entry_t=entry_t, exit_t=exit_t),
            )
        )
    return visits


def _stopped(
    *,
    moves: Movements,
    inside: NDArray[np.bool_],
    vehicle: NDArray[np.int64],
    entry_t: NDArray[np.float64],
    exit_t: NDArray[np.float64],
) -> NDArray[np.bool_]:
    ends = inside[moves.trip_to]
    arrivals = moves.trip_vehicle[ends] * _SPAN + moves.trip_arrive[ends]
    a = np.searchsorted(arrivals, vehicle * _SPAN + np.nan_to_num(entry_t, nan=0.0))
    b = np.searchsorted(arrivals, vehicle * _SPAN + np.nan_to_num(exit_t, nan=_SPAN - 1))
    return (b > a) | np.isnan(entry_t) | np.isnan(exit_t)
