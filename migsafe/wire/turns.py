"""Whose turn it is to send to the server: the client's thread, chunk by chunk, or a question while the client waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition


class Turns:
    """One of the two at a time. A question never waits for a chunk that the server may be too busy to take."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._is_forwarding = False
        self._is_asking = False

    @contextmanager
    def of_client(self, note: Callable[[], None]) -> Iterator[None]:
        """The client's turn to send something for the length of a ``with`` block, ``note`` having taken note of it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_asking)
            note()
            self._is_forwarding = True
        try:
            yield
        finally:
            with self._changed:
                self._is_forwarding = False
                self._changed.notify_all()

    @contextmanager
    def of_question(self, is_client_waiting: Callable[[], bool]) -> Iterator[bool]:
        """Whether it is a question's turn; then nothing of the client's is sent for the length of a ``with`` block.

        ``is_client_waiting`` must be true only when the server has taken and answered all that was noted: so what is
        still being sent then is as good as sent.
        """
        with self._changed:
            self._is_asking = is_client_waiting()
            if self._is_asking:
                self._changed.wait_for(lambda: not self._is_forwarding)
        try:
            yield self._is_asking
        finally:
            with self._changed:
                self._is_asking = False
                self._changed.notify_all()
