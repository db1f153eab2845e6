"""What one connection asked for and what became of it: requests are matched with the server's replies, in order.

The protocol answers every request in the order it was sent (PostgreSQL manual, 55.2), so a queue is enough. Prepared
statements and portals come to life when the server says so, not when the client asks.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from migsafe.findings import ServerError
from migsafe.wire.instruments import Answer, Instruments, Notice, Reading
from migsafe.wire.messages import Backend, Frontend, read_error, read_strings, text


@dataclass(slots=True)
class Request:
    """A message of the client's that the server answers.

    ``results`` counts what a simple Query gave so far; ``complete`` says that it ran to its end without an error.
    """

    kind: int
    body: bytes
    sent: float
    results: int = 0
    complete: bool = False

    @property
    def is_query(self) -> bool:
        return self.kind == Frontend.QUERY


@dataclass(slots=True)
class Record:
    """A statement as it was seen: the ``index``-th of its request. ``started`` and ``ended`` are monotonic.

    ``notices`` are those that the instruments sent while it ran.
    """

    request: Request
    sql: bytes
    index: int
    started: float
    ended: float = 0.0
    milliseconds: float = 0.0
    notices: list[Notice] = field(default_factory=list)
    command_tag: str | None = None
    rows: int | None = None
    error: ServerError | None = None

    @property
    def answered(self) -> bool:
        return self.command_tag is not None or self.error is not None


@dataclass(slots=True)
class Batch:
    """The statements between two ReadyForQuery. ``state`` is none when the connection ended first.

    ``reading`` is what the instruments read when they were done, before the client knew it, and ``answer`` what the
    session itself was asked then.
    """

    records: list[Record] = field(default_factory=list)
    state: str | None = None
    reading: Reading | None = None
    answer: Answer | None = None


Ask = Callable[[str, str], Answer]
"""Asks a query on the client's own connection, whose state (I or T) is given, while its ReadyForQuery is held back."""


@dataclass(slots=True)
class Portal:
    """A bound statement, and its record once it was executed in part."""

    sql: bytes
    record: Record | None = None


_ENDS_WITH_READY = (Frontend.SYNC, Frontend.QUERY, Frontend.FUNCTION_CALL)
_REPLIES = {
    Backend.PARSE_COMPLETE: Frontend.PARSE,
    Backend.BIND_COMPLETE: Frontend.BIND,
    Backend.CLOSE_COMPLETE: Frontend.CLOSE,
    Backend.ROW_DESCRIPTION: Frontend.DESCRIBE,
    Backend.NO_DATA: Frontend.DESCRIBE,
    Backend.EMPTY_QUERY: Frontend.EXECUTE,
}


