"""Driving through a cordon: vehicles by pair of gates, and the share of entries.

True: a visit of ``visit.csv`` with an entry and an exit at another gate, without a stop of ``min_stop_s`` inside. A shorter
stop is none: no camera can tell it from a queue.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fidelity.cells import Comparison, added_up, compare, estimated_sum
from fidelity.counts import COUNTS_ALL, GATE_KEYS, told_direction, with_hours
from fidelity.place import Place, hour_of
from fidelity.product import has
from fidelity.truth import Truth

PAIR = ["cordon_id", "entry_gate_id", "exit_gate_id"]
PAIR_HOUR = [*PAIR, "hour"]
PAIR_DAY = [*PAIR, "kind", "day"]


def true_visits(truth: Truth, *, min_stop_s: float) -> pd.DataFrame:
    """Visits of the truth with ``left`` (both ends are there), ``through``, and ``nostop`` (through, and ``visit.csv`` says
    that it did not stop at all)."""
    visit = truth.visit
    left = visit.entry.notna() & visit.exit.notna()
    elsewhere = left & (visit.entry_gate_id != visit.exit_gate_id)
    return visit.assign(left=left, through=elsewhere & (visit.longest_stop_s < min_stop_s), nostop=elsewhere & ~visit.stopped)


def naive_visits(view_passage: pd.DataFrame, *, gates: pd.DataFrame) -> pd.DataFrame:
    """Entries as exact plates show them: cordon_id, day, entry_gate_id, entry, exit_gate_id, exit, left (the plate's next
    crossing of the cordon that day is outwards), through (and at another gate within the same 15 minute trip).

    Args:
        view_passage: in order of vehicle and time.
        gates: as in Place.
    """
    at = view_passage.reset_index().merge(gates, on="site_id").sort_values(["cordon_id", "index"], ignore_index=True)
    after = at.shift(-1)
    same = (after.cordon_id == at.cordon_id) & (after.vid == at.vid) & (after.service_day == at.service_day)
    left = same & (after.direction == "out")
    made = pd.DataFrame(
        {
            "cordon_id": at.cordon_id,
            "day": at.service_day,
            "entry_gate_id": at.gate_id,
            "entry": at.first_ts,
            "exit_gate_id": after.gate_id.where(left),
            "exit": after.first_ts.where(left),
            "left": left,
            "through": left & (after.trip == at.trip) & (after.gate_id != at.gate_id),
        }
    )
    return made[at.direction == "in"].reset_index(drop=True)


def unknown_hours(table: pd.DataFrame | None, *, truth: Truth, place: Place) -> pd.MultiIndex:
    """Hours of gates and directions for which ``flow_gate_hour`` says that it does not know: without an expanded value or,
    where nothing is expanded, without a count of the whole hour."""
    fit = has(table, "service_day", "hour_ts", "cordon_id", "gate_id", "direction")
    if table is None or not fit or not (has(table, "passages_expanded") or has(table, "status")):
        return pd.MultiIndex.from_arrays([[]] * len(GATE_KEYS), names=GATE_KEYS)
    rows = with_hours(table, truth=truth, place=place)
    lacks = rows.passages_expanded.isna() if "passages_expanded" in rows else ~rows.status.isin(COUNTS_ALL)
    return pd.MultiIndex.from_frame(rows[lacks][GATE_KEYS].drop_duplicates())


def is_known(visits: pd.DataFrame, *, unknown: pd.MultiIndex, place: Place) -> pd.Series:
    """Whether neither the entry nor the exit of a visit lies in an hour that is not known."""
    known = pd.Series(True, index=visits.index)
    for end, direction in (("entry", "in"), ("exit", "out")):
        at = visits[["cordon_id"]].assign(
            gate_id=visits[f"{end}_gate_id"], direction=direction, hour=hour_of(visits[end].fillna(0))
        )
        at["direction"] = told_direction(at, place=place)
        known &= ~pd.MultiIndex.from_frame(at[GATE_KEYS]).isin(unknown)
    return known


@dataclass(frozen=True)
class Pairs:
    """``expanded`` and ``naive``: pairs of gates over all days; None without ``visits_expanded``, without the naive method.
    ``left_out_pct``: of the true vehicles that drove through, those of hours that the product says it does not know.
    ``nostop``, ``naive_nostop``: the same against vehicles that did not stop at all."""

    expanded: Comparison | None
    naive: Comparison | None
    left_out_pct: float
    nostop: Comparison | None
    naive_nostop: Comparison | None


def pairs(
    table: pd.DataFrame | None, naive: pd.DataFrame | None, *, truth: Truth, place: Place, unknown: pd.MultiIndex
) -> dict[str, Pairs]:
    """Score ``flow_gate_pair_hour``, by cordon: vehicles that drove through, by pair of gates over all days.

    Left out are true and naive visits with an end in an hour that is not known, and pairs and hours of entry for which the
    product has a row without a value. A pair without a row is 0.

    Args:
        naive: as :func:`naive_visits` gives it.
    """
    visit = true_visits(truth, min_stop_s=place.min_stop_s)
    known = visit[visit.left & is_known(visit, unknown=unknown, place=place)]
    estimate = estimated_sum(_rows(table, truth=truth), keys=PAIR_HOUR, value="visits_expanded")
    simple = None
    if naive is not None:
        simple = _by_hour(naive[naive.through & is_known(naive, unknown=unknown, place=place)])
    found = {}
    for cordon, everyone in visit[visit.through].groupby("cordon_id"):
        ours, shown = (None if s is None else s[s.index.get_level_values("cordon_id") == cordon] for s in (estimate, simple))
        here = known[known.cordon_id == cordon]
        true, nostop = _by_hour(here[here.through]), _by_hour(here[here.nostop])
        made, beside = _compared(ours, shown, true=true)
        judged = made.cells.truth.sum() if made is not None else true.sum()
        found[str(cordon)] = Pairs(
            made, beside, 100 * (1 - float(judged) / len(everyone)), *_compared(ours, shown, true=nostop)
        )
    return found


def _compared(
    estimate: pd.Series | None, naive: pd.Series | None, *, true: pd.Series
) -> tuple[Comparison | None, Comparison | None]:
    """By pair of gates over all days, the naive method on the pairs and hours for which there is an estimate."""
    made = compare(truth=true, estimate=estimate) if estimate is not None else None
    without = made.left_out if made is not None else None
    beside = compare(truth=true, estimate=naive, without=without) if naive is not None else None
    return tuple(added_up(c, keys=PAIR) if c is not None else None for c in (made, beside))  # type: ignore[return-value]


def _by_hour(visits: pd.DataFrame) -> pd.Series:
    return visits.assign(hour=hour_of(visits.entry)).groupby(PAIR_HOUR).size()


def _rows(table: pd.DataFrame | None, *, truth: Truth) -> pd.DataFrame | None:
    if table is None or not has(table, "service_day", "hour_ts", *PAIR, "visit_class", "visits_expanded"):
        return None
    rows = table[table.service_day.isin(truth.days) & (table.visit_class == "through")]
    return rows.assign(hour=hour_of(rows.hour_ts))


def true_pair_days(truth: Truth, *, min_stop_s: float) -> pd.Series:
    """True visits with both ends by pair of gates, kind (``through``, ``stay``: every other) and day of the last event."""
    visit = true_visits(truth, min_stop_s=min_stop_s)
    visit = visit[visit.left]
    return visit.assign(kind=np.where(visit.through, "through", "stay")).groupby(PAIR_DAY).size()


def shares(table: pd.DataFrame, *, truth: Truth, min_stop_s: float) -> pd.DataFrame:
    """Through shares of entries by cordon and day, in %: cordon_id, day, share_pct, low_pct, high_pct, true_pct,
    true_nostop_pct (only visits that ``visit.csv`` says did not stop at all are through), entries.

    The truth is of visits with an entry, by the day of their last event. The estimate is ``through_share`` of class ``all``.
    """
    rows = table[table.service_day.isin(truth.days) & (table.vehicle_class == "all")]
    cell = rows.drop_duplicates(["cordon_id", "service_day"]).set_index(["cordon_id", "service_day"])
    made = pd.DataFrame({"share_pct": 100 * cell.through_share.astype(float)})
    for name in ("low", "high"):
        column = f"through_share_{name}"
        made[f"{name}_pct"] = 100 * cell[column].astype(float) if column in cell else np.nan
    visit = true_visits(truth, min_stop_s=min_stop_s)
    visit = visit[visit.entry.notna()]
    for name, through in (("true_pct", visit.through), ("true_nostop_pct", visit.nostop)):
        true = through.groupby([visit.cordon_id, visit.day])
        made[name] = (100 * true.mean()).reindex(made.index)
        made["entries"] = true.size().reindex(made.index)
    return made.rename_axis(index=["cordon_id", "day"]).reset_index().dropna(subset=["true_pct", "share_pct"])


def naive_shares(naive: pd.DataFrame) -> pd.Series:
    """Through shares by cordon and day in %, of the entries of :func:`naive_visits`."""
    return 100 * naive.through.groupby([naive.cordon_id, naive.day]).mean()
