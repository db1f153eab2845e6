"""What ``migsafe apply`` is about to do, as a value that can be shown first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.errors import HistoryError, SettingsError
from migsafe.findings import Severity
from migsafe.postgres.databases import connect_to
from migsafe.postgres.roles import can_create_databases

if TYPE_CHECKING:
    from migsafe.history.model import History, Migration
    from migsafe.postgres.address import Address
    from migsafe.snapshots.manifest import Manifest, Snapshot

BYTES_PER_SECOND = 40_000_000
"""Of database size, restored and proven: what the slower of our measurements gave. A first guess, before a dump."""

RESTORES_PER_DUMP = 2
"""A restore takes about so many times as long as the dump (``bench/restore.py``)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``pending`` is none where only the tool knows; then everything it finds is one step. ``size`` is in bytes.

    ``in_place`` says that the user may not make a second database to restore into.
    """

    target: str
    pending: tuple[Migration, ...] | None
    size: int
    in_place: bool
    seconds: float

    def lines(self, *, read_only: bool = False) -> Iterator[str]:
        """What will be done, in order."""
        yield f"target: {self.target}"
        if self.pending is None:
            yield "pending: whatever the migration tool finds"
        else:
            yield f"pending: {len(self.pending)}"
            yield from (f"  {migration.version} {migration.description}".rstrip() for migration in self.pending)
        if read_only:
            yield "0. let new sessions of others only read until the end"
        yield "1. take a snapshot, which only reads, and verify it"
        yield "2. run the migrations through migsafe's proxy, with lock_timeout and statement_timeout set"
        yield "3. read the state again, and lay what has changed beside the snapshot, in a throwaway server:"
        yield "   a migration that fails, or that loses, nulls, cuts or shifts values, is taken back"
        where = "in place, in one transaction" if self.in_place else "into a second database, which then takes the name"
        yield f"a restore goes {where}; it would take about {in_words(self.seconds)}"


def make_plan(history: History, address: Address, earlier: Sequence[Snapshot]) -> Plan:
    """Look at the target, which is only read. ``earlier`` snapshots tell how long a restore takes, if there are any.

    Raises :class:`SettingsError` for a history of single files that keeps no books: nobody knows what is pending; and
    :class:`HistoryError` for one that its tool refuses to run.
    """
    wrong = next((each for each in history.problems() if each.severity is Severity.ERROR), None)
    if wrong:
        raise HistoryError(wrong.message, where=str(wrong.location), hint=wrong.remedy)
    if history.stepwise and not history.version_tables:
        raise SettingsError(
            f"a {history.kind} history keeps no books, so that nobody knows what is pending on the target",
            hint="Apply it with a tool that keeps them, and take a snapshot before: migsafe snapshot take.",
        )
    with connect_to(address) as connection:
        row = connection.execute("SELECT pg_catalog.pg_database_size(pg_catalog.current_database())").fetchone()
        size = int(row[0]) if row else 0
        applied = history.applied(connection) if history.version_tables else frozenset()
        in_place = not can_create_databases(connection)
    pending = tuple(each for each in history.migrations if each.version not in applied)
    return Plan(str(address), pending if history.stepwise else None, size, in_place, _guess(size, address, earlier))


def restore_seconds(manifest: Manifest) -> float:
    """How long a restore of this snapshot takes, and its proof, told from how long dumping and reading took."""
    return RESTORES_PER_DUMP * manifest.dump_seconds + manifest.state_seconds + 1


def _guess(size: int, address: Address, earlier: Sequence[Snapshot]) -> float:
    same = [each.manifest for each in earlier if each.manifest.database == address.database]
    if same and same[-1].database_size:
        return restore_seconds(same[-1]) * max(1.0, size / same[-1].database_size)
    return 1 + size / BYTES_PER_SECOND


def in_words(seconds: float) -> str:
    """``12 s``, ``3 min``, ``1.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
