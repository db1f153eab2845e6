"""Which ``lock_timeout`` is in force at a statement: as event triggers saw it, else by the SETs that went by."""

from __future__ import annotations

from migsafe.findings import Statement
from migsafe.tracing.grammar import timeout_set
from migsafe.tracing.notes import read_time


class Timeouts:
    """The ``lock_timeout`` of one session, from the one it began with."""

    def __init__(self, first: str) -> None:
        self._first = self._of_session = self._now = read_time(first)

    def at(self, statement: Statement) -> int | None:
        """Milliseconds while this statement ran; a SET counts from the next one on."""
        now = self._now
        if "lock_timeout" in statement.sql.lower() or statement.command_tag in ("RESET", "DISCARD ALL"):
            self._follow(statement)
        return now

    def seen(self, milliseconds: int | None) -> int | None:
        """What the session itself said, whoever set it."""
        self._now = milliseconds
        return milliseconds

    def end_transaction(self) -> None:
        """What was SET LOCAL is over."""
        self._now = self._of_session

    def _follow(self, statement: Statement) -> None:
        change = timeout_set(statement.sql)
        if change is None or statement.error:
            return
        self._now = self._first if change.value is None else read_time(change.value)
        if not change.is_local:
            self._of_session = self._now
