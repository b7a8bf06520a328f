"""What an approved plan becomes: paid, drawn once, attacked, kept, and written as files."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kordon.errors import ConfigError, PrivacyError
from privacy.ledger import Ledger
from privacy.open_tier import Drawn, Plan, release_once, unpack
from publication import open_files, versions
from publication.complete_days import refuse_incomplete
from publication.open_plan import PLAN, plan_of, plan_said
from publication.staging import Staged

if TYPE_CHECKING:
    from kordon.city import City
    from kordon.lake import Lake

Attack = Callable[[Path, list[Path], dict[str, pd.DataFrame] | None], None]
"""Attacks a finished folder, given the versions before it and the product cells where they are at hand."""


def draw_into(
    staged: Staged,
    work: Path,
    *,
    city: "City",
    ledger: Ledger,
    cells: Callable[[str, list[dict[str, str]]], pd.DataFrame],
    attack: Attack,
    new_cells: bool = False,
) -> dict[str, Any]:
    """Pay, draw, audit and keep an approved plan, and write its files; or write those of what was kept before.

    Args:
        work: an empty folder.
        cells: reads a table of product cells for the plan's days, given what the plan says of their runs.
        attack: see :data:`Attack`; what gets through burns the release.
        new_cells: see ``Ledger.reserve``.

    Returns:
        What ``approval.json`` tells of the ledger.

    Raises:
        ConfigError: the city folder, or the days, are not those of the plan any more.
        PrivacyError: the ledger or an attack refuses.
    """
    content = json.loads((staged.files / PLAN).read_text(encoding="utf-8"))
    said = content["plan"]
    told = {name: content[name] for name in ("budget", "runs", "overrides", "config_hash", "correction")}
    earlier_versions = versions.with_files(staged.terms.period)
    exact: dict[str, pd.DataFrame] = {}

    def finish(drawn: Drawn) -> None:
        open_files.write_drawn(work, drawn, city=city, terms=staged.terms, told=told)
        attack(work, earlier_versions, exact or None)

    kept = ledger.stored(said["release_id"])
    if kept is not None:
        finish(unpack(kept))
    else:
        before = content["earlier"]
        metadata_before = unpack(_stored(ledger, before)).metadata if before else None
        planned = plan_of(city, said["dataset"], staged.terms, earlier=metadata_before)
        if json.loads(json.dumps(plan_said(planned))) != said:
            raise ConfigError(
                f"The city folder changed since {staged.terms.name} was planned (places, outages, calendar): plan it again with "
                "`kordon release`. Nothing was spent."
            )

        def counts() -> pd.DataFrame:
            found = _bounded(cells(f"out_{planned.dataset.cells}_cell", content["runs"]), planned=planned)
            exact[planned.dataset.cells] = found
            return found

        release_once(ledger, planned, counts, new_cells=new_cells, attack=finish)
    head = ledger.head()
    assert head is not None
    return {"ledger": {"seq": head.seq, "hash": head.hash}}


def cells_of(lake: "Lake", *, city: "City", table: str, runs: list[dict[str, str]]) -> pd.DataFrame:
    """Product cells of the days of a plan.

    Raises:
        ConfigError: a day is not complete any more, or was computed again.
    """
    days = [date.fromisoformat(run["service_day"]) for run in runs]
    now = refuse_incomplete(lake, days=days, city=city)
    again = [run["service_day"] for run, day in zip(runs, days, strict=True) if now[day].run_id != run["run_id"]]
    if again:
        raise ConfigError(
            f"{', '.join(again)} was computed again since the release was planned: plan it again. Nothing was spent."
        )
    return lake.read_whole(table, days).toPandas()


def _stored(ledger: Ledger, release_id: str) -> bytes:
    content = ledger.stored(release_id)
    if content is None:
        raise PrivacyError(f"The ledger does not hold {release_id}, by which this release was planned: restore the ledger.")
    return content


def _bounded(found: pd.DataFrame, *, planned: Plan) -> pd.DataFrame:
    """The cells, of which every one that was up has its bounded count."""
    up = found["status"].ne("missing") if "status" in found else pd.Series(True, index=found.index)
    absent = "bounded" not in found or bool(found.loc[up, "bounded"].isna().any())
    if absent:
        raise ConfigError(
            f"{planned.charge.release_id}: the days were computed by a version of Kordon that did not bound what a vehicle counts for. "
            "Run `kordon run` for them again. Nothing was spent."
        )
    return found
