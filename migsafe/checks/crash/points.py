"""Where a run of the migration tool can be cut off so that it matters, found in a recording of the run. Never connects.

A point is known again in another run by its landmark: the n-th ReadyForQuery in that state after statements with those
command tags. Neither texts (which may hold the time of day) nor process ids come into it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from migsafe.checks.transactions import changes_something, makes_table
from migsafe.findings import Statement
from migsafe.plain import shortened
from migsafe.wire.observer import Event, StatementEnded

LONG_MILLISECONDS = 1000.0
"""A statement that writes rows and runs longer than this by itself is cut inside as well."""

_WRITES_ROWS = ("UPDATE", "DELETE", "INSERT", "MERGE", "COPY", "REFRESH MATERIALIZED VIEW")
"""Command tags (PostgreSQL manual, 55.7); what makes a table out of a query besides."""

TEXT_SHOWN = 80


class Cut(StrEnum):
    """How a run is cut off at a point."""

    AFTER_ANSWER = "after the answer"
    BEFORE_ANSWER = "before the answer"
    IN_TRANSACTION = "inside a transaction"
    WHILE_RUNNING = "while it runs"


@dataclass(frozen=True, slots=True)
class Landmark:
    """An answer that is known again in another run of the same migration: the ``count``-th of its kind."""

    state: str
    tags: tuple[str, ...]
    count: int


class Landmarks:
    """Finds the landmarks in a stream of events."""

    def __init__(self) -> None:
        self._tags: dict[int, tuple[str, ...]] = {}
        self._counts: Counter[tuple[str, tuple[str, ...]]] = Counter()

    def passed(self, event: Event) -> Landmark | None:
        """The landmark that this event is; none if it is only on the way to one. Events must come in order."""
        tags = self._tags.pop(event.backend, ())
        if isinstance(event, StatementEnded):
            self._tags[event.backend] = (*tags, _tag(event))
            return None
        self._counts[event.state, tags] += 1
        return Landmark(event.state, tags, self._counts[event.state, tags])


def _tag(event: StatementEnded) -> str:
    """The command tag without its counts of rows, or the SQLSTATE."""
    if event.error:
        return event.error.sqlstate
    return (event.command_tag or "").rstrip("0123456789 ")


@dataclass(frozen=True, slots=True)
class Point:
    """One crash point. ``statement`` is the last one that changed something before it, or the one that is cut inside.

    With ``Cut.WHILE_RUNNING`` the landmark is the answer before that statement.
    """

    cut: Cut
    at: Landmark
    statement: Statement

    def __str__(self) -> str:
        return _WORDS[self.cut].format(shortened(self.statement.sql, TEXT_SHOWN))


_WORDS = {
    Cut.AFTER_ANSWER: "right after: {}",
    Cut.BEFORE_ANSWER: "at a COMMIT that the tool got no answer to, the last change before it: {}",
    Cut.IN_TRANSACTION: "inside a transaction, right after: {}",
    Cut.WHILE_RUNNING: "in the middle of: {}",
}


@dataclass(slots=True)
class _Connection:
    """What is known of one connection between two of its answers."""

    statements: Iterator[Statement]
    batch: list[tuple[StatementEnded, Statement]] = field(default_factory=list)
    changes: list[Statement] = field(default_factory=list)
    inside: tuple[Landmark, Statement] | None = None
    previous: Landmark | None = None


def crash_points(events: Sequence[Event], statements: Sequence[Statement]) -> tuple[Point, ...]:
    """The points of a run, in order: one for each thing that it made durable, one inside each open transaction, and one
    inside each statement that commits in its middle (``CONCURRENTLY``, ``CALL``) or writes rows for long.

    ``statements`` are those of the same run. A file that is sent as one Query is answered once, and has one point.
    """
    return tuple(_points(events, statements))


def _points(events: Sequence[Event], statements: Sequence[Statement]) -> Iterator[Point]:
    landmarks = Landmarks()
    connections = {
        backend: _Connection(iter([each for each in statements if each.backend == backend]))
        for backend in {event.backend for event in events}
    }
    for event in events:
        connection, landmark = connections[event.backend], landmarks.passed(event)
        if isinstance(event, StatementEnded):
            connection.batch.append((event, _statement(event, connection.statements)))
        elif landmark is not None:
            yield from _at(connection, landmark)


def _at(connection: _Connection, landmark: Landmark) -> Iterator[Point]:
    """The points that an answer ends, and what is known after it."""
    batch, connection.batch = connection.batch, []
    previous, connection.previous = connection.previous, landmark
    connection.changes += [statement for event, statement in batch if changes_something(statement)]
    if len(batch) == 1 and batch[0][0].state == "I" and previous and commits_inside(batch[0][1]):
        yield Point(Cut.WHILE_RUNNING, previous, batch[0][1])
    if landmark.state != "I":
        if connection.changes:
            connection.inside = landmark, connection.changes[-1]
        return
    failed = any(event.error for event, _ in batch)
    if connection.changes and not failed and landmark.tags[-1:] != ("ROLLBACK",):
        if connection.inside:
            yield Point(Cut.IN_TRANSACTION, *connection.inside)
        answer = Cut.BEFORE_ANSWER if landmark.tags[-1:] == ("COMMIT",) else Cut.AFTER_ANSWER
        yield Point(answer, landmark, connection.changes[-1])
    connection.changes, connection.inside = [], None


def _statement(event: StatementEnded, statements: Iterator[Statement]) -> Statement:
    """The statement that an event is about: the next one of the connection that was answered so."""
    for statement in statements:
        if (statement.command_tag, statement.error_message) == (
            event.command_tag,
            event.error.message if event.error else "",
        ):
            return statement
    return Statement(event.sql, 0.0, event.command_tag, error=event.error, backend=event.backend)


def commits_inside(statement: Statement) -> bool:
    """Whether a statement that ran by itself may leave something behind when it is ended in its middle, or takes long.

    A ``DROP INDEX CONCURRENTLY`` is left out: what it leaves is an index that is dropped by the same statement again.
    """
    tag = (statement.command_tag or "").rstrip("0123456789 ")
    if statement.error:
        return False
    if tag in ("CREATE INDEX", "REINDEX", "ALTER TABLE"):
        return "concurrently" in statement.sql.lower()
    if tag in ("CALL", "DO"):
        return tag == "CALL" or "commit" in statement.sql.lower()
    return is_long(statement)


def is_long(statement: Statement) -> bool:
    """Whether it wrote rows for so long that a process may well die meanwhile."""
    tag = (statement.command_tag or "").rstrip("0123456789 ")
    writes = tag in _WRITES_ROWS or makes_table(statement)
    return writes and statement.milliseconds >= LONG_MILLISECONDS
