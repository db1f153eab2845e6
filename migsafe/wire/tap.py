"""The tap: a proxy on 127.0.0.1 that speaks PostgreSQL's protocol and writes down what passes.

Any tool is given the tap's address in place of the server's. Everything passes unchanged, authentication and cancel
requests included; only encryption is declined, since the tap couldn't read it.
"""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from threading import Lock, Thread
from types import TracebackType

from migsafe.findings import Statement
from migsafe.postgres.address import Address
from migsafe.wire.instruments import Instruments
from migsafe.wire.observer import Observer
from migsafe.wire.session import Session
from migsafe.wire.statements import Seen, Statements

_POLL_SECONDS = 0.002
_OF_ENCRYPTION = ("channel_binding", "gssencmode", "hostaddr", "requirepeer", "service")


class Tap:
    """A listening tap in front of the server at ``upstream``, for the length of a ``with`` block.

    ``observer`` sees every answer before the client does, and may cut the connection there. On leaving, whatever is
    still connected is cut and all threads have ended. Raises what an observer raised, when statements are taken or on
    leaving. ``connections`` counts those that were ever made to it. ``parameters`` are run-time parameters
    that every session gets unless its client sets them when it connects. ``ends_with_cut`` takes a cut for the death of
    the client's whole process: all its other connections are cut with it, and no new one is let in. ``instruments`` are
    those of a traced run.
    """

    def __init__(
        self,
        upstream: Address,
        *,
        observer: Observer | None = None,
        parameters: Mapping[str, str] | None = None,
        ends_with_cut: bool = False,
        instruments: Instruments | None = None,
    ) -> None:
        self._upstream = upstream
        self._observer = observer
        self._parameters = parameters
        self._instruments = instruments
        self._sessions: list[tuple[Session, Statements]] = []
        self._lock = Lock()
        self._closing = False
        self._ends_with_cut = ends_with_cut
        self._ended = False
        self.connections = 0
        self._numbers = itertools.count(1)

    @property
    def address(self) -> Address:
        """Where to connect to: same user, password and database as the server's. Sslmode, if it was given, is off."""
        host, port = self._listener.getsockname()
        parameters = {
            name: value
            for name, value in self._upstream.parameters.items()
            if name not in _OF_ENCRYPTION and not name.startswith("ssl")
        }
        if "sslmode" in self._upstream.parameters:
            parameters["sslmode"] = "disable"
        return replace(self._upstream, host=host, port=port, parameters=parameters)

    def __enter__(self) -> Tap:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._thread = Thread(target=self._accept, name="migsafe tap", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing = True
        with suppress(OSError), socket.create_connection(self._listener.getsockname()):
            pass  # wakes the listening thread, which closing its socket doesn't do everywhere
        self._thread.join()
        self._listener.close()
        for session, _ in self._sessions:
            session.cut()
        for session, _ in self._sessions:
            session.join()
        if error is None:
            self._raise_failures()

    def take_statements(self, timeout: float = 5.0) -> tuple[Statement, ...]:
        """The statements since the last call; see :meth:`take`."""
        return tuple(seen.statement for seen in self.take(timeout))

    def take(self, timeout: float = 5.0) -> tuple[Seen, ...]:
        """What was seen since the last call, in the order in which the statements started, of all connections.

        Waits until everything that was sent through the tap has been answered, but at most ``timeout`` seconds: a
        statement that still runs then comes with a later call.
        """
        deadline = time.monotonic() + timeout
        while not self._drained() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)  # nothing tells when the kernel's buffer of a client is empty
        with self._lock:
            running = [(session, statements) for session, statements in self._sessions if not session.ended]
            self._raise_failures()
            started = [
                seen
                for session, statements in self._sessions
                for batch in session.trace.take()
                for seen in statements.of(batch, session.trace.backend)
            ]
            self._sessions = running
        return tuple(sorted(started, key=lambda seen: seen.started))

    def _drained(self) -> bool:
        with self._lock:
            sessions = [session for session, _ in self._sessions]
        return all(session.drained for session in sessions)

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._closing:
                client.close()
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = Session(client, self._upstream, self._observer, self._parameters, self._cut, self._instruments)
            with self._lock:
                if self._ended:
                    client.close()
                    continue
                self.connections += 1
                session.start()
                self._sessions.append((session, Statements(lambda: next(self._numbers))))

    def _cut(self, session: Session) -> None:
        """The observer cut this session."""
        if not self._ends_with_cut:
            return
        with self._lock:
            self._ended = True
            others = [other for other, _ in self._sessions if other is not session]
        for other in others:
            other.cut()

    def _raise_failures(self) -> None:
        for session, _ in self._sessions:
            if session.failure is not None:
                failure, session.failure = session.failure, None
                raise failure
