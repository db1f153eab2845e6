"""The throwaway server during one run: states are kept as databases, and every run goes through the tap."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from migsafe.errors import CannotCheck, ServerUnavailable
from migsafe.postgres import databases
from migsafe.postgres.tables import KeptRows, find_tables, keep_rows, put_back
from migsafe.state import State, printed_names, read_state
from migsafe.tracing.attach import attach
from migsafe.tracing.instruments import ALONE, NotTraced, ServerInstruments, instruments
from migsafe.tracing.places import locations_of
from migsafe.wire.tap import Tap

if TYPE_CHECKING:
    import psycopg

    from migsafe.findings import Statement
    from migsafe.history.model import History, Migration, Run
    from migsafe.postgres.server import Server
    from migsafe.postgres.shared_objects import SharedObjects
    from migsafe.wire.observer import Observer

DISK_FULL = "53100"

MAY_TAKE_THE_DATABASE_AWAY = {"DROP DATABASE", "ALTER DATABASE"}
"""Command tags (PostgreSQL manual, 55.7): ``ALTER DATABASE … RENAME`` has the second."""


NOT_ASKED = "the run was not traced"


@dataclass(frozen=True, slots=True)
class TracedRun:
    """One run of the migration tool and the statements that the tap saw of it.

    ``connected`` is false when the tool never came to the tap: whatever it says, it did nothing to the sandbox.
    ``prepared`` names the prepared transactions that it left behind, which were then rolled back. ``not_traced`` says
    why the locks of the statements are not known; empty where they are.
    """

    run: Run
    statements: tuple[Statement, ...]
    connected: bool = True
    prepared: tuple[str, ...] = ()
    not_traced: str = NOT_ASKED

    @property
    def succeeded(self) -> bool:
        return self.run.succeeded

    @property
    def failed_statement(self) -> Statement | None:
        """The last statement that the server refused; none when the run succeeded or the server refused nothing."""
        refused = [statement for statement in self.statements if statement.error]
        return refused[-1] if refused and not self.succeeded else None

    @property
    def error(self) -> str:
        """What the server said to the statement that it refused, else what the tool said; empty after success."""
        said = self.failed_statement.error_message if self.failed_statement else ""
        return said or (self.run.failure.message if self.run.failure else "")


@dataclass(frozen=True, slots=True)
class Reading:
    """The whole state of a database, and the printed names of the migration tool's tables in it."""

    state: State
    books: frozenset[str]

    @property
    def without_books(self) -> State:
        """The state without the tool's tables and what hangs on them."""
        return self.state.without(self.books)


