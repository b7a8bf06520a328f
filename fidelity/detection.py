"""Detection: q of a site against the share of true passages there that were read and matched."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fidelity.identity import owners
from fidelity.place import ordered_keys
from fidelity.product import has
from fidelity.truth import PLATE_READS, Truth

FEW = 50
SITE_DAY = ["site_id", "day"]


def detection(table: pd.DataFrame, *, read: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Score ``core_detection`` by site and day, of at least 50 true passages while the camera was up.

    Returns:
        ``site_id``, ``day``, ``n`` (true passages), ``true_q`` (the share of them of which a read is under the vehicle's own
        vid), ``q`` (rows of the site weighted by their n, NaN where none has one), ``half`` (half the 95 % interval: 1.96
        times the standard errors of q and of the truth, which is itself a share of n passages, added in squares; those of
        the rows of a site count as one error), ``holds``.
    """
    rows = table[table.service_day.isin(truth.days)].rename(columns={"service_day": "day"})
    if has(rows, "vehicle_class") and (rows.vehicle_class == "all").any():
        rows = rows[rows.vehicle_class == "all"]
    rows = rows.dropna(subset="q")
    weight = rows.n.astype(float).clip(lower=1) if "n" in rows else pd.Series(1.0, index=rows.index)
    by = [rows[key] for key in SITE_DAY]
    total = weight.groupby(by).sum()
    site = _true_q(read, truth=truth).query(f"n >= {FEW}")
    site["q"] = ((rows.q.astype(float) * weight).groupby(by).sum() / total).reindex(site.index)
    se = (rows.q_se.astype(float) * weight).groupby(by).sum(min_count=1) / total if "q_se" in rows else site.q * np.nan
    site["half"] = 1.96 * np.sqrt(se.reindex(site.index) ** 2 + site.true_q * (1 - site.true_q) / site.n)
    site["holds"] = (site.q - site.true_q).abs() <= site.half
    return site.reset_index()


@dataclass(frozen=True)
class Detection:
    """``cordon`` and ``elsewhere``: mean absolute error on sites that are gates and on others; ``holds_pct``: sites whose
    interval holds the truth, of all, so that a site without q is a miss; ``unidentified_pct``: sites without q. NaN of
    none. A site of two days counts twice."""

    cordon: float
    elsewhere: float
    holds_pct: float
    unidentified_pct: float
    cordon_sites: int
    elsewhere_sites: int
    sites: int


def summary(site: pd.DataFrame, *, gates: pd.DataFrame) -> Detection:
    """The figures of :func:`detection`."""
    is_gate, error = site.site_id.isin(gates.site_id), (site.q - site.true_q).abs()
    return Detection(
        cordon=float(error[is_gate].mean()),
        elsewhere=float(error[~is_gate].mean()),
        holds_pct=100 * float(site.holds.mean()),
        unidentified_pct=100 * float(site.q.isna().mean()),
        cordon_sites=int((is_gate & site.q.notna()).sum()),
        elsewhere_sites=int((~is_gate & site.q.notna()).sum()),
        sites=len(site),
    )


def _true_q(read: pd.DataFrame, *, truth: Truth) -> pd.DataFrame:
    """By site and day: true_q, n."""
    tied = owners(read, truth=truth).read
    own = tied[(tied.vid >= 0) & (tied.vid == tied.own) & tied.status.isin(PLATE_READS)]
    matched = np.zeros(len(truth.passage), bool)
    matched[truth.read.passage.to_numpy()[own.row]] = True
    passage = truth.passage.assign(matched=matched)[_is_up(truth)]
    by = passage.groupby(SITE_DAY).matched
    return pd.DataFrame({"true_q": by.mean(), "n": by.size()})


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
