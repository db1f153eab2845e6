"""Flyway's history table on PostgreSQL, its lock, and the rows that a run adds to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Identifier

from migsafe.history.flyway_books import Row
from migsafe.history.flyway_files import FlywayFile
from migsafe.history.model import refuse
from migsafe.history.session import Session

_LOCK_NUMBER = int.from_bytes(b"Flyway", "big")
_LOCK_TRIES = 50
_TABLE = """CREATE TABLE {} (
    installed_rank INT NOT NULL,
    version VARCHAR(50),
    description VARCHAR(200) NOT NULL,
    type VARCHAR(20) NOT NULL,
    script VARCHAR(1000) NOT NULL,
    checksum INTEGER,
    installed_by VARCHAR(100) NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT now(),
    execution_time INTEGER NOT NULL,
    success BOOLEAN NOT NULL
)"""


@dataclass(frozen=True, slots=True)
class HistoryTable:
    """The table, through the connection that keeps the books. ``user`` is who that connection logged in as."""

    connection: Session
    schema: str
    name: str
    user: str
    transactional_lock: bool

    def exists(self) -> bool:
        return bool(
            self.connection.query(
                "SELECT EXISTS (SELECT FROM information_schema.tables WHERE table_schema = %s AND table_name = %s)",
                (self.schema, self.name),
            )[0][0]
        )

    def rows(self) -> list[Row]:
        """All rows in the order in which they were booked; none while there is no table.

        Read by a simple Query, which leaves no portal with a snapshot behind: a migration that builds concurrently
        would wait for it for ever.
        """
        if not self.exists():
            return []
        return read_rows(self.connection, Identifier(self.schema, self.name))

    def create(self) -> None:
        """Make the table under the lock. Refuses, as Flyway does, where the schema already holds something."""
        if not self._schema_is_empty():
            refuse(
                f"Found non-empty schema(s) {quoted(self.schema)} but no schema history table. Use baseline() "
                "or set baselineOnMigrate to true to initialize the schema history table."
            )
        with self.locked():
            if not self.exists():
                self._create()

    def book(self, file: FlywayFile, rank: int, checksum: int, started: float, *, success: bool) -> None:
        """Add the row for one run of one file; ``started`` is a reading of ``time.perf_counter``."""
        self.connection.query(SQL("SET ROLE {}").format(Identifier(self.user)))
        milliseconds = int((time.perf_counter() - started) * 1000)
        row = (rank, file.version, file.booked_description, file.type, file.script)
        self.connection.query(
            SQL(
                "INSERT INTO {} (installed_rank, version, description, type, script, checksum, installed_by,"
                " execution_time, success) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
            ).format(Identifier(self.schema, self.name)),
            (*row, checksum, self.user, milliseconds, success),
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold Flyway's advisory lock, and with a transactional lock one transaction, committed at the end."""
        if self.transactional_lock:
            with self._transaction():
                self._take("SELECT pg_try_advisory_xact_lock(%s)")
                yield
            return
        self._take("SELECT pg_try_advisory_lock(%s)")
        try:
            yield
        finally:
            with suppress(psycopg.Error):  # on a lost connection; the lock went with it
                self.connection.query("SELECT pg_advisory_unlock(%s)", (self._lock_number,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.query("BEGIN")
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):  # the first error is the one to tell
                self.connection.query("ROLLBACK")
            raise
        self.connection.query("COMMIT")

    def _take(self, function: str) -> None:
        """As Flyway does: try once a second, since another run may be at it."""
        for attempt in range(_LOCK_TRIES):
            if attempt:
                time.sleep(1)
            if self.connection.query(SQL(function), (self._lock_number,))[0][0]:
                return
        refuse("Number of retries exceeded while attempting to acquire PostgreSQL advisory lock.")

    @property
    def _lock_number(self) -> int:
        return _LOCK_NUMBER + java_hash(f"{quoted(self.schema)}.{quoted(self.name)}")

    def _create(self) -> None:
        table = Identifier(self.schema, self.name)
        key, index = Identifier(f"{self.name}_pk"), Identifier(f"{self.name}_s_idx")
        self.connection.query(SQL(_TABLE).format(table))
        self.connection.query(SQL("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY (installed_rank)").format(table, key))
        self.connection.query(SQL("CREATE INDEX {} ON {} (success)").format(index, table))

    def _schema_is_empty(self) -> bool:
        return not self.connection.query(
            """
            SELECT EXISTS (
                SELECT c.oid FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_catalog.pg_depend d ON d.objid = c.oid AND d.deptype = 'e'
                WHERE n.nspname = %(schema)s AND d.objid IS NULL AND c.relkind IN ('r', 'v', 'S', 't')
              UNION ALL
                SELECT t.oid FROM pg_catalog.pg_type t
                JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
                LEFT JOIN pg_catalog.pg_depend d ON d.objid = t.oid AND d.deptype = 'e'
                WHERE n.nspname = %(schema)s AND d.objid IS NULL AND t.typcategory NOT IN ('A', 'C')
              UNION ALL
                SELECT p.oid FROM pg_catalog.pg_proc p
                JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                LEFT JOIN pg_catalog.pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
                WHERE n.nspname = %(schema)s AND d.objid IS NULL
            )
            """,
            {"schema": self.schema},
        )[0][0]


def read_rows(connection: Session, table: Identifier) -> list[Row]:
    """The rows of a history table that exists."""
    found = connection.query(
        SQL(
            "SELECT installed_rank, version, description, type, script, checksum, success"
            " FROM {} ORDER BY installed_rank"
        ).format(table)
    )
    return [Row(*row) for row in found]


def quoted(name: str) -> str:
    """The name as Flyway writes it in messages and hashes it for its lock."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def java_hash(text: str) -> int:
    """Java's ``String.hashCode``: a signed 32-bit number over UTF-16 code units."""
    result = 0
    units = text.encode("utf-16-be")
    for index in range(0, len(units), 2):
        result = (result * 31 + int.from_bytes(units[index : index + 2], "big")) % 2**32
    return result - 2**32 if result >= 2**31 else result
