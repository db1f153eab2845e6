"""What a traced run brings along: notices that are for migsafe alone, a look at the server between statements, and
questions that are asked on the client's own connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from migsafe.wire.messages import HEADER, Backend, text


@dataclass(frozen=True, slots=True)
class Notice:
    """The text of a notice, without the mark, and the (monotonic) time at which it came."""

    arrived: float
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the write-ahead log stands, and the locks that the session holds on relations: oid, mode.

    ``locks`` is none where they were not looked at.
    """

    position: int
    locks: frozenset[tuple[int, str]] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to a question on a client's connection, and the (monotonic) times of both.

    ``text`` is none where nothing was asked or answered; ``reason`` says why.
    """

    asked: float
    arrived: float
    text: str | None
    reason: str = ""


class Instruments(Protocol):
    """Read the server while a statement is done and its transaction still open; called in the session's own thread."""

    mark: bytes
    """What the text of a notice begins with that is for migsafe."""

    def read(self, backend: int, state: str, sql: str, command_tag: str | None) -> Reading | None:
        """Called before the ReadyForQuery with ``state`` is forwarded; ``sql`` is the last that the client sent."""

    def question(self, backend: int, state: str, sql: str, command_tags: Sequence[str | None]) -> str | Answer:
        """What to ask the session itself then: a query for one value; else an answer that says why nothing is asked.

        ``command_tags`` are those of all statements that this ReadyForQuery ends.
        """


class Sieve:
    """Takes notices that begin with a mark out of what the server sends; everything else passes as it came.

    Held back is a message whose header, or (of a notice) whose end has not come yet: nothing else.
    """

    def __init__(self, mark: bytes) -> None:
        self._mark = b"\0M" + mark
        self._held = b""
        self._to_pass = 0  # of the message that is passing

    @property
    def is_between(self) -> bool:
        """Whether nothing is held back, and no message has passed in part."""
        return not self._held and not self._to_pass

    def feed(self, chunk: memoryview) -> Iterator[memoryview | str]:
        """What to forward, and between it the texts of the notices, in the order in which the server sent them."""
        if self._held:
            chunk, self._held = memoryview(self._held + chunk), b""
        passed = position = 0
        while position < len(chunk):
            if self._to_pass:
                step = min(self._to_pass, len(chunk) - position)
                self._to_pass -= step
                position += step
                continue
            if position + HEADER.size > len(chunk):
                break
            kind, length = HEADER.unpack_from(chunk, position)
            after = position + 1 + length
            if kind != Backend.NOTICE:
                self._to_pass = 1 + length
                continue
            if after > len(chunk):
                break
            told = self._told(bytes(chunk[position + HEADER.size : after]))
            if told is not None:
                if position > passed:
                    yield chunk[passed:position]
                yield told
                passed = after
            position = after
        self._held = bytes(chunk[position:])
        if position > passed:
            yield chunk[passed:position]

    def _told(self, body: bytes) -> str | None:
        """What a notice says after the mark; none for one that is not ours."""
        _, ours, rest = body.partition(self._mark)
        return text(rest.partition(b"\0")[0]) if ours else None
