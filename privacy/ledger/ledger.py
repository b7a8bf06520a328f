"""Reserve, commit, burn: noise is paid before it is drawn, drawn once, and what was drawn is kept with its receipt.

A reservation counts from the moment it is made, whatever becomes of it. ``commit`` stores the bytes of the release in the same
transaction as its row, so there is never a release without its bytes or bytes without a row; whoever asks again gets these
bytes. A run that dies in between leaves a reservation, which the next one burns: its noise may have been seen.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from kordon.errors import ConfigError, PrivacyError, TryAgain
from privacy.ledger.caps import Caps, refuse_overspend, spent_in_year, spent_on
from privacy.ledger.chain import BURNED, COMMITTED, RESERVED, Head, Row, check_chain, linked, reserved_row
from privacy.ledger.charge import BILLION, Charge
from privacy.ledger.owner import has_died, this_process
from privacy.ledger.store import (
    Execute,
    PostgresStore,
    SqliteStore,
    Store,
    add_artefact,
    add_row,
    read_artefact,
    read_rows,
)
from privacy.ledger.witness import Witness

Clock = Callable[[], datetime]

# Clocks of several machines differ by seconds; a clock that is further back is wrong.
CLOCK_TOLERANCE = timedelta(minutes=5)
# The longest that a draw on another machine is waited for before its reservation counts as that of a dead run.
LONGEST_DRAW = timedelta(hours=1)


@dataclass
class Reservation:
    """The right to draw the noise of one release once, in this process."""

    charge: Charge
    owner: str
    _is_used: bool = field(default=False, repr=False)

    def use(self) -> None:
        """Called by the draw before its first random number.

        Raises:
            PrivacyError: noise was drawn on it before.
        """
        if self._is_used:
            raise PrivacyError(
                f"The noise of {self.charge.release_id} was drawn before: a second draw is a new version, with its own charge."
            )
        self._is_used = True


class Ledger:
    """The ledger of one city. Every call is one transaction over a chain that it checks first."""

    def __init__(self, store: Store, *, city: str, caps: Caps, witness: Witness, heads: Iterable[Head], clock: Clock) -> None:
        self.city = city
        self.caps = caps
        self._store = store
        self._witness = witness
        self._published = tuple(heads)
        self._clock = clock

    def foresee(self, charge: Charge, *, new_cells: bool = False) -> None:
        """Refuse what :meth:`reserve` would refuse now; nothing is spent.

        Raises:
            PrivacyError: as there.
        """
        rows = self.rows()
        _refuse_version(rows, charge, new_cells=new_cells)
        refuse_overspend(rows, charge, caps=self.caps)

    def reserve(self, charge: Charge, *, new_cells: bool = False) -> Reservation:
        """Charge a release, before its noise is drawn.

        Args:
            new_cells: an officer accepts that the cell set differs from that of the dataset's last release.

        Raises:
            PrivacyError: a cap would be passed; the release, or one of an overlapping period, exists; the ledger is damaged,
                or the clock went back.
            TryAgain: another run draws this release at this moment.
        """
        if charge.city != self.city:
            raise ConfigError(f"This is the ledger of {self.city}: {charge.release_id} belongs into another.")
        owner = this_process(secrets.token_hex(8))

        def work(execute: Execute) -> tuple[Row, bool]:
            rows = self._checked(execute)
            now = self._now(rows)
            mine = [row for row in rows if row.city == self.city]
            held = _open_rows(mine, charge)
            if held:
                if not has_died(held[0].owner) and now - held[0].written_at < LONGEST_DRAW:
                    raise TryAgain(
                        f"Another run draws {held[0].release_id} since {held[0].at}: wait for it. If it is dead, burn it."
                    )
                # Committed although the caller is refused: the burned row must stay.
                dead = replace(held[0], state=BURNED, note="the run died between reserve and commit")
                return _append(execute, rows, dead, now), False
            _refuse_version(mine, charge, new_cells=new_cells)
            refuse_overspend(mine, charge, caps=self.caps)
            return _append(execute, rows, reserved_row(charge, owner=owner), now), True

        row, is_mine = self._store.write(work)
        self._witness.see(_head(row))
        return Reservation(charge, owner) if is_mine else self.reserve(charge, new_cells=new_cells)

    def commit(self, reservation: Reservation, content: bytes) -> str:
        """Keep the bytes of a release; from here on it may be published.

        Returns:
            SHA-256 (hex) of the bytes.

        Raises:
            PrivacyError: the reservation was burned: destroy what was drawn.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        release_id = reservation.charge.release_id

        def work(execute: Execute) -> Row:
            rows = self._checked(execute)
            last = _last(rows, release_id)
            if last is None or last.state != RESERVED or last.owner != reservation.owner:
                raise PrivacyError(
                    f"{release_id} is {last.state if last else 'not reserved'}, not held by this run: destroy what was drawn."
                )
            add_artefact(execute, release_id, content)
            done = replace(last, state=COMMITTED, artefact_sha256=sha256)
            return _append(execute, rows, done, self._now(rows))

        self._witness.see(_head(self._store.write(work)))
        return sha256

    def burn(self, release_id: str, *, reason: str) -> None:
        """Give a reservation up: its budget stays spent, nothing of it is published.

        Raises:
            PrivacyError: there is no open reservation of that name.
        """

        def work(execute: Execute) -> Row:
            rows = self._checked(execute)
            last = _last(rows, release_id)
            if last is None or last.state != RESERVED:
                raise PrivacyError(f"{release_id} is {last.state if last else 'not reserved'}: there is nothing to burn.")
            return _append(execute, rows, replace(last, state=BURNED, note=reason), self._now(rows))

        self._witness.see(_head(self._store.write(work)))

    def stored(self, release_id: str) -> bytes | None:
        """The bytes that were drawn for a release; None when it is not committed.

        Raises:
            PrivacyError: the bytes are not those that were committed.
        """

        def work(execute: Execute) -> bytes | None:
            last = _last(self._checked(execute), release_id)
            if last is None or last.state != COMMITTED:
                return None
            content = read_artefact(execute, release_id)
            if content is None or hashlib.sha256(content).hexdigest() != last.artefact_sha256:
                raise PrivacyError(
                    f"The stored bytes of {release_id} in {self._store.where} are not those that were committed: "
                    "restore the ledger from its backup; the noise is not drawn again."
                )
            return content

        return self._store.read(work)

    def rows(self) -> list[Row]:
        """All rows of the city, after the chain was checked."""
        return [row for row in self._store.read(self._checked) if row.city == self.city]

    def head(self) -> Head | None:
        """The last row of the chain, for the manifest of a release."""
        rows = self._store.read(self._checked)
        return _head(rows[-1]) if rows else None

    def spent(self, *, day: date | None = None, year: int | None = None) -> float:
        """Rho spent of a service day, or summed over the service days of a calendar year."""
        rows = self.rows()
        return (spent_on(rows, day) if day else spent_in_year(rows, year or 0)) / BILLION

    def _checked(self, execute: Execute) -> list[Row]:
        # Heads first: a row that another run adds in between makes the chain longer, not shorter.
        heads = [*self._witness.heads(), *self._published]
        rows = read_rows(execute)
        check_chain(rows, heads=heads, where=self._store.where)
        return rows

    def _now(self, rows: Sequence[Row]) -> datetime:
        now = self._clock()
        if rows and now < rows[-1].written_at:
            if rows[-1].written_at - now > CLOCK_TOLERANCE:
                raise PrivacyError(
                    f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, but the ledger was last written at "
                    f"{rows[-1].written_at:%Y-%m-%d %H:%M} UTC: set the clock. Nothing was spent."
                )
            return rows[-1].written_at
        return now


