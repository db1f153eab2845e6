"""Put a database back as a snapshot has it: beside the old one, proven, and then the names change in one go."""

from __future__ import annotations

import re
import shlex
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import psycopg

from migsafe.errors import CannotCheck, ServerUnavailable, UsageError
from migsafe.postgres import databases
from migsafe.postgres.databases import connect_to
from migsafe.postgres.properties import give_properties, read_properties
from migsafe.postgres.roles import can_create_databases, missing_roles
from migsafe.postgres.servers.existing import claim, sweep_databases
from migsafe.postgres.servers.runs import new_run_id
from migsafe.postgres.trouble import explained
from migsafe.snapshots.fill import compare, create, fill
from migsafe.snapshots.in_place import replace_contents
from migsafe.snapshots.names import OURS, aside, exchange
from migsafe.snapshots.sessions import end_sessions, require_alone
from migsafe.snapshots.verify import require_whole

if TYPE_CHECKING:
    from migsafe.postgres.address import Address
    from migsafe.progress import Progress
    from migsafe.snapshots.manifest import Snapshot


_BESIDE = re.compile(r"migsafe_([0-9a-f]{12})_restored$")
"""The databases that are made beside the old ones."""


@dataclass(frozen=True, slots=True)
class How:
    """How to restore. ``in_place`` needs no second database; ``end_sessions`` ends who is connected to the old one;

    ``keep_old`` keeps the old database under another name.
    """

    jobs: int = 2
    in_place: bool = False
    end_sessions: bool = False
    keep_old: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to: ``differences`` is empty exactly if the database is as the snapshot has it.

    Where it isn't and the restore was not in place, the old database is untouched. ``old`` is the name under which the
    old database still is, if it is.
    """

    differences: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float
    old: str | None = None


Outcome: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], str | None]
"""What differs, what is noted, and the name under which the old database is kept."""


def check_target(address: Address, into: str | None) -> str:
    """The name of the database to restore into. Raises :class:`UsageError` when it must be named and isn't."""
    if into is not None:
        return into
    if OURS.match(address.database):
        return address.database
    raise UsageError(
        f"{address.database!r} is not named as a database that migsafe made, and would be replaced if it is there",
        where=str(address),
        hint=f"Say so by its name: --into {shlex.quote(address.database)}",
    )


def restore(snapshot: Snapshot, address: Address, how: How, progress: Progress) -> Restored:
    """Make the database at ``address`` (which may not exist) what the snapshot says, and prove it.

    Raises :class:`CannotCheck` when that can't be done (a damaged snapshot, sessions that are connected, roles that are
    missing, no permission to make a database): then nothing has changed.
    """
    started = time.monotonic()
    progress("checking the snapshot's files")
    require_whole(snapshot)
    with explained(address):
        _check(snapshot, address, how)
        way = _in_place if how.in_place else _beside
        differences, notes, old = way(snapshot, address, how, progress)
        if differences:
            notes = (*notes, *_of_another_version(snapshot, address))
    return Restored(differences, notes, time.monotonic() - started, old)


def _check(snapshot: Snapshot, address: Address, how: How) -> None:
    with maintenance(address) as connection:
        exists = read_properties(connection, address.database) is not None
        roles = {
            *snapshot.manifest.properties.roles,
            *(snapshot.manifest.roles if snapshot.manifest.privileges else ()),
        }
        if missing := missing_roles(connection, roles):
            raise CannotCheck(f"roles that the snapshot names don't exist here: {missing}", hint="Create them first.")
        if exists:
            _require_replaceable(connection, address)
            if not how.end_sessions:
                require_alone(connection, address)


def _of_another_version(snapshot: Snapshot, address: Address) -> tuple[str, ...]:
    """Why something may differ that is the same."""
    with maintenance(address) as connection:
        major, there = snapshot.manifest.major, connection.info.server_version // 10000
    if major == there:
        return ()
    return (
        f"the snapshot is of PostgreSQL {major}, and PostgreSQL {there} may print and keep some definitions otherwise",
    )


