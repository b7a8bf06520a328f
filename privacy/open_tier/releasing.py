"""From a plan to the bytes of a release, paid and drawn once."""

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pandas as pd

from kordon.errors import KordonError
from privacy.ledger import Ledger, Reservation
from privacy.open_tier.checking import audit
from privacy.open_tier.drawing import Drawn, draw
from privacy.open_tier.planning import Plan


def reserve(ledger: Ledger, plan: Plan, *, new_cells: bool = False) -> Reservation:
    """Pay for a plan; see ``Ledger.reserve``."""
    return ledger.reserve(plan.charge, new_cells=new_cells)


def commit(ledger: Ledger, reservation: Reservation, drawn: Drawn) -> bytes:
    """Keep a release for good and return its bytes, which are what is published."""
    content = pack(drawn)
    ledger.commit(reservation, content)
    return content


def release_once(ledger: Ledger, plan: Plan, cells: Callable[[], pd.DataFrame], *, new_cells: bool = False) -> bytes:
    """The bytes of a release: those that were kept, or else paid, drawn, audited and kept now.

    Args:
        cells: reads the product cells; not called when the release exists.

    Raises:
        PrivacyError: the ledger or the audit refuses; what was drawn is gone and its budget stays spent.
    """
    kept = ledger.stored(plan.charge.release_id)
    if kept is not None:
        return kept
    counts = cells()
    reservation = reserve(ledger, plan, new_cells=new_cells)
    try:
        drawn = draw(plan, counts, reservation=reservation)
        audit(plan, drawn)
        return commit(ledger, reservation, drawn)
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
