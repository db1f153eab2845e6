"""A server that is there already: migsafe makes databases of its own on it, and touches no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql

from migsafe.errors import CannotCheck, ServerUnavailable
from migsafe.postgres.address import Address, address_of
from migsafe.postgres.databases import connect_to, drop_with, prefix, server_version
from migsafe.postgres.roles import can_create_databases, missing_roles
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers.running import RunningServer
from migsafe.postgres.servers.runs import new_run_id

_RUN_CLASS = 0x6D696773
"""``migs``: the first half of the keys of our advisory locks (manual, 13.3.5). The second half stands for a run."""

_DATABASE = re.compile(r"migsafe_([0-9a-f]{12})_")


def describe(settings: ServerSettings) -> str:
    """The server's version and address, without its password. Raises as :func:`start` does."""
    address = address_of(settings.use)
    with connect_to(address) as connection:
        _check_permissions(connection, address)
        return f"PostgreSQL {server_version(connection)[0]} at {address}"


@contextmanager
def start(settings: ServerSettings) -> Iterator[Server]:
    """Use the server at the URL ``settings.use``; the databases of this run are dropped on leaving.

    While the run lives it holds an advisory lock; databases with our prefix whose run holds none are dropped first, if
    they belong to the same user. Settings are set on each database. Raises :class:`ServerUnavailable` when it can't be
    reached, :class:`CannotCheck` when the user may not create databases or a wanted role isn't there.
    """
    address, run_id = address_of(settings.use), new_run_id()
    with connect_to(address) as keeper:
        _check_permissions(keeper, address)
        _check_roles(keeper, address, settings.roles)
        claim(keeper, run_id)
        sweep_databases(keeper)
        version, number = server_version(keeper)
        try:
            yield RunningServer("url", version, number // 10000, run_id, address, database_settings=settings.settings)
        finally:
            with suppress(psycopg.OperationalError, ServerUnavailable):  # gone: a later run sweeps
                _drop_all(address, run_id)


def _check_permissions(connection: psycopg.Connection, address: Address) -> None:
    if not can_create_databases(connection):
        role = sql.Identifier(address.user).as_string(connection)
        raise CannotCheck(
            "this user may not create databases, and every experiment needs one",
            where=str(address),
            hint=f"Let an administrator run: ALTER ROLE {role} CREATEDB; or use a throwaway server: --server auto.",
        )


def _check_roles(connection: psycopg.Connection, address: Address, roles: tuple[str, ...]) -> None:
    """Roles belong to the whole server, which isn't ours: they must be there."""
    if missing := missing_roles(connection, roles):
        raise CannotCheck(
            f"wanted roles don't exist: {missing}",
            where=str(address),
            hint="Create them there. migsafe makes databases on this server, and nothing else.",
        )


def _key(run_id: str) -> int:
    """A run's lock key: the first 31 bits of its id."""
    return int(run_id[:8], 16) >> 1


def claim(connection: psycopg.Connection, run_id: str) -> None:
    """Keep the databases of this run from being swept for as long as the connection lives."""
    connection.execute("SELECT pg_catalog.pg_advisory_lock(%s, %s)", (_RUN_CLASS, _key(run_id)))


def sweep_databases(connection: psycopg.Connection, names: re.Pattern[str] = _DATABASE) -> None:
    """Drop our databases whose run is dead: nobody, in whichever database, holds its lock.

    ``names`` are those that are looked at; the first group is the run's id.
    """
    ours = connection.execute(
        "SELECT datname FROM pg_catalog.pg_database"
        " WHERE datname LIKE 'migsafe\\_%' AND pg_catalog.pg_get_userbyid(datdba) = current_user ORDER BY datname"
    ).fetchall()
    locks = connection.execute(
        "SELECT objid::bigint FROM pg_catalog.pg_locks"
        " WHERE locktype = 'advisory' AND classid::bigint = %s AND objsubid = 2 AND granted",
        (_RUN_CLASS,),
    ).fetchall()
    alive = {key for (key,) in locks}
    for (name,) in ours:
        run = names.match(name)
        if run and _key(run[1]) not in alive:
            with suppress(psycopg.errors.ObjectInUse, psycopg.errors.InternalError_):  # another run is dropping it
                drop_with(connection, name)


def _drop_all(address: Address, run_id: str) -> None:
    with connect_to(address) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname, %s)", (prefix(run_id),)
        ).fetchall()
        for (name,) in names:
            drop_with(connection, name)
