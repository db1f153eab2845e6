"""Databases on a server: make, clone, drop, connect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors, sql

from migsafe.errors import CannotCheck, ServerUnavailable, SettingsError
from migsafe.postgres.shared_objects import SharedObjects, read_shared_objects
from migsafe.sql.limits import LONGEST_NAME

if TYPE_CHECKING:
    from migsafe.postgres.address import Address
    from migsafe.postgres.server import Server

_CONNECT_TIMEOUT = 10
"""Seconds."""

_TIMEOUTS = {
    "statement_timeout": 0,
    "lock_timeout": 0,
    "idle_in_transaction_session_timeout": 0,
    "idle_session_timeout": 14,
    "transaction_timeout": 17,
}
"""The major version that each came with. What is set for short queries must not end a long dump."""

_TERMINATION_TIMEOUT = 5000
"""Milliseconds that a session is given to end."""


def name_for(server: Server, label: str) -> str:
    """The full name of one of this run's databases, cut to 63 bytes: keep ``label`` unique within its first 40."""
    plain = re.sub(r"\W+", "_", label)
    return f"{prefix(server.run_id)}{plain}".encode()[:LONGEST_NAME].decode(errors="ignore")


def prefix(run_id: str) -> str:
    """What the names of all of a run's databases begin with."""
    return f"migsafe_{run_id}_"


