"""How a connection begins: the packets before the first regular message (PostgreSQL manual, 55.2.1 and 55.2.10)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from migsafe.wire.messages import HEADER, write

SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102
MAXIMAL_LENGTH = 10_000
"""The server's own limit for a startup packet."""

_AUTHENTICATION = ord("R")
_NEGOTIATE_PROTOCOL_VERSION = ord("v")
_SASL = 10
_LENGTH_AND_CODE = struct.Struct(">II")


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet without a kind: a StartupMessage or a CancelRequest. ``data`` is all of it, as it came."""

    code: int
    data: bytes

    @property
    def is_cancel(self) -> bool:
        return self.code == CANCEL_REQUEST


def read_packet(client: socket.socket) -> Packet | None:
    """The packet that opens the connection; encryption that is asked for before it is declined with N.

    None when the client left, or when what it sent is no such packet (a TLS ClientHello without asking, say).
    """
    while True:
        opening = _read_exactly(client.recv, _LENGTH_AND_CODE.size)
        if opening is None:
            return None
        length, code = _LENGTH_AND_CODE.unpack(opening)
        if not _LENGTH_AND_CODE.size <= length <= MAXIMAL_LENGTH:
            return None
        if code not in (SSL_REQUEST, GSSENC_REQUEST):
            rest = _read_exactly(client.recv, length - _LENGTH_AND_CODE.size)
            return None if rest is None else Packet(code, opening + rest)
        client.sendall(b"N")


def with_parameters(packet: Packet, parameters: Mapping[str, str]) -> Packet:
    """A StartupMessage that also sets these run-time parameters, but for those that the client sets itself.

    What is set so goes before the settings of database and role, and ends with the session; a SET of the client's own
    goes before it (manual, 20.1.3). A CancelRequest stays as it is.
    """
    if packet.is_cancel or not parameters:
        return packet
    body = packet.data[_LENGTH_AND_CODE.size :].removesuffix(b"\0")
    said = {name.lower() for name in body.split(b"\0")[::2]}
    added = b"".join(
        name.encode() + b"\0" + value.encode() + b"\0"
        for name, value in parameters.items()
        if name.lower().encode() not in said
    )
    body += added + b"\0"
    return Packet(packet.code, _LENGTH_AND_CODE.pack(_LENGTH_AND_CODE.size + len(body), packet.code) + body)


def read_first_reply(receive: Callable[[int], bytes]) -> bytes | None:
    """The server's messages up to its first word on authentication, without SCRAM-SHA-256-PLUS; none when it left.

    The server offers channel binding because the tap speaks TLS to it. The client doesn't speak TLS to the tap, and
    libpq takes such an offer for an attack.
    """
    reply = b""
    while True:
        header = _read_exactly(receive, HEADER.size)
        if header is None:
            return None
        kind, length = HEADER.unpack(header)
        body = _read_exactly(receive, length - 4)
        if body is None:
            return None
        if kind == _AUTHENTICATION and int.from_bytes(body[:4]) == _SASL:
            mechanisms = [name for name in body[4:].split(b"\0") if name and not name.endswith(b"-PLUS")]
            body = body[:4] + b"".join(name + b"\0" for name in mechanisms) + b"\0"
        reply += write(chr(kind), body)
        if kind != _NEGOTIATE_PROTOCOL_VERSION:
            return reply


def _read_exactly(receive: Callable[[int], bytes], size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        more = receive(size - len(data))
        if not more:
            return None
        data += more
    return data
