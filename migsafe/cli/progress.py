"""What is going on, on standard error, for work that takes more than a second."""

from __future__ import annotations

import os
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

import click

from migsafe.plain import one_line

if TYPE_CHECKING:
    from rich.status import Status

PATIENCE = 1.0
"""Seconds after which a step is worth a word."""


class Progress:
    """Told of each step as it begins: on a terminal a spinner with the step, elsewhere a line, or nothing at all.

    The spinner is gone when the context is left, also by an exception, so that what is printed then stands alone.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._status: Status | None = None

    def __call__(self, step: str) -> None:
        """A step begins, and the one before it has ended."""
        with self._lock:
            self._forget()
            if self._quiet:
                return
            if self._status:
                self._spin(step)
                return
            self._timer = threading.Timer(PATIENCE, self._show, [step])
            self._timer.daemon = True
            self._timer.start()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._forget()
            if self._status:
                self._status.stop()
                self._status = None

    def _show(self, step: str) -> None:
        with self._lock:
            if self._timer is not threading.current_thread():
                return
            if self._live:
                self._spin(step)
            else:
                click.echo(f"{one_line(step)} …", err=True)

    def _spin(self, step: str) -> None:
        from rich.console import Console
        from rich.text import Text

        text = Text(one_line(step), overflow="ellipsis", no_wrap=True)
        if self._status:
            self._status.update(text)
        else:
            self._status = Console(stderr=True).status(text)
            self._status.start()

    def _forget(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
