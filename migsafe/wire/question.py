"""A question of migsafe's own on a client's connection, between two requests of the client, which sees nothing of it.

It is asked with the extended protocol, under a name of its own (PostgreSQL manual, 55.2.3): a simple Query would
destroy the client's unnamed statement and portal. In a transaction it stands between a savepoint and its release, so
that the client's transaction goes on whatever becomes of it (a statement timeout, a cancel request that came late).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from migsafe.errors import CannotCheck
from migsafe.findings import ServerError
from migsafe.wire.messages import HEADER, Backend, read_error, text, write
from migsafe.wire.upstream import Stream

NAME = b"migsafe_question"

_DATA_ROW = ord("D")
_NO_ANSWERS = (Backend.NOTICE, ord("S"), ord("A"))
"""NoticeResponse, ParameterStatus, NotificationResponse: they may come at any time (manual, 55.2.7)."""

SERVER_LEFT = "the server left"


class TransactionSpoiled(CannotCheck):
    """A question has broken the client's transaction: nothing that the run showed from there on is true."""


class Question:
    """Questions to the server of a client that waits for a ReadyForQuery which the tap holds back.

    ``in_transaction`` is what that says. ``came_along`` is what the server sent besides, for the client.
    """

    def __init__(self, server: Stream, *, in_transaction: bool) -> None:
        self.came_along = b""
        self._server = server
        self._in_transaction = in_transaction

    def ask(self, sql: str) -> tuple[str | None, str]:
        """The value that the query gives; where there is none, why.

        Raises :class:`TransactionSpoiled`.
        """
        name = NAME.decode()
        around = (f"SAVEPOINT {name}", f"RELEASE {name}") if self._in_transaction else ()
        said = after = self._converse(*around[:1], sql, *around[1:])
        if said.error is not None and said.state is not None:
            back = (f"ROLLBACK TO {name}", f"RELEASE {name}") if self._in_transaction else ()
            after = self._converse(*back)
        if after.state is None:
            return None, SERVER_LEFT
        if after.state != ("T" if self._in_transaction else "I"):
            raise _spoiled(said.error or after.error)
        return said.value, said.error.message if said.error else ""

    def _converse(self, *statements: str) -> _Reply:
        """Let the server run these statements; what was left of the question's own is closed first."""
        closed = _close()
        reply, buffer = _Reply(), memoryview(bytearray(64 * 1024))
        with suppress(OSError):  # it left: whoever reads from it next finds out
            self._server.sendall(closed + b"".join(_run(each) + closed for each in statements) + write("S", b""))
            while reply.state is None and (size := self._server.recv_into(buffer)):
                reply.feed(bytes(buffer[:size]))
        self.came_along += reply.came_along
        return reply


def _run(sql: str) -> bytes:
    """Parse, Bind (no parameters, results as text) and Execute."""
    return b"".join(
        (
            write("P", NAME + b"\0" + sql.encode() + b"\0" + bytes(2)),
            write("B", NAME + b"\0" + NAME + b"\0" + bytes(6)),
            write("E", NAME + b"\0" + bytes(4)),
        )
    )


def _close() -> bytes:
    return write("C", b"P" + NAME + b"\0") + write("C", b"S" + NAME + b"\0")


@dataclass(slots=True)
class _Reply:
    """What the server says up to its ReadyForQuery with ``state``."""

    value: str | None = None
    error: ServerError | None = None
    state: str | None = None
    came_along: bytes = b""
    _rest: bytes = field(default=b"")

    def feed(self, data: bytes) -> None:
        data = self._rest + data
        while self.state is None and len(data) >= HEADER.size:
            kind, length = HEADER.unpack_from(data)
            if len(data) < 1 + length:
                break
            self._take(kind, data[: 1 + length])
            data = data[1 + length :]
        if self.state is None:
            self._rest = data
        else:
            self.came_along += data

    def _take(self, kind: int, message: bytes) -> None:
        body = message[HEADER.size :]
        if kind in _NO_ANSWERS:
            self.came_along += message
        elif kind == _DATA_ROW:
            self.value = text(body[6:])  # the number of columns, the length of the first
        elif kind == Backend.ERROR:
            self.error = read_error(body)
            if self.error.severity in ("FATAL", "PANIC"):
                self.came_along += message
        elif kind == Backend.READY_FOR_QUERY:
            self.state = text(body)


def _spoiled(error: ServerError | None) -> TransactionSpoiled:
    return TransactionSpoiled(
        f"migsafe's own question ended the transaction of the migration tool: {error.message if error else 'no error'}",
        hint="Give the tool a longer statement_timeout while its migrations are traced.",
    )
