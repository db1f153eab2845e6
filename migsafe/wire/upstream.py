"""The way from the tap to the real server: TCP or a Unix socket, in TLS where the address asks for it."""

from __future__ import annotations

import socket
import ssl
import struct
from threading import Lock
from typing import Protocol

from migsafe.errors import ServerUnavailable
from migsafe.postgres.address import Address
from migsafe.wire.startup import SSL_REQUEST

CONNECT_SECONDS = 10.0


class Stream(Protocol):
    """What the tap needs of a connection; a socket has it."""

    def sendall(self, data: bytes | memoryview, /) -> None: ...
    def recv_into(self, buffer: memoryview, /) -> int: ...
    def shutdown(self, how: int, /) -> None: ...
    def close(self) -> None: ...


def connect(address: Address) -> Stream:
    """Connect to the server as libpq would with the address's ``sslmode`` (PostgreSQL manual, 34.19).

    Raises :class:`migsafe.errors.ServerUnavailable`, which names host and port.
    """
    try:
        connection = _open(address)
    except OSError as error:
        raise _unavailable(address, str(error)) from error
    try:
        stream = _in_tls(connection, address)
        connection.settimeout(None)
    except BaseException:
        connection.close()
        raise
    return stream


def _in_tls(connection: socket.socket, address: Address) -> Stream:
    mode = address.parameters.get("sslmode", "prefer")
    if connection.family == socket.AF_UNIX or mode in ("disable", "allow"):
        return connection
    try:
        connection.sendall(struct.pack(">II", 8, SSL_REQUEST))
        if connection.recv(1) == b"S":
            return TlsStream(connection, _tls_context(address, mode), address.host)
    except OSError as error:
        raise _unavailable(address, str(error)) from error
    if mode != "prefer":
        raise _unavailable(address, f"the server has no TLS, and sslmode is {mode}")
    return connection


def _unavailable(address: Address, reason: str) -> ServerUnavailable:
    return ServerUnavailable(
        f"no connection to the PostgreSQL server: {reason}",
        where=f"{address.host}:{address.port}",
        hint="Check that the server runs, its address, and its sslmode.",
    )


def _open(address: Address) -> socket.socket:
    if address.host.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(f"{address.host}/.s.PGSQL.{address.port}")
        except OSError:
            connection.close()
            raise
        return connection
    connection = socket.create_connection((address.host, address.port), timeout=CONNECT_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _tls_context(address: Address, mode: str) -> ssl.SSLContext:
    authority = address.parameters.get("sslrootcert")
    context = ssl.create_default_context(cafile=None if authority == "system" else authority)
    context.check_hostname = mode == "verify-full"
    if not authority and mode in ("prefer", "require"):
        context.verify_mode = ssl.CERT_NONE
    if certificate := address.parameters.get("sslcert"):
        context.load_cert_chain(certificate, address.parameters.get("sslkey"))
    return context


class TlsStream:
    """TLS over a socket for one reading and one writing thread at a time, which ``ssl.SSLSocket`` isn't safe for."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._connection = connection
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_hostname=host)
        self._state, self._sending = Lock(), Lock()
        self._shake_hands()

    def sendall(self, data: bytes | memoryview, /) -> None:
        with self._sending:
            with self._state:
                written = 0
                while written < len(data):
                    written += self._tls.write(data[written:])
                encrypted = self._to_send.read()
            self._connection.sendall(encrypted)

    def recv_into(self, buffer: memoryview, /) -> int:
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def recv(self, size: int) -> bytes:
        while True:
            with self._state:
                try:
                    return self._tls.read(size)
                except ssl.SSLWantReadError:
                    has_own_to_send = bool(self._to_send.pending)
                except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                    return b""
            if has_own_to_send:
                self._flush()
            self._receive()

    def shutdown(self, how: int, /) -> None:
        self._connection.shutdown(how)

    def close(self) -> None:
        self._connection.close()

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._receive()
            else:
                self._flush()
                return

    def _receive(self) -> None:
        encrypted = self._connection.recv(256 * 1024)
        with self._state:
            if encrypted:
                self._received.write(encrypted)
            else:
                self._received.write_eof()

    def _flush(self) -> None:
        """Send what TLS itself has to say (handshake, key updates)."""
        with self._sending, self._state:
            encrypted = self._to_send.read()
            if encrypted:
                self._connection.sendall(encrypted)
