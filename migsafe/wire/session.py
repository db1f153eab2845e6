"""One client's connection through the tap: each direction is forwarded, and traced, by a thread of its own."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from threading import Thread

from migsafe.errors import ServerUnavailable
from migsafe.postgres.address import Address
from migsafe.wire import upstream
from migsafe.wire.instruments import Answer, Instruments, Sieve
from migsafe.wire.messages import WANTED_OF_CLIENT, WANTED_OF_SERVER, Framer, text, write_fatal
from migsafe.wire.observer import Decision, Event, Observer, Ready, StatementEnded
from migsafe.wire.question import Question
from migsafe.wire.startup import Packet, read_first_reply, read_packet, with_parameters
from migsafe.wire.trace import Batch, Record, Trace
from migsafe.wire.turns import Turns

CHUNK = 256 * 1024
"""Bytes forwarded at a time; a session holds two such buffers."""

CONNECTION_FAILURE = "08006"

NOT_WAITING = "the client had sent more before this was answered"
"""Why nothing was asked on its connection."""


class Session:
    """Forwards between a client and the connection to the server that is made for it, until one of them leaves.

    ``failure`` is what went wrong in the observer or in the tap itself; the connection was cut then. ``when_cut`` is
    told when the observer has cut it, before the client learns of it.
    """

    def __init__(
        self,
        client: socket.socket,
        address: Address,
        observer: Observer | None,
        parameters: Mapping[str, str] | None = None,
        when_cut: Callable[[Session], None] = lambda _: None,
        instruments: Instruments | None = None,
    ) -> None:
        self.trace = Trace(instruments, self._ask)
        self.failure: BaseException | None = None
        self._client = client
        self._address = address
        self._observer = observer
        self._parameters = parameters or {}
        self._when_cut = when_cut
        self._sieve = Sieve(instruments.mark) if instruments else None
        self._server: upstream.Stream | None = None
        self._of_client, self._of_server = Framer(WANTED_OF_CLIENT), Framer(WANTED_OF_SERVER)
        self._turns = Turns()
        self._came_along = b""  # with the answer to a question, and is the client's
        self._cut = False
        self._client_left = False
        self._thread = Thread(target=self._run, name="migsafe tap: client", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    @property
    def drained(self) -> bool:
        """Whether everything that the client has sent so far was forwarded and answered."""
        if self.ended:
            return True
        return self.trace.idle and (self._client_left or not _is_readable(self._client))

    def cut(self) -> None:
        """Close both sides at once; the session ends soon after."""
        self._cut = True
        _shut(self._client)
        if self._server is not None:
            _shut(self._server)

    def _run(self) -> None:
        try:
            packet = read_packet(self._client)
            if packet is not None:
                self._serve(packet)
        except OSError:
            pass  # the client left before the session began
        except BaseException as failure:  # noqa: BLE001  # the tap raises it in its owner's thread
            self.failure = failure
        finally:
            self._client.close()
            if self._server is not None:
                self._server.close()
            self.trace.close()

    def _serve(self, packet: Packet) -> None:
        try:
            server = self._server = upstream.connect(self._address)
        except ServerUnavailable as unavailable:
            self._client.sendall(write_fatal(CONNECTION_FAILURE, str(unavailable)))
            return
        if self._cut:
            return
        server.sendall(with_parameters(packet, self._parameters).data)
        if isinstance(server, upstream.TlsStream) and not packet.is_cancel:
            reply = read_first_reply(server.recv)
            if reply is None:
                return
            self._client.sendall(reply)
        back = Thread(target=self._forward_to_client, args=(server,), name="migsafe tap: server", daemon=True)
        back.start()
        self._forward_to_server(server)
        back.join()

    def _forward_to_server(self, server: upstream.Stream) -> None:
        """Until the client leaves; then the server is told so, and goes on answering what it was asked."""
        buffer = memoryview(bytearray(CHUNK))
        try:
            while size := self._client.recv_into(buffer):
                chunk = buffer[:size]
                with self._turns.of_client(partial(self._note, chunk)):
                    server.sendall(chunk)
        except OSError:
            pass  # one side is gone; the other direction finds out which
        except BaseException as failure:  # noqa: BLE001  # see _run
            self.failure = failure
            self.cut()
        with self._turns.of_client(self._note_end), suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _note(self, chunk: memoryview) -> None:
        for kind, body in self._of_client.feed(chunk):
            self.trace.sent(kind, body)

    def _note_end(self) -> None:
        self._client_left = True

    def _forward_to_client(self, server: upstream.Stream) -> None:
        """Until the server leaves, or the client doesn't take its answers any more."""
        try:
            for chunk in self._received(server):
                decision = self._trace(chunk)
                if decision is not Decision.FORWARD:
                    _shut(server)  # first: what the client says to the answer must not get there any more
                    self._when_cut(self)
                if decision is not Decision.CUT_BEFORE:
                    self._client.sendall(chunk)
                if decision is not Decision.FORWARD:
                    break
        except OSError:
            pass  # one side is gone: so is the other in a moment
        except BaseException as failure:  # noqa: BLE001  # see _run
            self.failure = failure
        self.cut()

    def _received(self, server: upstream.Stream) -> Iterator[memoryview]:
        """What the server sends; notices that are for migsafe are taken out and noted."""
        buffer = memoryview(bytearray(CHUNK))
        while size := server.recv_into(buffer):
            for part in self._sieve.feed(buffer[:size]) if self._sieve else (buffer[:size],):
                if isinstance(part, str):
                    self.trace.noticed(part)
                else:
                    yield part
            if self._came_along:
                came_along, self._came_along = memoryview(self._came_along), b""
                yield came_along

    def _ask(self, sql: str, state: str) -> Answer:
        """Ask the session a question of the tap's own; called while its ReadyForQuery is being traced.

        Nothing is asked unless the client waits for just this ReadyForQuery: an answer to something else could come.
        What the client sends meanwhile is forwarded afterwards.
        """
        with self._turns.of_question(self._is_client_waiting) as may_ask:
            asked = time.monotonic()
            if not may_ask:
                return Answer(asked, asked, None, NOT_WAITING)
            assert self._server is not None
            question = Question(self._server, in_transaction=state == "T")
            text, reason = question.ask(sql)
            self._came_along += question.came_along
            return Answer(asked, time.monotonic(), text, reason)

    def _is_client_waiting(self) -> bool:
        more_comes = self._of_server.left or (self._sieve is not None and not self._sieve.is_between)
        return not more_comes and not self._client_left and self._of_client.is_between and self.trace.will_be_idle

    def _trace(self, chunk: memoryview) -> Decision:
        """Take note of the messages that end in this chunk; the first decision to cut counts."""
        decision = Decision.FORWARD
        for kind, body in self._of_server.feed(chunk):
            ended = self.trace.received(kind, body)
            if ended is not None and self._observer is not None and decision is Decision.FORWARD:
                decision = self._observer(self._event(ended))
        return decision

    def _event(self, ended: Record | Batch) -> Event:
        backend, state = self.trace.backend, self.trace.state
        if isinstance(ended, Batch):
            return Ready(backend, state)
        return StatementEnded(backend, text(ended.sql), ended.command_tag, ended.error, state)


def _is_readable(connection: socket.socket) -> bool:
    """Whether there is something to read, an end included; so it is as well when the connection was just closed."""
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            return bool(selector.select(timeout=0))
    except (OSError, ValueError):
        return True


def _shut(stream: upstream.Stream) -> None:
    with suppress(OSError):
        stream.shutdown(socket.SHUT_RDWR)
