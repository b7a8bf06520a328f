"""The plan of a release of the open tier: what it costs and how noisy it is, staged for somebody to approve. Nothing is drawn."""

import calendar
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kordon.days import Day
from kordon.errors import ConfigError, UsageError
from kordon.state import uri_of
from privacy.ledger import Head, Ledger, open_ledger
from privacy.ledger.caps import days_of, spent_on
from privacy.ledger.chain import BURNED, COMMITTED
from privacy.ledger.charge import BILLION
from privacy.open_tier import DATASETS, DELTA, Plan, places_of, plan, preset
from privacy.open_tier.datasets import DAY, MONTH
from privacy.open_tier.drawing import metadata
from privacy.open_tier.noise import epsilon
from privacy.open_tier.outages import outages_of
from privacy.open_tier.releasing import last_release, newest_version
from publication import staging, versions
from publication.approval import approval_of, purpose_of
from publication.complete_days import consecutive, described, overridden, refuse_incomplete
from publication.staging import Terms

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.lake import Lake

PLAN = "plan.json"
THROUGH = "through_month"
"""The product that follows from others that are drawn (:mod:`publication.open_through`)."""


@dataclass(frozen=True)
class Planned:
    """A plan that is staged.

    Attributes:
        path: the staged folder; that of the published version when there is one already.
        is_new: whether it is staged.
        plan: what ``plan.json`` says.
    """

    path: Path
    version: int
    is_new: bool
    plan: dict[str, Any]


def datasets_of(days: Sequence[date], *, city: "City", dataset: str | None) -> list[str]:
    """The datasets that a period is a unit of: one service day, or a calendar month.

    Raises:
        UsageError: there is no such dataset, or the period is no unit of it.
        ConfigError: the city does not publish it.
    """
    if dataset is not None and dataset not in (*DATASETS, THROUGH):
        raise UsageError(f"--dataset {dataset}: the open tier has {', '.join([*DATASETS, THROUGH])}.")
    first, last = days[0], days[-1]
    is_month = first.day == 1 and last == first.replace(day=calendar.monthrange(first.year, first.month)[1])
    unit = DAY if len(days) == 1 else MONTH if is_month else None
    units = {**{name: what.unit for name, what in DATASETS.items()}, THROUGH: MONTH}
    # What follows from others comes when it is asked for: they have to be drawn first.
    found = [name for name in ([dataset] if dataset else DATASETS) if units[name] == unit]
    if not found:
        wanted = f"{dataset} is released by the {units[dataset]}" if dataset else "the open tier is released by the unit"
        raise UsageError(
            f"{first} to {last}: {wanted}; give one service day, or the first to the last day of a calendar month."
        )
    allowed = [name for name in found if _product_of(name) in city.publication.products.open]
    if not allowed:
        raise ConfigError(
            f"{city.name} does not publish {', '.join(found)} in the open tier: see products.open in [publication] of city.toml."
        )
    return allowed


def _product_of(dataset: str) -> str:
    """The product of the contract that a dataset is, or is the month of."""
    pools = {what.pooled_in: name for name, what in DATASETS.items() if what.pooled_in}
    return pools.get(dataset, dataset)


def ledger_of(city: "City", *, out: Path) -> Ledger:
    """The city's ledger, which must hold what the releases that are published say of it."""
    said = [approval_of(folder).get("ledger") for folder in out.glob(f"{city.id}-open-*/*/v*")]
    heads = [Head(int(head["seq"]), str(head["hash"])) for head in said if head]
    return open_ledger(city.dp.ledger, city=city.id, caps=preset(city.dp.preset).caps, heads=heads)


def stage_from_lake(
    *,
    lake: "Lake",
    city: "City",
    dataset: str,
    days: list[date],
    out: Path,
    policy: str,
    created_at: datetime,
    correction: str | None = None,
) -> Planned:
    """:func:`stage` for complete days of a lake; no count of theirs is read.

    Raises:
        ConfigError: a day is not complete.
    """
    wanted = consecutive(days)
    of_lake = refuse_incomplete(lake, days=wanted, city=city)
    return stage(
        lake=lake.uri,
        city=city,
        dataset=dataset,
        days=wanted,
        out=out,
        policy=policy,
        created_at=created_at,
        ledger=ledger_of(city, out=out),
        runs=[of_lake[day] for day in wanted],
        overrides=overridden(lake, days=wanted),
        correction=correction,
    )