class Sandbox:
    """Makes and drops databases of this run, runs the project's migration tool on them, and reads their state.

    A state that will be needed again is kept as a database of its own and cloned (``CREATE DATABASE … TEMPLATE``,
    PostgreSQL manual, 23.3); nobody connects to a kept database but to read it. ``statement_timeout`` (seconds, 0 for
    none) is set on each of them. ``empty`` is what an empty database is a copy of, where
    encoding and locale are not the server's own. Several threads may make databases, run the tool and read states at
    the same time, as long as nobody clones what another one reads.
    """

    def __init__(
        self, server: Server, history: History, *, statement_timeout: int = 0, empty: str | None = None
    ) -> None:
        self.server = server
        self.history = history
        self._statement_timeout = statement_timeout
        self._empty = empty
        self._numbers = itertools.count(1)

    def running(self, history: History) -> Sandbox:
        """This sandbox with another history to run."""
        other = copy(self)
        other.history = history
        return other

    def create(self, label: str, *, template: str | None = None) -> str:
        """Make a database, empty or as a clone of ``template``, and return its name."""
        name = databases.name_for(self.server, f"{next(self._numbers)}_{label}")
        bound = {"statement_timeout": f"{self._statement_timeout}s"}
        databases.create(self.server, name, template=template or self._empty, parameters=bound)
        return name

    def drop(self, *names: str | None) -> None:
        """Drop these databases, whoever is connected; none stands for one that was never made."""
        for name in names:
            if name is not None:
                databases.drop(self.server, name)

    @contextmanager
    def scratch(self, label: str, *, template: str | None = None) -> Iterator[str]:
        """A database for the length of a ``with`` block."""
        name = self.create(label, template=template)
        try:
            yield name
        finally:
            self.drop(name)

    @contextmanager
    def connect(self, database: str) -> Iterator[psycopg.Connection]:
        """An autocommit connection straight to the server, past the tap.

        Raises :class:`migsafe.errors.ServerUnavailable` when the server goes away under it.
        """
        import psycopg

        with databases.connect(self.server, database) as connection:
            try:
                yield connection
            except psycopg.OperationalError as error:
                if not connection.broken:
                    raise
                raise ServerUnavailable(
                    f"the throwaway server went away: {str(error).strip()}",
                    hint="Look at the server's log and at free memory and disk space, then run again.",
                ) from error

    def upgrade(self, database: str, target: Migration | None, observer: Observer | None = None) -> TracedRun:
        """Let the migration tool apply everything up to ``target`` (none: all there is).

        ``observer`` sees every answer first; when it cuts a connection, the tool is as good as dead.
        """
        return self._run(database, lambda tap: self.history.upgrade(tap.address, target), observer)

    def trace(
        self, database: str, target: Migration | None, rows: Mapping[str, int] = MappingProxyType({})
    ) -> TracedRun:
        """As :meth:`upgrade`, and see what each statement locks, rewrites and scans.

        ``rows`` are the counts of the tables by printed name. Nothing is told of the tool's own tables. The instruments
        are in the database only meanwhile.
        """
        try:
            with instruments(self.server, database, rows, self.history.version_tables) as put_in:
                traced = self._run(database, lambda tap: self.history.upgrade(tap.address, target), put_in=put_in)
        except NotTraced as reason:  # on entering: nothing was run yet
            return replace(self.upgrade(database, target), not_traced=reason.message)
        return replace(traced, not_traced=put_in.lost)

    def downgrade(self, database: str, target: Migration | None) -> TracedRun:
        """Let the migration tool take back ``target`` (none: what it applied last)."""
        return self._run(database, lambda tap: self.history.downgrade(tap.address, target))

    def _run(
        self,
        database: str,
        action: Callable[[Tap], Run],
        observer: Observer | None = None,
        put_in: ServerInstruments | None = None,
    ) -> TracedRun:
        upstream, parameters = self.server.address.on(database), ALONE if put_in else None
        with Tap(upstream, observer=observer, ends_with_cut=True, parameters=parameters, instruments=put_in) as tap:
            run = action(tap)
            seen, connected = tap.take(), tap.connections > 0
        found = attach(seen, put_in.before) if put_in else tuple(each.statement for each in seen)
        places = locations_of(seen, run.places)
        statements = tuple(
            replace(statement, location=place, started=(each.started - seen[0].started) * 1000)
            for statement, each, place in zip(found, seen, places, strict=True)
        )
        tags = {statement.command_tag for statement in statements}
        if tags & MAY_TAKE_THE_DATABASE_AWAY and not databases.exists(self.server, database):
            raise CannotCheck(
                "the migration tool dropped or renamed the database that it was given",
                where=database,
                hint="Check what it does with the contents alone: leave the command that (re)creates the database out.",
            )
        prepared = databases.roll_back_prepared(self.server, database) if "PREPARE TRANSACTION" in tags else ()
        traced = TracedRun(run, statements, connected, prepared)
        refused = traced.failed_statement
        if refused and refused.error and refused.error.sqlstate == DISK_FULL:
            raise ServerUnavailable(
                f"the throwaway server's disk is full: {refused.error.message}",
                where=str(self.server.address),
                hint="Free some space, or name a roomier place with 'directory' under [server].",
            )
        return traced

    def shared_objects(self) -> SharedObjects:
        """What belongs to the whole server: it is in no state, and all databases have it in common."""
        return databases.shared_objects(self.server)

    def end_sessions(self, database: str) -> None:
        """End every session in a database; what was open there is rolled back afterwards."""
        databases.terminate_sessions(self.server, database)

    def state(self, database: str) -> State:
        """Schema and contents of a database, without the migration tool's own books."""
        return self.read(database).without_books

    def read(self, database: str) -> Reading:
        """The state of a database, the migration tool's own books included."""
        with self.connect(database) as connection:
            books = find_tables(connection, self.history.version_tables)
            return Reading(read_state(connection), printed_names(connection, books))

    def books(self, database: str) -> KeptRows:
        """The rows of the migration tool's version tables, of those that are there."""
        with self.connect(database) as connection:
            return keep_rows(connection, find_tables(connection, self.history.version_tables))

    def put_books_back(self, database: str, kept: KeptRows) -> None:
        """Make the version tables hold what they held; drop those that were not there then."""
        with self.connect(database) as connection:
            put_back(connection, kept, find_tables(connection, self.history.version_tables))
