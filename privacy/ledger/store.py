"""Where the rows are kept: an SQLite file beside the keys, or a PostgreSQL database by URL. Both run the same SQL.

SQLite keeps its default rollback journal with ``synchronous = EXTRA``: each commit is on disk before it returns, and the
ledger stays one file that a backup can copy. A write-ahead log would let readers pass writers, of which there are a few a day,
and would leave the newest rows in a second file that backups forget.
"""

import sqlite3
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from kordon.errors import ConfigError, PrivacyError, TryAgain
from privacy.ledger.chain import COLUMNS, Row

T = TypeVar("T")
Execute = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]

WAIT_S = 60
# Any two numbers will do, as long as nobody else in the database locks the same one.
PG_LOCK = 0x6B6F7264

_TABLES = """
CREATE TABLE IF NOT EXISTS dp_ledger (
    seq BIGINT PRIMARY KEY, at TEXT NOT NULL, city TEXT NOT NULL, release_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'committed', 'burned')),
    dataset TEXT NOT NULL, version INTEGER NOT NULL CHECK (version >= 1), unit TEXT NOT NULL,
    period_start TEXT NOT NULL, period_end TEXT NOT NULL, rho_e9 BIGINT NOT NULL CHECK (rho_e9 > 0),
    delta DOUBLE PRECISION NOT NULL, mechanism TEXT NOT NULL, sigma TEXT NOT NULL, sens TEXT NOT NULL,
    cellset_hash TEXT NOT NULL, code_commit TEXT NOT NULL, image_digest TEXT NOT NULL,
    owner TEXT NOT NULL, note TEXT NOT NULL, artefact_sha256 TEXT NOT NULL,
    prev_hash TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE,
    UNIQUE (release_id, state));
CREATE TABLE IF NOT EXISTS dp_artefact (
    release_id TEXT PRIMARY KEY, content {bytes} NOT NULL)"""