def stage(
    *,
    lake: str | Path,
    city: "City",
    dataset: str,
    days: list[date],
    out: Path,
    policy: str,
    created_at: datetime,
    ledger: Ledger,
    runs: list[Day],
    overrides: list[str],
    correction: str | None = None,
) -> Planned:
    """Plan a release and stage the plan. Nothing is spent: the ledger is only asked whether it would pay.

    Args:
        correction: why what is published is replaced; without it a period is released once.

    Raises:
        PrivacyError: the ledger would refuse, or the period is no unit of the dataset.
        ConfigError: there is nothing to correct, or a first try was burned.
    """
    first, last = days[0], days[-1]
    newest, state = newest_version(ledger, dataset, first=first, last=last)
    version = _version(newest, state, correction=correction, name=f"{dataset} of {first}")
    terms = Terms(
        city=city.id,
        tier="open",
        series=f"{city.id}-open-{dataset}",
        first_day=str(first),
        last_day=str(last),
        version=version,
        out=uri_of(out),
        policy=policy,
        created_at=created_at.isoformat(),
    )
    versions.refuse_overlap(terms.period.parent, first=first, last=last)
    release_id = f"{city.id}.{dataset}.{first}.{last}.v{version}"
    earlier = last_release(ledger, dataset, but_for=release_id)
    planned = plan_of(city, dataset, terms, earlier=earlier)
    is_drawn = state == COMMITTED and version == newest
    if not is_drawn:
        ledger.foresee(planned.charge, new_cells=True)
    content = {
        "plan": plan_said(planned),
        "earlier": earlier["release_id"] if earlier else None,
        "new_cells": bool(earlier and earlier["cellset_hash"] != planned.charge.cellset_hash),
        "correction": correction,
        "config_hash": city.config_hash,
        "runs": [described(run) for run in runs],
        "overrides": overrides,
        "budget": _budget(ledger, planned, is_paid=is_drawn),
        "asks": _asks(ledger, planned, is_paid=is_drawn),
    }
    if versions.withdrawal_of(terms.target) is not None:
        raise ConfigError(
            f"{uri_of(terms.target)} was withdrawn; what it cost stays spent. --correction REASON plans another version, which draws on "
            "the reserve for a correction."
        )
    if terms.target.exists() and is_drawn:
        return Planned(terms.target, version, False, content)

    def fill(folder: Path) -> bool:
        (folder / PLAN).write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return True

    staged = staging.stage(lake, terms=terms, purpose=purpose_of(city), fill=fill)
    assert staged is not None
    return Planned(staged.folder, version, True, content)


def _version(newest: int, state: str | None, *, correction: str | None, name: str) -> int:
    if correction is not None:
        if not newest:
            raise ConfigError(f"{name} was never released: there is nothing to correct. Leave --correction out.")
        return newest + 1
    if state == BURNED:
        raise ConfigError(
            f"{name} was paid for and its run died or was refused: that budget stays spent. --correction REASON plans another, which "
            "draws on the reserve for a correction."
        )
    return max(newest, 1)


def plan_of(city: "City", dataset: str, terms: Terms, *, earlier: Any) -> Plan:
    """The plan of a release, by the city folder as it is now and the metadata of the dataset's release before."""
    return plan(
        dataset,
        places=places_of(city),
        preset=preset(city.dp.preset),
        first=terms.first,
        last=terms.last,
        version=terms.version,
        outages=outages_of(city, DATASETS[dataset], first=terms.first, last=terms.last),
        earlier=earlier,
    )


def plan_said(planned: Plan) -> dict[str, Any]:
    """A plan as it is approved: what it costs and how noisy it is, and the hash of its cells with what was down."""
    cells = hashlib.sha256("".join(level.cells.to_csv(index=False) for level in planned.levels).encode()).hexdigest()
    return {**metadata(planned), "cells_sha256": cells}


def _budget(ledger: Ledger, planned: Plan, *, is_paid: bool) -> dict[str, Any]:
    """What the year's releases cost with this one, for people."""
    first, last = planned.charge.period_start, planned.charge.period_end
    days = (last - first).days + 1
    year = ledger.spent(year=first.year) + (0 if is_paid else planned.charge.rho * days)
    return {
        "year": first.year,
        "spent_pct": 100 * year / planned.preset.caps.year,
        "epsilon_year": epsilon(year, delta=DELTA),
        "epsilon_day_cap": epsilon(planned.preset.caps.day, delta=DELTA),
    }


def _asks(ledger: Ledger, planned: Plan, *, is_paid: bool) -> dict[str, float]:
    """What the release itself asks, and what of a service day is spent with it at most, for who approves it: percent of the caps."""
    days, caps = days_of(planned.charge.period_start, planned.charge.period_end), planned.preset.caps
    rho = 0.0 if is_paid else planned.charge.rho
    rows = ledger.rows()
    fullest = max(spent_on(rows, day) for day in days) / BILLION
    return {
        "year_pct": 100 * rho * len(days) / caps.year,
        "day_pct": 100 * rho / caps.day,
        "day_spent_pct": 100 * (fullest + rho) / caps.day,
        "correction_pct": 100 * caps.correction / caps.day,
    }
