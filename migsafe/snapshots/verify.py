"""Whether a snapshot is what it was when it was taken, and whether it brings back the state that it says."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from psycopg import sql

from migsafe.errors import CannotCheck
from migsafe.plain import many
from migsafe.postgres import databases
from migsafe.snapshots.fill import Comparison, compare, create, fill
from migsafe.snapshots.take import checksum, files_in

if TYPE_CHECKING:
    import psycopg

    from migsafe.postgres.server import Server, ServerSettings
    from migsafe.progress import Progress
    from migsafe.snapshots.manifest import Snapshot


def damage(snapshot: Snapshot) -> tuple[str, ...]:
    """What is wrong with the files: missing, of another size, changed, or not in the manifest. Reads each once."""
    known = snapshot.manifest.files
    lines = []
    for name, expected in known.items():
        path = snapshot.path / name
        if not path.is_file():
            lines.append(f"{name}: missing")
        elif path.stat().st_size != expected.size:
            lines.append(f"{name}: {many(path.stat().st_size, 'byte')} instead of {expected.size:,}")
        elif checksum(path) != expected:
            lines.append(f"{name}: its content has changed (SHA-256)")
    present = (str(path.relative_to(snapshot.path)) for path in files_in(snapshot.path))
    return (*lines, *(f"{name}: not in the manifest" for name in present if name not in known))


def require_whole(snapshot: Snapshot) -> None:
    """Raise :class:`CannotCheck` with all that is wrong with the files."""
    lines = damage(snapshot)
    if lines:
        raise CannotCheck(
            "the snapshot is damaged:\n  " + "\n  ".join(lines), where=str(snapshot.path), hint="Take another one."
        )


def verify_deep(snapshot: Snapshot, settings: ServerSettings, *, jobs: int, progress: Progress) -> Comparison:
    """Restore into a throwaway server of the same major version and compare with the state that was kept.

    Raises as :func:`server_for` and :func:`restored_on`.
    """
    with server_for(snapshot, settings, progress) as server:
        database = restored_on(server, snapshot, jobs=jobs, progress=progress)
        progress("reading the state")
        return compare(server.address.on(database), snapshot)


@contextmanager
def server_for(snapshot: Snapshot, settings: ServerSettings, progress: Progress) -> Iterator[Server]:
    """A throwaway server of the snapshot's major version. Raises :class:`migsafe.errors.ServerUnavailable`."""
    from migsafe.postgres.servers.kinds import start

    progress("starting PostgreSQL")
    with start(replace(settings, version=settings.version or snapshot.manifest.major)) as server:
        yield server


def restored_on(
    server: Server, snapshot: Snapshot, *, jobs: int, progress: Progress, without: Collection[int] = ()
) -> str:
    """Restore into a new database of a throwaway server and return its name; the roles that are named are made.

    ``without`` leaves the rows of the tables with these oids behind, and then also every index, key and trigger. Raises
    :class:`CannotCheck` when the dump can't be restored there: an extension or a locale is missing, say.
    """
    database = databases.name_for(server, f"restored_{secrets.token_hex(4)}")
    progress("restoring")
    with databases.connect_to(server.address) as connection:
        _create_roles(connection, snapshot)
        create(connection, database, snapshot)
    fill(server.address.on(database), server.major, snapshot, jobs=jobs, without=without)
    return database


def _create_roles(connection: psycopg.Connection, snapshot: Snapshot) -> None:
    """The roles that the dump names; those who own something must be able to make it, whatever it is."""
    there = {role for (role,) in connection.execute("SELECT rolname::text FROM pg_catalog.pg_roles")}
    for role in snapshot.manifest.roles:
        if role not in there:
            connection.execute(sql.SQL("CREATE ROLE {} SUPERUSER").format(sql.Identifier(role)))
