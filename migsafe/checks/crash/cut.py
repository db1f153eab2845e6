"""The observer that ends a run of the migration tool at a crash point, as the death of its process would."""

from __future__ import annotations

from threading import Event as Signal
from threading import Lock, Thread
from typing import TYPE_CHECKING

from psycopg import sql

from migsafe.checks.crash.points import Cut, Landmarks, is_long
from migsafe.postgres import databases
from migsafe.wire.observer import Decision, StatementEnded

if TYPE_CHECKING:
    import psycopg

    from migsafe.checks.crash.points import Point
    from migsafe.sandbox import Sandbox
    from migsafe.wire.observer import Event

POLL_SECONDS = 0.01
PATIENCE_SECONDS = 5.0
"""How long a statement may run without ever waiting for us, until it is ended wherever it is: at most, and no longer
than half of the time that it took in the recorded run, where that was long."""

ROWS_LOCKED = 10_000


class Cutter:
    """Cuts at one point; ``happened`` says whether it came to that. Close it when the run has ended."""

    def __init__(self, point: Point, sandbox: Sandbox, database: str, tables: dict[str, int]) -> None:
        """``tables`` are those that the migration changes rows of, by printed name, with their rows before it."""
        self.happened = False
        self._point = point
        patience = min(PATIENCE_SECONDS, point.statement.milliseconds / 2000) if is_long(point.statement) else None
        self._interruption = Interruption(sandbox, database, tables if _of_rows(point) else {}, patience)
        self._landmarks = Landmarks()
        self._lock = Lock()

    def __call__(self, event: Event) -> Decision:
        with self._lock:
            if self.happened:
                return Decision.CUT_BEFORE
            landmark = self._landmarks.passed(event)
            if self._point.cut is Cut.WHILE_RUNNING:
                return self._while_running(event, reached=landmark == self._point.at)
            if landmark != self._point.at:
                return Decision.FORWARD
            self.happened = True
            return Decision.CUT_BEFORE if self._point.cut is Cut.BEFORE_ANSWER else Decision.CUT_AFTER

    def _while_running(self, event: Event, *, reached: bool) -> Decision:
        if reached:
            self._interruption.begin(event.backend)
        elif isinstance(event, StatementEnded) and self._interruption.backend == event.backend:
            self.happened = self._interruption.end()
            return Decision.CUT_BEFORE if self.happened else Decision.FORWARD
        return Decision.FORWARD

    def close(self) -> None:
        """Give back what was held. Raises what went wrong while a statement was waited for."""
        self.happened |= self._interruption.end()


def _of_rows(point: Point) -> bool:
    return point.statement.command not in ("CREATE", "REINDEX", "REFRESH", "ALTER")


class Interruption:
    """A transaction of our own that the next statement of a session must wait for; while it waits, it is ended.

    ``CREATE INDEX CONCURRENTLY`` and ``REINDEX CONCURRENTLY`` wait for every older snapshot before they call an index
    valid, ``DETACH PARTITION CONCURRENTLY`` for every lock on the partitioned table (PostgreSQL manual, CREATE INDEX,
    REINDEX, ALTER TABLE). What changes rows waits for the later half of the rows of each table that it changes, so that
    batches of it have been committed by then; what doesn't wait is ended after ``patience`` seconds (none: five, where
    it changes rows).
    """

    def __init__(self, sandbox: Sandbox, database: str, tables: dict[str, int], patience: float | None = None) -> None:
        self._patience = patience or (PATIENCE_SECONDS if tables else float("inf"))
        self.backend = 0
        self._sandbox = sandbox
        self._database = database
        self._tables = tables
        self._ended = False
        self._stop = Signal()
        self._thread: Thread | None = None
        self._failure: BaseException | None = None

    def begin(self, backend: int) -> None:
        """Hold what the next statement of this server process needs. Returns when it is held."""
        connection = databases.connect(self._sandbox.server, self._database)
        try:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            for statement in self._holds(connection):
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        self.backend = backend
        self._thread = Thread(target=self._watch, args=(connection,), name="migsafe crash", daemon=True)
        self._thread.start()

    def end(self) -> bool:
        """Let go; returns whether the session was ended."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self._ended

    def _holds(self, connection: psycopg.Connection) -> list[sql.Composed]:
        """The first statement takes the snapshot, whatever else there is to hold."""
        partitioned = connection.execute(
            "SELECT oid::regclass::text FROM pg_catalog.pg_class WHERE relkind = 'p' AND relpersistence <> 't'"
        ).fetchall()
        there = {name for name in self._tables if _exists(connection, name)}
        if there:
            return [
                sql.SQL("SELECT FROM {} ORDER BY ctid DESC LIMIT {} FOR UPDATE").format(
                    sql.SQL(name), sql.Literal(min(max(self._tables[name] // 2, 1), ROWS_LOCKED))
                )
                for name in sorted(there)
            ]
        return [sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(sql.SQL(name)) for (name,) in sorted(partitioned)]

    def _watch(self, connection: psycopg.Connection) -> None:
        try:
            with connection:
                waited = 0.0
                while not self._stop.wait(POLL_SECONDS):
                    waited += POLL_SECONDS
                    if _waits_for_us(connection, self.backend) or waited > self._patience:
                        self._ended = True
                        connection.execute("SELECT pg_catalog.pg_terminate_backend(%s)", (self.backend,))
                        return
        except BaseException as failure:  # noqa: BLE001  # raised where the run is waited for
            self._failure = failure


def _exists(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", (name,)).fetchone()
    return bool(row and row[0])


def _waits_for_us(connection: psycopg.Connection, backend: int) -> bool:
    query = "SELECT pg_catalog.pg_backend_pid() = ANY(pg_catalog.pg_blocking_pids(%s))"
    row = connection.execute(query, (backend,)).fetchone()
    return bool(row and row[0])
