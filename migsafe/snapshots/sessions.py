"""Who else is connected to a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg import errors, sql

from migsafe.errors import CannotCheck
from migsafe.plain import many_are, one_line
from migsafe.postgres.databases import terminate

if TYPE_CHECKING:
    import psycopg

    from migsafe.postgres.address import Address

_OTHERS = """
SELECT
    pid,
    coalesce(usename::text, backend_type, 'unknown'),
    coalesce(application_name, ''),
    coalesce(state, ''),
    state_change,
    backend_start
FROM pg_catalog.pg_stat_activity
WHERE datname = %s AND pid <> pg_catalog.pg_backend_pid()
    AND coalesce(backend_type, '') NOT IN ('autovacuum worker', 'parallel worker', 'walsender')
ORDER BY pid
"""


@dataclass(frozen=True, slots=True)
class OtherSession:
    """A session in the database. ``since`` is when it last began or ended something, ``started`` when it connected.

    None: the server won't say.
    """

    pid: int
    user: str
    application: str
    state: str
    since: datetime | None
    started: datetime | None

    def __str__(self) -> str:
        by = f" ({one_line(self.application)})" if self.application else ""
        return f"process {self.pid} of {one_line(self.user)}{by}: {self.state or 'state unknown'}"


def others(connection: psycopg.Connection, database: str) -> tuple[OtherSession, ...]:
    """Every session in ``database`` but this one and the server's own helpers."""
    return tuple(OtherSession(*row) for row in connection.execute(_OTHERS, (database,)))


def require_alone(connection: psycopg.Connection, address: Address) -> None:
    """Raise :class:`CannotCheck` with the sessions that are connected."""
    found = others(connection, address.database)
    if found:
        raise CannotCheck(
            f"{many_are(len(found), 'other session')} connected to the database:\n  " + "\n  ".join(map(str, found)),
            where=str(address),
            hint="Stop them, or have them ended with --end-sessions.",
        )


def end_sessions(connection: psycopg.Connection, database: str) -> None:
    """End all of :func:`others`, and from 14 on wait until they are gone."""
    for other in others(connection, database):
        try:
            terminate(connection, sql.SQL("pid = {}").format(other.pid))
        except errors.InsufficientPrivilege as error:
            raise CannotCheck(
                f"{other} can't be ended: {error.diag.message_primary}", hint="Let an administrator end it."
            ) from error