class Trace:
    """The trace of one connection. The client's messages come in one thread, the server's in another."""

    def __init__(self, instruments: Instruments | None = None, ask: Ask | None = None) -> None:
        self.backend = 0
        self.state = "I"
        self._instruments = instruments
        self._ask = ask
        self._notices: list[Notice] = []
        self.batches: deque[Batch] = deque()
        self._requests: deque[Request] = deque()
        self._batch = Batch()
        self._statements: dict[bytes, bytes] = {}
        self._portals: dict[bytes, Portal] = {}
        self._last_end = 0.0
        self._failed = False

    @property
    def idle(self) -> bool:
        """Whether every request was answered."""
        return not self._requests

    @property
    def will_be_idle(self) -> bool:
        """Whether the next ReadyForQuery answers everything that was sent. Nothing may be sent meanwhile."""
        ends = self._ends()
        return next((n for n, each in enumerate(self._requests, 1) if each.kind in ends), 0) == len(self._requests)

    def sent(self, kind: int, body: bytes) -> None:
        """A message of the client's, before it is forwarded."""
        if kind in (Frontend.COPY_DONE, Frontend.COPY_FAIL):
            # A Sync sent after the Execute of a COPY FROM STDIN is swallowed by the copy (55.2.6): no answer will come.
            while self._requests and self._requests[-1].kind == Frontend.SYNC:
                self._requests.pop()
        else:
            self._requests.append(Request(kind, body, time.monotonic()))

    def noticed(self, notice: str) -> None:
        """A notice of the instruments: it belongs to the statement that ends next."""
        self._notices.append(Notice(time.monotonic(), notice))

    def received(self, kind: int, body: bytes) -> Record | Batch | None:
        """A message of the server's, before it is forwarded. Gives the statement, or the batch, that it ends."""
        if kind == Backend.COMMAND_COMPLETE:
            return self._complete(body)
        if kind == Backend.READY_FOR_QUERY:
            return self._ready(body)
        if kind == Backend.ERROR:
            return self._fail(body)
        if kind == Backend.PORTAL_SUSPENDED:
            self._suspend()
        elif kind == Backend.BACKEND_KEY_DATA:
            self.backend = int.from_bytes(body[:4])
        else:
            self._acknowledge(_REPLIES[kind])
        return None

    def close(self) -> None:
        """The connection ended: a statement that was running then is kept without an answer."""
        if self._requests and self._requests[0].kind in (Frontend.QUERY, Frontend.EXECUTE) and not self._failed:
            self._record(self._requests[0])
        self._requests.clear()
        if self._batch.records:
            self.batches.append(self._batch)
            self._batch = Batch()

    def take(self) -> list[Batch]:
        """The batches since the last call. May be called in any thread."""
        return [self.batches.popleft() for _ in range(len(self.batches))]

    def _acknowledge(self, kind: int) -> None:
        """A reply of its own to the first request, if that is of this kind (a Query has such replies inside it)."""
        if not self._requests or self._requests[0].kind != kind:
            return
        body = self._requests.popleft().body
        if kind == Frontend.PARSE:
            name, sql = read_strings(body, 2)
            self._statements[name] = sql
        elif kind == Frontend.BIND:
            portal, name = read_strings(body, 2)
            self._portals[portal] = Portal(self._statements.get(name, b""))
        elif kind == Frontend.CLOSE:
            known: dict[bytes, bytes] | dict[bytes, Portal] = self._statements if body[:1] == b"S" else self._portals
            known.pop(read_strings(body[1:], 1)[0], None)

    def _sql(self, request: Request) -> bytes:
        """The text of the statement that a request is about."""
        if request.kind == Frontend.QUERY:
            return read_strings(request.body, 1)[0]
        if request.kind == Frontend.PARSE:
            return read_strings(request.body, 2)[1]
        if request.kind == Frontend.BIND:
            return self._statements.get(read_strings(request.body, 2)[1], b"")
        if request.kind == Frontend.EXECUTE:
            return self._portal(request).sql
        if request.kind == Frontend.DESCRIBE:
            name = read_strings(request.body[1:], 1)[0]
            portal = self._portals.get(name, Portal(b""))
            return self._statements.get(name, b"") if request.body[:1] == b"S" else portal.sql
        return b""

    def _portal(self, request: Request) -> Portal:
        return self._portals.get(read_strings(request.body, 1)[0], Portal(b""))

    def _record(self, request: Request) -> Record:
        """The record of the statement that ends now, new or (for a portal that was suspended) taken up again."""
        now = time.monotonic()
        started = max(request.sent, self._last_end)
        portal = self._portal(request) if request.kind == Frontend.EXECUTE else None
        if portal is not None and portal.record is not None:
            record = portal.record
        else:
            record = Record(request, self._sql(request), request.results, started)
            self._batch.records.append(record)
            request.results += 1
        if portal is not None:
            portal.record = record
        record.milliseconds += (now - started) * 1000
        record.notices += self._notices
        self._notices = []
        record.ended = self._last_end = now
        return record

    def _complete(self, body: bytes) -> Record | None:
        """CommandComplete, of the whole request or of one statement of a Query."""
        if not self._requests or self._requests[0].kind not in (Frontend.QUERY, Frontend.EXECUTE):
            return None
        request = self._requests[0]
        record = self._record(request)
        record.command_tag = text(body[:-1])
        count = record.command_tag.rpartition(" ")[2]
        if count.isdigit():
            record.rows = (record.rows or 0) + int(count)
        if request.kind == Frontend.EXECUTE:
            self._requests.popleft()
        return record

    def _suspend(self) -> None:
        """PortalSuspended: exactly as many rows came as the Execute asked for."""
        request = self._requests.popleft()
        record = self._record(request)
        record.rows = (record.rows or 0) + int.from_bytes(request.body[-4:])

    def _fail(self, body: bytes) -> Record | None:
        """ErrorResponse to the first request; none for one that has nothing to do with a statement."""
        if not self._requests or self._requests[0].kind in (Frontend.SYNC, Frontend.FUNCTION_CALL) or self._failed:
            return None
        self._failed = True
        record = self._record(self._requests[0])
        record.error = read_error(body)
        return record

    def _ready(self, body: bytes) -> Batch:
        """Everything up to the request that ReadyForQuery answers is done; after an error the server skips to Sync."""
        if self._instruments is not None and self._batch.records:
            self._look(self._instruments, text(body))  # while the request counts as unanswered: nobody takes the batch
        ends = self._ends()
        while self._requests:
            request = self._requests.popleft()
            if request.kind in ends:
                request.complete = not self._failed
                break
        batch, self._batch, self._failed = self._batch, Batch(), False
        batch.state = self.state = text(body)
        if batch.state == "I":
            self._portals.clear()
        if batch.records:
            self.batches.append(batch)
        return batch

    def _ends(self) -> tuple[int, ...]:
        """The kinds of the request that the next ReadyForQuery answers."""
        extended = bool(self._requests) and self._requests[0].kind not in (Frontend.QUERY, Frontend.FUNCTION_CALL)
        return (Frontend.SYNC,) if self._failed and extended else _ENDS_WITH_READY

    def _look(self, instruments: Instruments, state: str) -> None:
        """What the instruments make of the batch that is done."""
        last = self._batch.records[-1]
        sql = text(last.sql)
        self._batch.reading = instruments.read(self.backend, state, sql, last.command_tag)
        if self._ask is None:
            return
        question = instruments.question(self.backend, state, sql, [each.command_tag for each in self._batch.records])
        self._batch.answer = self._ask(question, state) if isinstance(question, str) else question
