"""Bring a snapshot's dump into an empty database, and compare what came of it with the state that was kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import errors

from migsafe.errors import CannotCheck
from migsafe.postgres.archive import restore_directory
from migsafe.postgres.databases import connect_to, without_timeouts
from migsafe.postgres.properties import create_empty
from migsafe.state import StateDifference, compare_states, read_state, without_refreshed

if TYPE_CHECKING:
    import psycopg

    from migsafe.postgres.address import Address
    from migsafe.snapshots.manifest import Snapshot

TEMPLATE = {("schema", "public"): "DROP SCHEMA public", ("extension", "plpgsql"): "DROP EXTENSION plpgsql"}
"""What an empty database has that a dump never says is not there."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a restored database has differently; ``refreshed`` are materialized views that were stale before."""

    difference: StateDifference
    refreshed: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be compared, and why."""
        return (
            *(f"{name}: not compared: {reason}" for name, reason in self.difference.not_checked.items()),
            *(f"{name}: a materialized view that was stale; the restore has refreshed it" for name in self.refreshed),
        )


def create(connection: psycopg.Connection, name: str, snapshot: Snapshot, *, tablespace: str | None = None) -> None:
    """Make an empty database with the snapshot's encoding and locale."""
    try:
        create_empty(connection, name, snapshot.manifest.properties, tablespace=tablespace)
    except (errors.WrongObjectType, errors.InvalidParameterValue, errors.UndefinedObject) as error:
        raise CannotCheck(
            f"a database like {snapshot.manifest.database!r} can't be made here: {error.diag.message_primary}",
            hint="Install the locale on the server's machine.",
        ) from error


def fill(address: Address, major: int, snapshot: Snapshot, *, jobs: int, without: Collection[int] = ()) -> None:
    """Restore into the empty database at ``address``, on a server of version ``major``.

    ``without`` as :func:`migsafe.postgres.archive.restore_directory` has it.
    """
    with connect_to(address) as connection:
        for key, statement in TEMPLATE.items():
            if key not in snapshot.state.schema:
                connection.execute(statement.encode())
    restore_directory(
        address,
        major,
        snapshot.dump,
        jobs=jobs,
        privileges=snapshot.manifest.privileges,
        without=without,
        inheritance=any(item.fields.get("inherits") for item in snapshot.state.schema.values()),
    )


def compare(address: Address, snapshot: Snapshot) -> Comparison:
    """Read the database at ``address`` and compare it with the snapshot's state.

    Owners and privileges are compared if the snapshot keeps them. A restore refreshes materialized views, so that one
    that was stale holds other rows afterwards: that is noted, not counted.
    """
    with connect_to(address) as connection:
        without_timeouts(connection)
        difference = compare_states(snapshot.state, read_state(connection))
    if not snapshot.manifest.privileges:
        difference = difference.without_privileges()
    difference, refreshed = without_refreshed(snapshot.state, difference)
    return Comparison(difference, refreshed)
