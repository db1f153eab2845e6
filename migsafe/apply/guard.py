"""A database that only the migrations may write to while they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from migsafe.errors import CannotCheck, MigsafeError
from migsafe.postgres.databases import connect_to
from migsafe.snapshots import sessions

if TYPE_CHECKING:
    from migsafe.postgres.address import Address
    from migsafe.postgres.properties import Properties

PARAMETER = "default_transaction_read_only"


@contextmanager
def read_only(
    connection: psycopg.Connection,
    address: Address,
    before: Properties,
    say: Callable[[str], None],
    *,
    end_sessions: bool,
) -> Iterator[None]:
    """Have every session that connects from now on read only, and take that back on leaving, whatever happened.

    It is the database's default (manual, ALTER DATABASE): a session may set it off for itself, a role may have its
    own, and who is connected already is not bound, unless ``end_sessions`` ends them. ``before`` says what the setting
    was. Raises :class:`CannotCheck` when the user may not set it; then nothing was done.
    """
    old = next((value for role, name, value in before.settings if (role, name) == ("", PARAMETER)), None)
    mine = sql.SQL("SET {} = off").format(sql.SQL(PARAMETER))  # of the session that sets it back, which it binds too
    set_back = (mine, _default(address.database, old))
    in_words = "; ".join(statement.as_string(None) for statement in set_back)
    _set(connection, address)
    try:
        say(f"new sessions are read-only until this ends; if it is killed, this sets them free: {in_words}")
        if end_sessions:
            sessions.end_sessions(connection, address.database)
        for other in sessions.others(connection, address.database):
            say(f"  not bound, since it was connected before: {other}")
        yield
    finally:
        try:
            with connect_to(address) as fresh:
                for statement in set_back:
                    fresh.execute(statement)
            say("new sessions may write again")
        except (psycopg.Error, MigsafeError):
            say(f"new sessions are STILL read-only. This sets them free: {in_words}")


def _set(connection: psycopg.Connection, address: Address) -> None:
    try:
        connection.execute(_default(address.database, "on"))
    except psycopg.errors.InsufficientPrivilege as error:
        raise CannotCheck(
            f"the database can't be made read-only: {error.diag.message_primary}",
            where=str(address),
            hint="Apply as the owner of the database, or without --read-only.",
        ) from error


def _default(database: str, value: str | None) -> sql.Composed:
    """Set the database's default, or (none) leave it to the server."""
    name = sql.Identifier(database)
    if value is None:
        return sql.SQL("ALTER DATABASE {} RESET {}").format(name, sql.SQL(PARAMETER))
    return sql.SQL("ALTER DATABASE {} SET {} = {}").format(name, sql.SQL(PARAMETER), sql.Literal(value))
