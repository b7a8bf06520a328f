"""Rows of the ledger and the chain of hashes that binds each row to all before it."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime

from kordon.errors import PrivacyError
from privacy.ledger.charge import Charge, in_billionths

RESERVED, COMMITTED, BURNED = "reserved", "committed", "burned"
FIRST = "0" * 64


@dataclass(frozen=True)
class Row:
    """One event of a release. Rows are added, never changed: the state of a release is that of its last row.

    Attributes:
        rho_e9: billionths of rho, spent by the row ``reserved`` and only repeated by the later ones.
        owner: who reserved (host, boot, process), by which a crashed run is told from a living one.
        note: why it was burned, or what the officer said.
    """

    seq: int
    at: str
    city: str
    release_id: str
    state: str
    dataset: str
    version: int
    unit: str
    period_start: str
    period_end: str
    rho_e9: int
    delta: float
    mechanism: str
    sigma: str
    sens: str
    cellset_hash: str
    code_commit: str
    image_digest: str
    owner: str
    note: str
    artefact_sha256: str
    prev_hash: str
    hash: str

    @property
    def first_day(self) -> date:
        return date.fromisoformat(self.period_start)

    @property
    def last_day(self) -> date:
        return date.fromisoformat(self.period_end)

    @property
    def written_at(self) -> datetime:
        return datetime.fromisoformat(self.at)


COLUMNS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True)
class Head:
    """The last row that somebody saw: a ledger that no longer holds it has lost rows."""

    seq: int
    hash: str


def reserved_row(charge: Charge, *, owner: str) -> Row:
    """The row of a reservation, without its place in the chain."""
    return Row(
        seq=0,
        at="",
        city=charge.city,
        release_id=charge.release_id,
        state=RESERVED,
        dataset=charge.dataset,
        version=charge.version,
        unit=charge.unit,
        period_start=str(charge.period_start),
        period_end=str(charge.period_end),
        rho_e9=in_billionths(charge.rho),
        delta=charge.delta,
        mechanism=charge.mechanism,
        sigma=json.dumps(list(charge.sigma)),
        sens=json.dumps(list(charge.sens)),
        cellset_hash=charge.cellset_hash,
        code_commit=charge.code_commit,
        image_digest=charge.image_digest,
        owner=owner,
        note="",
        artefact_sha256="",
        prev_hash="",
        hash="",
    )


def linked(row: Row, *, rows: Sequence[Row], at: datetime) -> Row:
    """The row with its place behind ``rows``, its time and its hash."""
    last = rows[-1] if rows else None
    placed = replace(
        row,
        seq=last.seq + 1 if last else 1,
        at=at.isoformat(timespec="microseconds"),
        prev_hash=last.hash if last else FIRST,
        hash="",
    )
    return replace(placed, hash=_hash(placed))


def _hash(row: Row) -> str:
    content = asdict(row) | {"hash": None}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_chain(rows: Sequence[Row], *, heads: Iterable[Head], where: str) -> None:
    """Refuse a ledger whose rows were changed, taken away or put between.

    Raises:
        PrivacyError: the chain is broken, or a head that was seen before is not in it.
    """
    before = FIRST
    for number, row in enumerate(rows, start=1):
        if row.seq != number or row.prev_hash != before or row.hash != _hash(row):
            raise PrivacyError(
                f"The ledger {where} was tampered with or damaged at row {number}: its hash chain is broken. "
                "Nothing is released; restore the ledger from its backup and have the officer compare the two."
            )
        before = row.hash
    for head in heads:
        if not 1 <= head.seq <= len(rows) or rows[head.seq - 1].hash != head.hash:
            raise PrivacyError(
                f"The ledger {where} lost rows: row {head.seq}, seen before, is not in it (it has {len(rows)}). "
                "Nothing is released, or budget would be spent twice; restore the ledger from its newest backup."
            )
