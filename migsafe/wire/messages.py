"""Framing of the frontend/backend protocol 3.0 (PostgreSQL manual, chapter 55): a byte stream is cut into messages.

Large messages are passed over without being copied or kept, whatever chunks they come in.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from migsafe.errors import MigsafeError
from migsafe.findings import ServerError


class Frontend:
    """The first byte of the client's messages that tell what it asks for. Plain numbers: each message is looked at."""

    QUERY = ord("Q")
    PARSE = ord("P")
    BIND = ord("B")
    DESCRIBE = ord("D")
    EXECUTE = ord("E")
    CLOSE = ord("C")
    SYNC = ord("S")
    FUNCTION_CALL = ord("F")
    COPY_DONE = ord("c")
    COPY_FAIL = ord("f")


class Backend:
    """The first byte of the server's messages that answer a request or change the session's state."""

    PARSE_COMPLETE = ord("1")
    BIND_COMPLETE = ord("2")
    CLOSE_COMPLETE = ord("3")
    ROW_DESCRIPTION = ord("T")
    NO_DATA = ord("n")
    COMMAND_COMPLETE = ord("C")
    EMPTY_QUERY = ord("I")
    PORTAL_SUSPENDED = ord("s")
    ERROR = ord("E")
    READY_FOR_QUERY = ord("Z")
    BACKEND_KEY_DATA = ord("K")
    NOTICE = ord("N")


TEXT_LIMIT = 16 * 1024 * 1024
"""Of a statement's text, so many bytes are kept at most; all of it is forwarded."""

NAME_LIMIT = 1024
"""Of messages that name a prepared statement or a portal, so many bytes are looked at."""

WANTED_OF_CLIENT: Mapping[int, int] = {
    Frontend.QUERY: TEXT_LIMIT,
    Frontend.PARSE: TEXT_LIMIT,
    Frontend.BIND: NAME_LIMIT,
    Frontend.DESCRIBE: NAME_LIMIT,
    Frontend.EXECUTE: NAME_LIMIT,
    Frontend.CLOSE: NAME_LIMIT,
    Frontend.SYNC: 0,
    Frontend.FUNCTION_CALL: 0,
    Frontend.COPY_DONE: 0,
    Frontend.COPY_FAIL: 0,
}
WANTED_OF_SERVER: Mapping[int, int] = {
    Backend.PARSE_COMPLETE: 0,
    Backend.BIND_COMPLETE: 0,
    Backend.CLOSE_COMPLETE: 0,
    Backend.ROW_DESCRIPTION: 0,
    Backend.NO_DATA: 0,
    Backend.COMMAND_COMPLETE: 1024,
    Backend.EMPTY_QUERY: 0,
    Backend.PORTAL_SUSPENDED: 0,
    Backend.ERROR: 1024 * 1024,
    Backend.READY_FOR_QUERY: 1,
    Backend.BACKEND_KEY_DATA: 1024,
}
"""The messages whose body is looked at, with the bytes of it that are kept."""

HEADER = struct.Struct(">BI")
"""Before each message: its kind, and its length with these four bytes (PostgreSQL manual, 55.7)."""
_LENGTH_SIZE = 4


class ProtocolViolation(MigsafeError):
    """What came is not protocol 3.0."""


class Framer:
    """Cuts one direction of a connection into messages, and gives those whose kind is ``wanted``.

    ``left`` is how many bytes of the chunk come after the message that was given last.
    """

    def __init__(self, wanted: Mapping[int, int]) -> None:
        self.left = 0
        self._wanted = wanted
        self._header = b""  # of the message whose header is still incomplete
        self._open: int | None = None  # the kind of the message whose body is still incomplete
        self._body = bytearray()
        self._to_come = 0

    @property
    def is_between(self) -> bool:
        """Whether no message has come in part, once a chunk is used up."""
        return self._open is None and not self._header

    def feed(self, chunk: memoryview) -> Iterator[tuple[int, bytes]]:
        """Give ``(kind, body)`` of each wanted message that ends in this chunk, its body cut off at its limit.

        The iterator must be exhausted before the next chunk. Raises :class:`ProtocolViolation`.
        """
        position = self._finish_header(chunk)
        if self._open is not None:
            position = self._collect(chunk, position)
            if self._to_come:
                return
            if self._open in self._wanted:
                self.left = len(chunk) - position
                yield self._open, bytes(self._body)
            self._open, self._body = None, bytearray()
        wanted, end = self._wanted, len(chunk)
        while position + HEADER.size <= end:
            kind, length = HEADER.unpack_from(chunk, position)
            after = position + 1 + length
            if after > end or length < _LENGTH_SIZE:
                self._begin(kind, length)
                self._collect(chunk, position + HEADER.size)
                return
            if kind in wanted:
                body = position + HEADER.size
                self.left = end - after
                yield kind, bytes(chunk[body : min(after, body + wanted[kind])])
            position = after
        self._header += chunk[position:]

    def _finish_header(self, chunk: memoryview) -> int:
        """Complete the header that the last chunk broke off in; return where to go on."""
        if not self._header:
            return 0
        missing = HEADER.size - len(self._header)
        header = self._header + chunk[:missing]
        if len(header) < HEADER.size:
            return 0
        self._header = b""
        self._begin(*HEADER.unpack(header))
        return missing

    def _begin(self, kind: int, length: int) -> None:
        if length < _LENGTH_SIZE:
            raise ProtocolViolation(f"a message of kind {kind:#x} claims to be {length} bytes long")
        self._open, self._to_come = kind, length - _LENGTH_SIZE

    def _collect(self, chunk: memoryview, position: int) -> int:
        """Take what this chunk has of the open message's body; return where to go on."""
        assert self._open is not None
        after = min(len(chunk), position + self._to_come)
        kept = self._wanted.get(self._open, 0) - len(self._body)
        if kept > 0:
            self._body += chunk[position : min(after, position + kept)]
        self._to_come -= after - position
        return after


def read_strings(body: bytes, count: int) -> list[bytes]:
    """The first ``count`` null-terminated strings of a message's body; empty ones for those that were cut off."""
    return [*body.split(b"\0", count)[:count], *[b""] * count][:count]


def read_error(body: bytes) -> ServerError:
    """An ErrorResponse as a value (PostgreSQL manual, 55.8)."""
    fields = {chr(field[0]): text(field[1:]) for field in body.split(b"\0") if field}
    position = fields.get("P", "")
    return ServerError(
        sqlstate=fields.get("C", ""),
        message=fields.get("M", ""),
        severity=fields.get("V") or fields.get("S", "ERROR"),
        detail=fields.get("D"),
        hint=fields.get("H"),
        position=int(position) if position.isdigit() else None,
        where=fields.get("W"),
        schema=fields.get("s"),
        table=fields.get("t"),
        column=fields.get("c"),
        constraint=fields.get("n"),
    )


def write_fatal(sqlstate: str, message: str) -> bytes:
    """An ErrorResponse that ends the session before it began."""
    fields = {"S": "FATAL", "V": "FATAL", "C": sqlstate, "M": message}
    return write("E", b"".join(f"{key}{value}\0".encode() for key, value in fields.items()) + b"\0")


def write(kind: str, body: bytes) -> bytes:
    """A whole message."""
    return HEADER.pack(ord(kind), _LENGTH_SIZE + len(body)) + body


def text(data: bytes) -> str:
    """Text off the wire. Nearly every client speaks UTF-8; in another encoding ASCII stays legible."""
    return data.decode(errors="replace")