def connect_to(address: Address) -> psycopg.Connection:
    """An autocommit connection; raises :class:`ServerUnavailable` when there is nobody, or no entry."""
    try:
        return psycopg.connect(
            **{
                "connect_timeout": _CONNECT_TIMEOUT,
                "application_name": "migsafe",
                "client_encoding": "UTF8",
                **address.keywords(),
            },  # type: ignore[arg-type]
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        raise ServerUnavailable(
            f"can't connect: {_without_password(str(error), address)}",
            where=str(address),
            hint="Check that the server runs, and the host, port, user and password (PGPASSWORD, or in the URL).",
        ) from None


def server_version(connection: psycopg.Connection) -> tuple[str, int]:
    """The server's version in its own words, and as a number (150008 for 15.8)."""
    row = connection.execute("SELECT pg_catalog.current_setting('server_version')").fetchone()
    return str(row[0]) if row else "", connection.info.server_version


def without_timeouts(connection: psycopg.Connection) -> None:
    """None of the server's timeouts ends this session's long statements and transactions."""
    names = (name for name, since in _TIMEOUTS.items() if connection.info.server_version // 10000 >= since)
    connection.execute("".join(f"SET {name} = 0;" for name in names).encode())


def connect(server: Server, database: str) -> psycopg.Connection:
    """An autocommit connection to a database of the server; it closes on leaving its ``with`` block."""
    return connect_to(server.address.on(database))


def create(
    server: Server, name: str, template: str | None = None, parameters: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Make a database, empty (``template0``: nothing that a site added to ``template1``) or as a copy of ``template``.

    Ends the sessions in the template first, as nobody may be connected to it. ``parameters`` are for all its sessions.
    """
    with _maintenance(server) as connection:
        if template is not None:
            _terminate(connection, template)
        server.cloning.create(connection, name, template or "template0")
        for parameter, value in {**server.database_settings, **parameters}.items():
            _set(connection, name, parameter, value)


def drop(server: Server, name: str) -> None:
    """Drop a database if it exists, whoever is connected."""
    with _maintenance(server) as connection:
        drop_with(connection, name)


def drop_with(connection: psycopg.Connection, name: str) -> None:
    """Drop a database, also one that is a template, over a connection to another one. ``FORCE`` ends its sessions."""
    query = "SELECT FROM pg_catalog.pg_database WHERE datname = %s AND datistemplate"
    if connection.execute(query, (name,)).rowcount:
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name)))
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def exists(server: Server, name: str) -> bool:
    """Whether there is a database of this name."""
    with _maintenance(server) as connection:
        query = "SELECT FROM pg_catalog.pg_database WHERE datname = %s"
        return connection.execute(query, (name,)).rowcount == 1


def shared_objects(server: Server) -> SharedObjects:
    """The roles, tablespaces and other databases of the server."""
    with _maintenance(server) as connection:
        return read_shared_objects(connection)


def roll_back_prepared(server: Server, database: str) -> tuple[str, ...]:
    """Roll back a database's prepared transactions, with which it can't be cloned or dropped; returns their names."""
    query = "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = current_database() ORDER BY prepared"
    with connect(server, database) as connection:
        names = tuple(name for (name,) in connection.execute(query))
        for name in names:
            connection.execute(sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(name)))
    return names


def set_parameter(server: Server, database: str, parameter: str, value: str) -> None:
    """Set a configuration parameter for every new session in a database."""
    with _maintenance(server) as connection:
        _set(connection, database, parameter, value)


def terminate_sessions(server: Server, database: str) -> None:
    """End every session in a database."""
    with _maintenance(server) as connection:
        _terminate(connection, database)


def terminate(connection: psycopg.Connection, which: sql.Composable) -> None:
    """End the sessions for which a condition on ``pg_stat_activity`` holds, and from 14 on wait until they are gone."""
    wait = sql.SQL(f", {_TERMINATION_TIMEOUT}" if connection.info.server_version >= 140000 else "")
    query = sql.SQL("SELECT pg_catalog.pg_terminate_backend(pid{}) FROM pg_catalog.pg_stat_activity WHERE {}")
    connection.execute(query.format(wait, which))


def _set(connection: psycopg.Connection, database: str, parameter: str, value: str) -> None:
    """By way of this session, so that a list like ``search_path`` stays one (manual, ALTER DATABASE, FROM CURRENT)."""
    statement = sql.SQL("ALTER DATABASE {} SET {} FROM CURRENT")
    try:
        with connection.transaction():
            connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (parameter, value))
            connection.execute(statement.format(sql.Identifier(database), sql.Identifier(parameter)))
    except (errors.InvalidParameterValue, errors.UndefinedObject) as error:
        raise SettingsError(
            f"the server refuses the setting: {error.diag.message_primary}",
            where=parameter,
            hint="Correct it in [server.settings], or statement_timeout in [checks].",
        ) from error


def _terminate(connection: psycopg.Connection, database: str) -> None:
    terminate(connection, sql.SQL("datname = {}").format(database))


@contextmanager
def _maintenance(server: Server) -> Iterator[psycopg.Connection]:
    """A connection to the maintenance database, on which what the server refuses becomes an error for the user."""
    with connect_to(server.address) as connection:
        try:
            yield connection
        except errors.InsufficientPrivilege as error:
            raise CannotCheck(
                f"user {server.address.user} may not do this: {error.diag.message_primary}",
                where=str(server.address),
                hint=f"Let an administrator run: ALTER ROLE {_quoted(server.address.user)} CREATEDB;",
            ) from error
        except (errors.InvalidCatalogName, errors.ObjectInUse) as error:
            raise CannotCheck(
                f"a database of this run can't be used: {error.diag.message_primary}",
                where=str(server.address),
                hint="Did a migration drop or rename the database that it was given, or does its tool still hold it?",
            ) from error
        except errors.DiskFull as error:
            raise ServerUnavailable(
                f"the server's disk is full: {error.diag.message_primary}",
                where=str(server.address),
                hint="Free some space, or name a roomier place with 'directory' under [server].",
            ) from error
        except errors.InternalError_ as error:  # such as a checkpoint on a full disk
            raise ServerUnavailable(
                f"the server failed: {error.diag.message_primary}",
                where=str(server.address),
                hint="Look at free space there, or name a roomier place with 'directory' under [server].",
            ) from error
        except psycopg.OperationalError as error:
            if not connection.broken:
                raise
            raise ServerUnavailable(
                f"the server went away: {str(error).strip()}",
                where=str(server.address),
                hint="Look at the server's log and at free memory and disk space, then run again.",
            ) from error


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string(None)


def _without_password(text: str, address: Address) -> str:
    return text.strip().replace(address.password, "********") if address.password else text.strip()