def _beside(snapshot: Snapshot, address: Address, how: How, progress: Progress) -> Outcome:
    """Make a second database, prove it, and give it the name.

    An advisory lock keeps the second database for as long as this runs; what a restore that was killed has left is
    dropped by the next one.
    """
    with maintenance(address) as keeper:
        _require_creator(keeper, address)
        run_id = new_run_id()
        claim(keeper, run_id)
        sweep_databases(keeper, _BESIDE)
        new = f"{databases.prefix(run_id)}restored"
        try:
            progress("restoring")
            create(keeper, new, snapshot, tablespace=_tablespace(snapshot))
            fill(address.on(new), keeper.info.server_version // 10000, snapshot, jobs=how.jobs)
            progress("proving what was restored")
            comparison = compare(address.on(new), snapshot)
            differences = comparison.difference.describe() or _give_properties(keeper, new, snapshot)
            old = None
            if not differences:
                progress("changing the names")
                old = exchange(keeper, address, new, aside(address.database, datetime.now(UTC)), force=how.end_sessions)
        finally:
            with suppress(psycopg.OperationalError):  # gone: the next restore sweeps
                databases.drop_with(keeper, new)
        if old and not how.keep_old:
            databases.drop_with(keeper, old)
            old = None
    return differences, comparison.notes, old


def _give_properties(connection: psycopg.Connection, name: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Give the database what belongs to it as a whole, read it again, and say what differs."""
    wanted = snapshot.manifest.properties
    give_properties(connection, name, wanted)
    given = read_properties(connection, name)
    return tuple(wanted.lines(given)) if given else ("the restored database is gone",)


def _in_place(snapshot: Snapshot, address: Address, how: How, progress: Progress) -> Outcome:
    with connect_to(address) as connection:
        major = connection.info.server_version // 10000
        if how.end_sessions:
            end_sessions(connection, address.database)
    progress("replacing the contents")
    replace_contents(snapshot, address, major)
    progress("proving what was restored")
    comparison = compare(address, snapshot)
    with maintenance(address) as connection:
        differences = (*comparison.difference.describe(), *_give_properties(connection, address.database, snapshot))
    return differences, comparison.notes, None


def _tablespace(snapshot: Snapshot) -> str | None:
    name = snapshot.manifest.properties.tablespace
    return None if name == "pg_default" else name


def maintenance(address: Address) -> psycopg.Connection:
    """A connection to another database of the same server, from which that at ``address`` can be renamed."""
    reasons = []
    for name in ("postgres", "template1", address.user):
        if name != address.database:
            try:
                return connect_to(address.on(name))
            except ServerUnavailable as error:
                reasons.append(error)
    raise reasons[0]


def _require_creator(connection: psycopg.Connection, address: Address) -> None:
    if not can_create_databases(connection):
        raise CannotCheck(
            f"user {address.user} may not create databases",
            where=str(address),
            hint="Restore with --in-place, or let an administrator give the role CREATEDB.",
        )


def _require_replaceable(connection: psycopg.Connection, address: Address) -> None:
    """What hangs on the old database from outside and would not come along to the new one."""
    rows = connection.execute(
        """
        SELECT 'replication slot ' || slot_name FROM pg_catalog.pg_replication_slots WHERE database = %(name)s
        UNION ALL
        SELECT 'prepared transaction ' || gid FROM pg_catalog.pg_prepared_xacts WHERE database = %(name)s
        UNION ALL
        SELECT 'subscription ' || subname FROM pg_catalog.pg_subscription
        WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = %(name)s)
        """,
        {"name": address.database},
    ).fetchall()
    if rows:
        raise CannotCheck(
            f"the database can't be replaced while it has {', '.join(name for (name,) in rows)}",
            where=str(address),
            hint="Drop or end what is named, and make it again afterwards.",
        )
