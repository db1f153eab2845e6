"""Several sessions that read one database in one snapshot, so that a database in use gives one consistent answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from migsafe.postgres.databases import connect_to, without_timeouts
from migsafe.postgres.reading import consistent_reading

if TYPE_CHECKING:
    import psycopg

    from migsafe.postgres.address import Address

_LOCK_TIMEOUT = "10s"
"""A table that somebody holds an ACCESS EXCLUSIVE lock on is not checked, rather than waited for."""


@contextmanager
def snapshot_sessions(
    address: Address, number: int, *, statement_timeout: str = "0", snapshot: str | None = None
) -> Iterator[list[psycopg.Connection]]:
    """``number`` connections within :func:`consistent_reading`, all in ``snapshot``, which another session exported.

    Without one the first session exports its own for the others. ``statement_timeout`` is PostgreSQL's parameter of
    that name (``0``: none), for each query. Raises :class:`migsafe.errors.ServerUnavailable` when the server can't be
    reached.
    """
    with ExitStack() as stack:
        sessions: list[psycopg.Connection] = []
        for _ in range(number):
            connection = stack.enter_context(connect_to(address))
            without_timeouts(connection)
            stack.enter_context(consistent_reading(connection, snapshot))
            for name, value in (("statement_timeout", statement_timeout), ("lock_timeout", _LOCK_TIMEOUT)):
                connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
            sessions.append(connection)
            snapshot = snapshot or (_exported(connection) if number > 1 else None)
        yield sessions


def _exported(connection: psycopg.Connection) -> str:
    row = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
    assert row is not None
    return str(row[0])