def _head(row: Row) -> Head:
    return Head(row.seq, row.hash)


def _append(execute: Execute, rows: Sequence[Row], row: Row, now: datetime) -> Row:
    new = linked(row, rows=rows, at=now)
    add_row(execute, new)
    return new


def _last(rows: Sequence[Row], release_id: str) -> Row | None:
    return next((row for row in reversed(rows) if row.release_id == release_id), None)


def _overlapping(rows: Sequence[Row], charge: Charge) -> dict[str, Row]:
    """The last row of each release of the dataset whose period shares a day with the charge's."""
    return {
        row.release_id: row
        for row in rows
        if row.dataset == charge.dataset and row.first_day <= charge.period_end and row.last_day >= charge.period_start
    }


def _open_rows(rows: Sequence[Row], charge: Charge) -> list[Row]:
    return [row for row in _overlapping(rows, charge).values() if row.state == RESERVED]


def _refuse_version(rows: Sequence[Row], charge: Charge, *, new_cells: bool) -> None:
    existing = _overlapping(rows, charge)
    if charge.release_id in existing:
        state = existing[charge.release_id].state
        cure = "take the stored bytes" if state == COMMITTED else "its budget is spent; a new version draws on the correction"
        raise PrivacyError(f"{charge.release_id} is {state}: {cure}.")
    for row in existing.values():
        if (row.first_day, row.last_day) != (charge.period_start, charge.period_end):
            raise PrivacyError(
                f"{charge.release_id} overlaps {row.release_id}: release whole units, or a new version of the same period."
            )
    newest = max((row.version for row in existing.values()), default=0)
    if charge.version != newest + 1:
        raise PrivacyError(f"{charge.release_id} is not the next version: {newest} of that period exist.")
    committed = [row for row in rows if row.dataset == charge.dataset and row.state == COMMITTED]
    if committed and committed[-1].cellset_hash != charge.cellset_hash and not new_cells:
        raise PrivacyError(
            f"The cell set of {charge.dataset} changed since {committed[-1].release_id}: gates, zones, classes or bins of the "
            "city folder differ. Have the officer accept the new cells, or restore the folder."
        )


def open_ledger(
    url: str | None,
    *,
    city: str,
    caps: Caps,
    heads: Iterable[Head] = (),
    clock: Clock = lambda: datetime.now(UTC),
) -> Ledger:
    """The ledger of a city.

    Args:
        url: ``postgresql://...``, ``sqlite:///path``, a path, or None for ``$XDG_STATE_HOME/kordon/ledger/<city>.db``.
        heads: heads that published releases name; a ledger that lacks one is refused, even when its witness is gone too.

    Raises:
        ConfigError: the URL is of another kind.
    """
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "kordon" / "ledger"
    if url and url.startswith(("postgresql://", "postgres://")):
        store: Store = PostgresStore(url)
        witness = Witness(home / f"{city}.head")
    else:
        if url and "://" in url and not url.startswith("sqlite:///"):
            raise ConfigError(
                f"The ledger {url.split('://')[0]}://... is not one: give postgresql://... or the path of a file."
            )
        path = Path(url.removeprefix("sqlite:///")).expanduser() if url else home / f"{city}.db"
        store = SqliteStore(path)
        witness = Witness(path.with_name(f"{path.name}.head"))
    return Ledger(store, city=city, caps=caps, witness=witness, heads=heads, clock=clock)
