"""Roles of a server: which are missing, what this user may, and new ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from psycopg import ProgrammingError, sql

from migsafe.errors import SettingsError

if TYPE_CHECKING:
    import psycopg


def can_create_databases(connection: psycopg.Connection) -> bool:
    """Whether this user may make, and so rename, databases."""
    row = connection.execute(
        "SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
    ).fetchone()
    return bool(row and row[0])


def missing_roles(connection: psycopg.Connection, names: Iterable[str]) -> str:
    """Those that the server doesn't have, quoted and with commas between; empty when it has them all."""
    rows = connection.execute(
        "SELECT name FROM unnest(%s::text[]) AS name EXCEPT SELECT rolname FROM pg_catalog.pg_roles ORDER BY 1",
        (sorted(names),),
    )
    return ", ".join(sql.Identifier(name).as_string(connection) for (name,) in rows)


def create_roles(connection: psycopg.Connection, names: Iterable[str]) -> None:
    """Make roles that may log in, have no password and own nothing.

    Raises :class:`SettingsError` for a name that no role can have.
    """
    for name in dict.fromkeys(names):
        try:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        except ProgrammingError as error:
            raise SettingsError(
                f"the role {name!r} can't be made: {error.diag.message_primary}",
                where="[server] roles",
                hint="Name it as CREATE ROLE takes it; the roles of PostgreSQL itself are there already.",
            ) from error
