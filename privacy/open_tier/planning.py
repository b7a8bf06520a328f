"""The plan of a release: cells, levels, noise and margins, all fixed before a count is looked at."""

import calendar
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from kordon.errors import PrivacyError
from privacy.ledger import Charge
from privacy.open_tier.bounds import sensitivity
from privacy.open_tier.budget import DELTA, Preset
from privacy.open_tier.datasets import DATASETS, MONTH, Dataset, Level
from privacy.open_tier.noise import rho_of, sigma_for
from privacy.open_tier.places import Places
from privacy.open_tier.reconcile import Fit, Ints, gls, sum_matrix

MECHANISM = "discrete gaussian, generalised least squares, whole numbers top-down"
Z95 = 1.96


@dataclass(frozen=True)
class PlannedLevel:
    """A level of one release.

    Attributes:
        cells: its keys and ``status`` (``ok``, ``partial``, ``missing``), all cells of the fixed set.
        shown: places in ``cells`` of the cells that are measured: all but the missing ones.
        matrix: measured cells x leaves that are up.
        parent: for each measured cell the place of its parent among the measured cells of the level above; empty at the top.
        margin95: of each measured cell.
    """

    level: Level
    cells: pd.DataFrame
    shown: Ints
    matrix: csr_array
    parent: Ints
    sens: float
    sigma: float
    margin95: np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Plan:
    """What will be drawn, and what it costs. Approval looks at this; after it only the draw is left.

    Attributes:
        leaves: the finest cells that are up, with every key.
        pooled: per table that is too noisy at its grain the reason, in a sentence.
    """

    dataset: Dataset
    places: Places
    preset: Preset
    charge: Charge
    leaves: pd.DataFrame
    is_up: np.ndarray[Any, np.dtype[np.bool_]]
    levels: tuple[PlannedLevel, ...]
    fit: Fit
    pooled: dict[str, str]


def plan(
    dataset: str,
    *,
    places: Places,
    preset: Preset,
    first: date,
    last: date,
    version: int = 1,
    outages: pd.DataFrame | None = None,
    earlier: Mapping[str, Any] | None = None,
    code_commit: str = "",
    image_digest: str = "",
) -> Plan:
    """Plan the release of a dataset for one calendar day or month.

    Args:
        outages: rows of some of the finest level's keys and ``status``, ``missing`` (down) or ``partial``; from outages.csv and
            from camera-hours that a rule found down which no single vehicle can sway.
        earlier: the metadata of the dataset's last release, by which a level is judged too noisy: when the margin of its cells
            is wider than their mean was then. Without one, all levels are published.

    Raises:
        PrivacyError: the period is not one calendar unit, or the city has nothing to count.
    """
    what = DATASETS[dataset]
    _refuse_period(what, first, last)
    leaves = what.cell_set(places, first, last)
    if leaves.empty:
        raise PrivacyError(f"{dataset}: the city folder declares no cell for it (no gate, or no zone): nothing to release.")
    status = _status(leaves, outages)
    is_up = (status != "missing").to_numpy()
    if not is_up.any():
        raise PrivacyError(f"{dataset} of {first}: every cell was down: there is nothing to release.")
    kept, pooled = list(what.levels), dict[str, str]()
    while True:
        levels, fit = _levels(what, kept, leaves=leaves, status=status, is_up=is_up, places=places, rho=preset.rho(dataset))
        reason = _too_noisy(levels[-1], earlier, unit=what.unit)
        if reason is None or len(kept) == 1:
            break
        pooled[kept.pop().table] = reason
    charge = Charge(
        city=places.city,
        dataset=dataset,
        period_start=first,
        period_end=last,
        version=version,
        # What OpenDP says that the levels cost together; the search for sigma leaves it a rounding below the preset's share.
        rho=min(sum(rho_of(level.sigma, sens=level.sens) for level in levels), preset.rho(dataset)),
        delta=DELTA,
        mechanism=MECHANISM,
        sigma=tuple(level.sigma for level in levels),
        sens=tuple(level.sens for level in levels),
        cellset_hash=cell_set_hash(what, places),
        code_commit=code_commit,
        image_digest=image_digest,
    )
    return Plan(what, places, preset, charge, leaves, is_up, tuple(levels), fit, pooled)