_SQLITE_GUARD = """
CREATE TRIGGER IF NOT EXISTS {table}_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""

_PG_GUARD = """
CREATE OR REPLACE FUNCTION dp_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER guard BEFORE UPDATE OR DELETE OR TRUNCATE ON dp_ledger EXECUTE FUNCTION dp_append_only();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE OR TRUNCATE ON dp_artefact EXECUTE FUNCTION dp_append_only()"""


class Store(Protocol):
    """Rows and artefacts, read and added in one serialisable transaction."""

    @property
    @abstractmethod
    def where(self) -> str:
        """The place, without a password."""

    @abstractmethod
    def write(self, work: Callable[[Execute], T]) -> T:
        """Run ``work`` alone: nobody else writes between its first read and its commit; an error undoes all of it."""

    @abstractmethod
    def read(self, work: Callable[[Execute], T]) -> T:
        """Run ``work`` on one state of the tables, without making them."""


def read_rows(execute: Execute) -> list[Row]:
    """All rows in their order."""
    return [Row(*values) for values in execute(f"SELECT {', '.join(COLUMNS)} FROM dp_ledger ORDER BY seq", ())]


def add_row(execute: Execute, row: Row) -> None:
    """Put a row behind the others."""
    marks = ", ".join("?" * len(COLUMNS))
    values = [getattr(row, column) for column in COLUMNS]
    execute(f"INSERT INTO dp_ledger ({', '.join(COLUMNS)}) VALUES ({marks})", values)


def add_artefact(execute: Execute, release_id: str, content: bytes) -> None:
    """Keep the bytes of a release."""
    execute("INSERT INTO dp_artefact (release_id, content) VALUES (?, ?)", (release_id, content))


def read_artefact(execute: Execute, release_id: str) -> bytes | None:
    """The bytes of a release, or None."""
    found = execute("SELECT content FROM dp_artefact WHERE release_id = ?", (release_id,))
    if not found:
        return None
    # SQLite keeps what it is given: text that somebody put in place of the bytes comes back as text.
    return found[0][0].encode() if isinstance(found[0][0], str) else bytes(found[0][0])


class SqliteStore:
    """A file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def where(self) -> str:
        return str(self.path)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = EXTRA")
                yield connection
        except sqlite3.IntegrityError as error:
            raise PrivacyError(f"The ledger {self.where} refuses a row: {error}. Nothing was spent.") from None
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise TryAgain(f"The ledger {self.where} is held by another run for {WAIT_S} s: try again.") from None
            raise ConfigError(
                f"The ledger {self.where} cannot be used ({error}): make the file and its folder writable for this user. "
                "Nothing was spent and nothing is released."
            ) from None
        except sqlite3.DatabaseError as error:
            raise PrivacyError(
                f"The ledger {self.where} is damaged ({error}): restore it from its backup. Nothing is released."
            ) from None

    def write(self, work: Callable[[Execute], T]) -> T:
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(OSError):
                self.path.touch(mode=0o600)
        with self._connection() as connection:
            # IMMEDIATE takes the write lock before the first read, so that no cap is judged on rows that are not the last.
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in _TABLES.format(bytes="BLOB").split(";"):
                    connection.execute(statement)
                for table in ("dp_ledger", "dp_artefact"):
                    for verb in ("UPDATE", "DELETE"):
                        connection.execute(_SQLITE_GUARD.format(table=table, verb=verb))
                result = work(lambda sql, values: connection.execute(sql, values).fetchall())
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

    def read(self, work: Callable[[Execute], T]) -> T:
        def execute(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
            return connection.execute(sql, values).fetchall()

        if not self.path.exists() or not self.path.stat().st_size:
            return work(lambda _sql, _values: [])
        with self._connection() as connection:
            connection.execute("BEGIN")
            return work(execute)


class PostgresStore:
    """A database that several machines reach."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError:
            raise ConfigError("A ledger in PostgreSQL needs psycopg: install kordon with the extra `postgresql`.") from None
        self.url = url
        self._psycopg = psycopg
        self._made = threading.Event()

    @property
    def where(self) -> str:
        from psycopg.conninfo import conninfo_to_dict

        known = conninfo_to_dict(self.url)
        return f"postgresql://{known.get('host', '')}/{known.get('dbname', '')}"

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        errors = self._psycopg.errors
        try:
            with self._psycopg.connect(self.url, autocommit=True, connect_timeout=WAIT_S) as connection:
                yield connection
        except (errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege) as error:
            raise ConfigError(
                f"The ledger {self.where} cannot be written ({error.diag.message_primary}): give its role INSERT and SELECT. "
                "Nothing was spent and nothing is released."
            ) from None
        except errors.IntegrityError as error:
            raise PrivacyError(
                f"The ledger {self.where} refuses a row: {error.diag.message_primary}. Nothing was spent."
            ) from None
        except self._psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else "no answer"
            raise TryAgain(f"The ledger {self.where} is away ({reason}): try again when the database answers.") from None

    def _make(self, connection: Any) -> None:
        if self._made.is_set():
            return
        if connection.execute("SELECT to_regclass('dp_artefact')").fetchone()[0] is None:
            with connection.transaction():
                for statement in _TABLES.format(bytes="BYTEA").split(";"):
                    connection.execute(statement)
                connection.execute(_PG_GUARD)
        self._made.set()

    def write(self, work: Callable[[Execute], T]) -> T:
        with self._connection() as connection:
            # The session's lock comes before the transaction, which would else judge caps on the rows that stood when it began
            # to wait. It goes with the session when its process is killed, and asks no right that an append-only role lacks.
            connection.execute(f"SET lock_timeout = '{WAIT_S}s'")
            connection.execute("SELECT pg_advisory_lock(%s)", (PG_LOCK,))
            self._make(connection)
            connection.isolation_level = self._psycopg.IsolationLevel.SERIALIZABLE
            for attempt in range(5):
                try:
                    with connection.transaction():
                        return work(lambda sql, values: _execute(connection, sql, values))
                except self._psycopg.errors.SerializationFailure:
                    time.sleep(0.05 * 2**attempt)
            raise TryAgain(f"The ledger {self.where} is changed by something else than Kordon: try again.")

    def read(self, work: Callable[[Execute], T]) -> T:
        with self._connection() as connection:
            if connection.execute("SELECT to_regclass('dp_artefact')").fetchone()[0] is None:
                return work(lambda _sql, _values: [])
            connection.isolation_level = self._psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with connection.transaction():
                return work(lambda sql, values: _execute(connection, sql, values))


def _execute(connection: Any, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    cursor = connection.execute(sql.replace("?", "%s"), values)
    return cursor.fetchall() if cursor.description else []
