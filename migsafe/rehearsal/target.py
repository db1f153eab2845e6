"""The database that a rehearsal is for. It is only read: in one snapshot, with short waits for locks.

Two things bind every session on it. ``default_transaction_read_only`` is on before the first query, and every
transaction is REPEATABLE READ READ ONLY (PostgreSQL manual, SET TRANSACTION): the server refuses whatever would write.
And every session reads the one snapshot that the first one exported (manual, 9.27.5), so that what others commit
meanwhile is not seen by half.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import errors

from migsafe.errors import BaselineError
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to, without_timeouts
from migsafe.postgres.reading import SETTINGS
from migsafe.postgres.tables import lock_for_reading
from migsafe.rehearsal.tables import find_tables, require_readable


@dataclass(frozen=True, slots=True)
class Target:
    """The target, while its snapshot is held. ``lock_timeout`` is in seconds (0: no bound)."""

    address: Address
    connection: psycopg.Connection
    snapshot: str
    lock_timeout: int

    @property
    def major(self) -> int:
        return self.connection.info.server_version // 10000


@contextmanager
def read_only_session(address: Address, *, statement_timeout: int, lock_timeout: int) -> Iterator[psycopg.Connection]:
    """A connection on which nothing can be written, and that waits no longer than so many seconds (0: no bound)."""
    with connect_to(address) as connection:
        limits = {
            "default_transaction_read_only": "on",
            "statement_timeout": f"{statement_timeout}s",
            "lock_timeout": f"{lock_timeout}s",
        }
        without_timeouts(connection)
        for name, value in {**limits, **SETTINGS}.items():
            connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


@contextmanager
def open_target(address: Address, *, statement_timeout: int, lock_timeout: int) -> Iterator[Target]:
    """Hold one snapshot of the target until leaving.

    Locks: ACCESS SHARE on every table from before the snapshot to the end, since a TRUNCATE or a rewrite in between
    would empty a table for it (manual, 13.6). Raises :class:`BaselineError` when a lock isn't had within
    ``lock_timeout``, or the role may not read a table.
    """
    with read_only_session(address, statement_timeout=statement_timeout, lock_timeout=lock_timeout) as connection:
        with connection.transaction(), refusals(address):
            found = find_tables(connection)
            require_readable(connection, found, address.user)
            tables = [table.source for table in found if not table.unread]
        with connection.transaction():
            with refusals(address):
                lock_for_reading(connection, tables)
                (snapshot,) = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone() or ("",)
            yield Target(address, connection, snapshot, lock_timeout)


@contextmanager
def refusals(address: Address) -> Iterator[None]:
    """What the target refuses, as an error for the user."""
    try:
        yield
    except psycopg.Error as error:
        message = error.diag.message_primary or str(error).strip()
        kinds = (kind for kind in _HINTS if isinstance(error, kind))
        raise BaselineError(
            f"the target refuses: {message}", where=str(address), hint=_hint(next(kinds, None))
        ) from error


_HINTS: Mapping[type[psycopg.Error], str] = {
    errors.LockNotAvailable: "Somebody holds an exclusive lock: try again later, or set [rehearse] lock_timeout.",
    errors.QueryCanceled: "Reading took too long: set [rehearse] statement_timeout, or ask for fewer rows with --rows.",
    errors.InsufficientPrivilege: "Let the role read everything: GRANT pg_read_all_data (from 14 on), or GRANT SELECT "
    "on the tables and sequences; tables with row-level security need BYPASSRLS.",
    errors.UndefinedTable: "The schema was changed while it was read: try again.",
}


def _hint(kind: type[psycopg.Error] | None) -> str:
    return _HINTS[kind] if kind else "Nothing was written there. Mend what the server names, then try again."