def cell_set_hash(dataset: Dataset, places: Places) -> str:
    """SHA-256 (hex) of what the cell set is a product of; the same for all periods of an unchanged city folder."""
    content = {
        "levels": [[level.table, level.keys] for level in dataset.levels],
        "districts": places.districts if "od" in dataset.name else None,
        "gates": None if "od" in dataset.name else places.gates,
        "classes": places.classes,
        "dwell_bins_s": places.dwell_bins_s if "dwell" in dataset.name else None,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _refuse_period(dataset: Dataset, first: date, last: date) -> None:
    end = first.replace(day=calendar.monthrange(first.year, first.month)[1]) if dataset.unit == MONTH else first
    if last != end or (dataset.unit == MONTH and first.day != 1):
        raise PrivacyError(f"{dataset.name} is released by the calendar {dataset.unit}, and {first} to {last} is not one.")


def _status(leaves: pd.DataFrame, outages: pd.DataFrame | None) -> pd.Series:
    if outages is None or outages.empty:
        return pd.Series("ok", index=leaves.index)
    keys = [column for column in outages.columns if column != "status"]
    worst = outages.sort_values("status").drop_duplicates(keys)  # missing comes before partial
    return leaves[keys].merge(worst, on=keys, how="left")["status"].fillna("ok")


def _levels(
    what: Dataset,
    kept: list[Level],
    *,
    leaves: pd.DataFrame,
    status: pd.Series,
    is_up: np.ndarray[Any, np.dtype[np.bool_]],
    places: Places,
    rho: float,
) -> tuple[list[PlannedLevel], Fit]:
    total = sum(level.share for level in kept)
    cordons = len(places.cordons)
    senses = [sensitivity(level.kind, cordons=cordons) for level in kept]
    sigmas = [sigma_for(rho * level.share / total, sens=sens) for level, sens in zip(kept, senses, strict=True)]
    codes, all_cells, shown = [], [], []
    for level in kept:
        groups = leaves.groupby(list(level.keys), sort=False, observed=True)
        code = groups.ngroup().to_numpy(np.int64)
        cells = leaves.loc[np.sort(np.unique(code, return_index=True)[1]), list(level.keys)].reset_index(drop=True)
        down, worse = (np.bincount(code, weights=w) for w in (~is_up, status.ne("ok")))
        cells["status"] = np.where(down == np.bincount(code), "missing", np.where(worse > 0, "partial", "ok"))
        up, measured = np.unique(code[is_up], return_inverse=True)
        codes.append(measured.astype(np.int64))
        shown.append(up)
        all_cells.append(cells)
    matrices = [sum_matrix(code, cells=len(up)) for code, up in zip(codes, shown, strict=True)]
    # What is solved for are the cells of the finest level that is kept, each a part of one cell of every level above.
    finest = np.unique(codes[-1], return_index=True)[1]
    fit = gls([sum_matrix(code[finest], cells=len(up)) for code, up in zip(codes, shown, strict=True)], sigmas)
    parents = [np.zeros(0, dtype=np.int64)]
    for above, code in pairwise(codes):
        parents.append(above[np.unique(code, return_index=True)[1]])
    return [
        PlannedLevel(*values)
        for values in zip(kept, all_cells, shown, matrices, parents, senses, sigmas, [Z95 * sd for sd in fit.sds], strict=True)
    ], fit


def _too_noisy(level: PlannedLevel, earlier: Mapping[str, Any] | None, *, unit: str) -> str | None:
    if earlier is None:
        return None
    mean = float(earlier["total"]) / len(level.cells)
    margin = float(np.median(level.margin95))
    if margin <= mean:
        return None
    return (
        f"By the {unit}, {level.level.table} would have a margin of {margin:.0f} for cells of {mean:.0f} on average, judged from "
        f"{earlier['release_id']}: too noisy to be of use."
    )
