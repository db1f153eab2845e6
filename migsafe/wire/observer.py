"""The hook for crash points: see each answer of the server before the client does, and cut the connection there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from migsafe.findings import ServerError


@dataclass(frozen=True, slots=True)
class StatementEnded:
    """CommandComplete or ErrorResponse. What the statement did is not durable yet where a ReadyForQuery is to come.

    ``sql`` is the text as the client sent it: for a simple Query with several statements, all of it. ``state`` is the
    session's state before the statement (I, T or E, as ReadyForQuery said it last).
    """

    backend: int
    sql: str
    command_tag: str | None
    error: ServerError | None
    state: str


@dataclass(frozen=True, slots=True)
class Ready:
    """ReadyForQuery: with ``state`` I everything before it is durable or rolled back."""

    backend: int
    state: str


Event = StatementEnded | Ready


class Decision(Enum):
    """What becomes of the answer: forwarded, or both sides are closed at once, before or after it is forwarded.

    Cut before it, the client gets nothing of what was read together with it either, so that a commit whose
    CommandComplete and ReadyForQuery arrived in one piece stays unanswered.
    """

    FORWARD = "forward"
    CUT_BEFORE = "cut before"
    CUT_AFTER = "cut after"


Observer = Callable[[Event], Decision]
"""Called in the session's own thread, for several connections at the same time in several threads."""

TEXT_KEPT = 10_000
"""Characters of each statement that a recording keeps: a file of many statements would be kept once for each."""


class Recording:
    """An observer that forwards everything and keeps what it saw."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def __call__(self, event: Event) -> Decision:
        if isinstance(event, StatementEnded) and len(event.sql) > TEXT_KEPT:
            event = replace(event, sql=event.sql[:TEXT_KEPT])
        self._events.append(event)
        return Decision.FORWARD

    @property
    def events(self) -> tuple[Event, ...]:
        """What was seen so far, of all connections, in the order in which it came."""
        return tuple(self._events)
