"""The data check on a target: the old rows come from the snapshot, restored into a throwaway server as far as needed.

The target is only read. Nothing is restored where the digests of all columns prove that they are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

import psycopg
from psycopg import sql

from migsafe.checks.data.sides import OldRowsMissing, Origin, read_origin
from migsafe.errors import MigsafeError
from migsafe.postgres import databases
from migsafe.rows.contents import Contents
from migsafe.rows.matching import Sides
from migsafe.snapshots.verify import restored_on, server_for
from migsafe.state import printed_names

if TYPE_CHECKING:
    from migsafe.history.model import History
    from migsafe.postgres.address import Address
    from migsafe.postgres.server import Server, ServerSettings
    from migsafe.progress import Progress
    from migsafe.snapshots.manifest import Snapshot


@dataclass(frozen=True, slots=True)
class Past:
    """What the target was made of before the first migration, and the tool's own tables, by printed name."""

    origin: Origin
    books: frozenset[str]


def read_past(connection: psycopg.Connection, snapshot: Snapshot, history: History) -> Past:
    """Read it from the target, which must still be as the snapshot has it."""
    books = printed_names(connection, history.version_tables)
    return Past(read_origin(connection, snapshot.state.contents.tables.keys() - books), books)


@dataclass(slots=True)
class RestoredElsewhere:
    """A throwaway server for a snapshot, started when it is first asked for, and gone on leaving."""

    snapshot: Snapshot
    settings: ServerSettings
    jobs: int
    progress: Progress
    _stack: ExitStack = field(default_factory=ExitStack)
    _server: Server | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def database(self, *, without: Collection[int] = ()) -> tuple[Server, str]:
        """The snapshot in a new database, but for the rows of these tables, by oid. Raises :class:`OldRowsMissing`."""
        try:
            if self._server is None:
                self._server = self._stack.enter_context(server_for(self.snapshot, self.settings, self.progress))
            name = restored_on(self._server, self.snapshot, jobs=self.jobs, progress=self.progress, without=without)
        except MigsafeError as error:
            raise OldRowsMissing(error.message, where=error.where, hint=error.hint) from error
        return self._server, name


class MigratedTarget:
    """A :class:`migsafe.checks.data.sides.Migrated`: the target over ``connection``, and the snapshot taken before.

    ``migrate`` applies to another database what was applied here, and says whether it succeeded.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        past: Past,
        after: Contents,
        restored: RestoredElsewhere,
        history: History,
        migrate: Callable[[Address], bool],
    ) -> None:
        self._connection = connection
        self._restored = restored
        self._migrate = migrate
        self.before = restored.snapshot.state.contents.without(past.books)
        self.after = after.without(past.books | printed_names(connection, history.version_tables))
        self.origin = past.origin

    @contextmanager
    def read(self) -> Iterator[psycopg.Connection]:
        yield self._connection

    @contextmanager
    def rows(self, tables: Collection[str]) -> Iterator[Sides]:
        others = [each.oid for each in self.origin.relations if each.name not in tables]
        server, name = self._restored.database(without=others)
        with databases.connect(server, name) as before, databases.connect(server, name) as scratch:
            try:
                self._require_rows(before, tables)
                yield Sides(before, self._connection, scratch)
            except psycopg.OperationalError as error:
                if not before.broken and not scratch.broken:
                    raise
                raise OldRowsMissing(f"the throwaway server went away: {str(error).strip()}") from error

    def _require_rows(self, connection: psycopg.Connection, tables: Collection[str]) -> None:
        """As many rows as there were must have come back: a verdict will stand on them."""
        for table in self.origin.relations:
            if table.name in tables and not table.partitioned:
                row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table.source)).fetchone()
                if row is None or row[0] != self.before.tables[table.name].rows:
                    raise OldRowsMissing(f"{table.name} did not come back whole from the snapshot")

    @contextmanager
    def elsewhere(self, zone: str) -> Iterator[psycopg.Connection | None]:
        server, name = self._restored.database()
        databases.set_parameter(server, name, "TimeZone", zone)
        self._restored.progress(f"applying in {zone}")
        if not self._migrate(server.address.on(name)):
            yield None
            return
        with databases.connect(server, name) as connection:
            yield connection
