"""Stays inside a cordon and detection: through share, dwell time, and q by site."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fidelity.identity import owners
from fidelity.place import ordered_keys
from fidelity.product import has
from fidelity.truth import PLATE_READS, Truth

LONG_STAY_S = 1800  # dwell has two humps, driving through and staying: only stays are judged (methods.md 6)
FEW = 50


def through(table: pd.DataFrame, *, truth: Truth, min_stop_s: float) -> pd.DataFrame:
    """Through shares of entries by cordon and day, in %: cordon_id, day, share_pct, low_pct, high_pct, true_pct,
    true_stop_pct, entries.

    True: visits of ``visit.csv`` with an entry that did not stop and left by another gate, by the day of their last event;
    ``true_stop_pct`` takes visits with a stop below ``min_stop_s`` as through too, which no camera can tell apart.
    Estimated: ``through_share`` of the class ``all``, else through / entries over the classes.
    """
    rows = table[table.service_day.isin(truth.days)]
    if has(rows, "vehicle_class"):
        rows = rows[rows.vehicle_class == "all"] if (rows.vehicle_class == "all").any() else rows
    numbers = [c for c in rows if c not in ("cordon_id", "service_day", "vehicle_class")]
    cell = rows.groupby(["cordon_id", "service_day"])[numbers].agg(
        "sum" if rows.duplicated(["cordon_id", "service_day"]).any() else "first"
    )
    share = (
        cell.through_share
        if "through_share" in cell and (rows.groupby(["cordon_id", "service_day"]).size() == 1).all()
        else None
    )
    if share is None:
        share = cell.through / cell.entries
    made = pd.DataFrame({"share_pct": 100 * share.astype(float)})
    for name in ("low", "high"):
        column = f"through_share_{name}"
        made[f"{name}_pct"] = 100 * cell[column].astype(float) if column in cell else np.nan
    visit = truth.visit[truth.visit.entry.notna()]
    left = visit.exit.notna() & (visit.entry_gate_id != visit.exit_gate_id)
    for name, passed in (("true_pct", ~visit.stopped), ("true_stop_pct", visit.longest_stop_s < min_stop_s)):
        true = (left & passed).groupby([visit.cordon_id, visit.day])
        made[name] = (100 * true.mean()).reindex(made.index)
        made["entries"] = true.size().reindex(made.index)
    return made.rename_axis(index=["cordon_id", "day"]).reset_index().dropna(subset=["true_pct", "share_pct"])


def naive_through(view_passage: pd.DataFrame, *, gates: pd.DataFrame) -> pd.Series:
    """Through shares by cordon and day in %, as matched within 15 minutes: an entry that is followed by an exit at another
    gate in the same trip, of all entries. ``view_passage`` in order of vehicle and time, ``gates`` as in Place."""
    at = view_passage.reset_index().merge(gates, on="site_id").sort_values(["cordon_id", "index"])
    after = at.shift(-1)
    goes = (
        (after.cordon_id == at.cordon_id) & (after.trip == at.trip) & (after.gate_id != at.gate_id) & (after.direction == "out")
    )
    entry = at.direction == "in"
    return 100 * goes[entry].groupby([at.cordon_id[entry], at.service_day[entry]]).mean()


def dwell(table: pd.DataFrame, *, truth: Truth) -> tuple[float, float, int]:
    """Medians of stays of 30 minutes and more in seconds, estimated and true, and the number of true ones."""
    rows = table[table.service_day.isin(truth.days)]
    seen = rows.dwell_s.astype(float)
    stay = truth.visit.exit - truth.visit.entry
    long = stay[stay >= LONG_STAY_S]
    return float(seen[seen >= LONG_STAY_S].median()), float(long.median()), len(long)


@dataclass(frozen=True)
class Detection:
    """``site``: by site_id and day q (estimated), se, true_q, n (true passages while up). The rest over these."""

    site: pd.DataFrame
    mean_error: float
    coverage_pct: float


def detection(table: pd.DataFrame, *, read: pd.DataFrame, truth: Truth) -> Detection:
    """Score ``core_detection``: q of a site and day, its rows weighted by their n, against the share of true passages of a
    camera that was up of which a read is under the vehicle's own vid; sites with at least 50 passages."""
    rows = table[table.service_day.isin(truth.days)].dropna(subset="q")
    if has(rows, "vehicle_class") and (rows.vehicle_class == "all").any():
        rows = rows[rows.vehicle_class == "all"]
    weight = rows.n.astype(float).clip(lower=1) if "n" in rows else pd.Series(1.0, index=rows.index)
    by = [rows.site_id, rows.service_day]
    total = weight.groupby(by).sum()
    q = (rows.q * weight).groupby(by).sum() / total
    se = (rows.q_se * weight).groupby(by).sum() / total if "q_se" in rows else q * np.nan
    tied = owners(read, truth=truth).read
    own = tied[(tied.vid >= 0) & (tied.vid == tied.own) & tied.status.isin(PLATE_READS)]
    matched = np.zeros(len(truth.passage), bool)
    matched[truth.read.passage.to_numpy()[own.row]] = True
    up = _is_up(truth)
    passage = truth.passage.assign(matched=matched)[up]
    true = passage.groupby(["site_id", "day"]).matched.agg(["mean", "size"])
    site = pd.DataFrame({"q": q, "se": se}).rename_axis(index=["site_id", "day"]).join(true, how="inner")
    site = site.rename(columns={"mean": "true_q", "size": "n"}).query(f"n >= {FEW}")
    error = (site.q - site.true_q).abs()
    # the truth is itself a share of n passages
    wide = 1.96 * np.sqrt(site.se**2 + site.true_q * (1 - site.true_q) / site.n)
    return Detection(site, mean_error=float(error.mean()), coverage_pct=100 * float((error <= wide)[site.se.notna()].mean()))


def _is_up(truth: Truth) -> pd.Series:
    """Per true passage, whether its camera was up."""
    camera = truth.camera
    names = pd.Index(camera.camera_id.unique())
    piece = camera.assign(number=names.get_indexer(pd.Index(camera.camera_id))).sort_values(
        ["number", "from"], ignore_index=True
    )
    number = names.get_indexer(pd.Index(truth.passage.camera_id))
    if not len(piece) or not len(number):
        return pd.Series(True, index=truth.passage.index)
    origin = float(min(piece["from"].min(), truth.passage.t.min()))
    starts = ordered_keys(piece.number, piece["from"], origin=origin)
    found = np.maximum(
        np.searchsorted(starts, ordered_keys(np.maximum(number, 0), truth.passage.t, origin=origin), side="right") - 1, 0
    )
    at = piece.iloc[found]
    known = (at.number.to_numpy() == number) & (truth.passage.t.to_numpy() < at["to"].to_numpy())
    return pd.Series(np.where(known, at.is_up.to_numpy(), True).astype(bool), index=truth.passage.index)
