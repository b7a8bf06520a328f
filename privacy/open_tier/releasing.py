"""From a plan to the bytes of a release, paid and drawn once."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from typing import Any

import pandas as pd

from kordon.errors import KordonError
from privacy.ledger import Ledger, Reservation
from privacy.ledger.chain import COMMITTED
from privacy.open_tier.checking import audit
from privacy.open_tier.drawing import Drawn, counts_of, draw
from privacy.open_tier.planning import Plan


def reserve(ledger: Ledger, plan: Plan, *, new_cells: bool = False) -> Reservation:
    """Pay for a plan; see ``Ledger.reserve``."""
    return ledger.reserve(plan.charge, new_cells=new_cells)


def release_once(
    ledger: Ledger,
    plan: Plan,
    cells: Callable[[], pd.DataFrame],
    *,
    new_cells: bool = False,
    attack: Callable[[Drawn], None] = lambda _: None,
) -> bytes:
    """The bytes of a release: those that were kept, or else paid, drawn, audited and kept now.

    Args:
        cells: reads the product cells; not called when the release exists. Cells that do not fit the plan are refused before
            anything is paid.
        attack: looks at what would be published, as an outsider, and raises when something gets through.

    Raises:
        PrivacyError: the ledger or the audit refuses; what was drawn is gone and its budget stays spent.
    """
    kept = ledger.stored(plan.charge.release_id)
    if kept is not None:
        return kept
    counts = cells()
    counts_of(plan, counts)
    reservation = reserve(ledger, plan, new_cells=new_cells)
    try:
        drawn = draw(plan, counts, reservation=reservation)
        audit(plan, drawn)
        content = pack(drawn)
        attack(unpack(content))
        ledger.commit(reservation, content)
        return content
    except BaseException as error:
        # A ledger that is away keeps the reservation open; the next run burns it.
        with suppress(KordonError):
            ledger.burn(plan.charge.release_id, reason=f"the run ended with {type(error).__name__}")
        raise


def pack(drawn: Drawn) -> bytes:
    """Tables and metadata as one archive of Parquet files and ``metadata.json``."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("metadata.json", json.dumps(drawn.metadata, indent=1))
        for name, table in drawn.tables.items():
            archive.writestr(f"{name}.parquet", table.to_parquet(index=False))
    return content.getvalue()


def unpack(content: bytes) -> Drawn:
    """What ``pack`` packed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        metadata = json.loads(archive.read("metadata.json"))
        names = [level["table"] for level in metadata["levels"]]
        return Drawn({name: pd.read_parquet(io.BytesIO(archive.read(f"{name}.parquet"))) for name in names}, metadata)


def newest_version(ledger: Ledger, dataset: str, *, first: date, last: date) -> tuple[int, str | None]:
    """The version that the newest release of a period has, 0 when there is none, and its state in the ledger."""
    rows = [row for row in ledger.rows() if (row.dataset, row.first_day, row.last_day) == (dataset, first, last)]
    return (rows[-1].version, rows[-1].state) if rows else (0, None)


def last_release(ledger: Ledger, dataset: str, *, but_for: str = "") -> Mapping[str, Any] | None:
    """The metadata of the dataset's last release that was kept, by which the next one is planned."""
    kept = [row.release_id for row in ledger.rows() if row.dataset == dataset and row.state == COMMITTED]
    others = [release_id for release_id in kept if release_id != but_for]
    content = ledger.stored(others[-1]) if others else None
    return unpack(content).metadata if content else None
