"""What becomes of a command, as an exit code and, where it failed, as a message on standard error."""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from migsafe.errors import ExitCode, MigsafeError
from migsafe.plain import plain

DEBUG = "migsafe.debug"
"""The key in click's ``Context.meta`` under which ``--debug`` is kept."""

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2

ENVIRONMENT_ERRORS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE),
    *(errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG),
}
"""The operating system's errors that are no fault of migsafe: the disk, permissions, handles; paths that lead wrong."""


def guarded(context: click.Context, invoke: Callable[[click.Context], Any]) -> int:
    """Run a command and return its exit code; the command itself returns one, or nothing when all is well.

    While it runs, SIGTERM stops it as Ctrl-C does, so that every server it started is stopped. click's own exits pass.
    """
    _open_streams()
    try:
        with _interruptible():
            code = invoke(context)
            sys.stdout.flush()
    except MigsafeError as error:
        return _report(error.message, where=error.where, hint=error.hint, code=error.exit_code)
    except click.exceptions.Exit:
        raise
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        return _report("interrupted", code=ExitCode.INTERRUPTED)
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            return ExitCode.CANNOT_CHECK
        if error.errno is not None and error.errno in ENVIRONMENT_ERRORS:
            _give_up_what_is_left()
            return _report(os.strerror(error.errno), where=error.filename, code=ExitCode.CANNOT_CHECK)
        return _defect(error, debug=_debugging(context))
    except Exception as error:  # noqa: BLE001  the last line of defence: shown, and exit code 4
        return _defect(error, debug=_debugging(context))
    return ExitCode.SAFE if code is None else int(code)


def _report(message: str, *, where: object = None, hint: str | None = None, code: ExitCode) -> ExitCode:
    click.echo(plain(f"error: {where}: {message}" if where else f"error: {message}"), err=True)
    if hint:
        click.echo(plain(f"hint: {hint}"), err=True)
    return code


def _defect(error: Exception, *, debug: bool) -> ExitCode:
    """Say that migsafe is wrong. The exception's text may hold anything, so that it is shown on demand only."""
    if debug:
        traceback.print_exception(error)
    package = str(Path(__file__).parent.parent)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(package)]
    place = f"{Path(frames[-1].filename).relative_to(package)}:{frames[-1].lineno}"
    return _report(
        f"a defect in migsafe: {type(error).__name__} at migsafe/{place}",
        hint=None if debug else "Run it again with --debug (or MIGSAFE_DEBUG=1) for the traceback, and report it.",
        code=ExitCode.DEFECT,
    )


def _debugging(context: click.Context) -> bool:
    return bool(context.meta.get(DEBUG) or os.environ.get("MIGSAFE_DEBUG"))


def _nobody_reads() -> bool:
    """Whether standard output is the pipe that broke. If so it is replaced, or Python's own flush at exit complains."""
    output = select.poll()
    output.register(STANDARD_OUTPUT, select.POLLOUT)
    broken = any(events & select.POLLERR for _, events in output.poll(0))
    if broken:
        _give_up_output()
    return broken


def _give_up_what_is_left() -> None:
    """Where standard output takes no more, replace it, as above."""
    try:
        sys.stdout.flush()
    except OSError:
        _give_up_output()


def _give_up_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), STANDARD_OUTPUT)


def _open_streams() -> None:
    """Open to nobody what was closed from the start, so that no other file takes its place.

    A file that is opened gets the lowest number that is free: so it is done first, and in order.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  open to the end


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGINT and SIGTERM raise KeyboardInterrupt; the second one is ignored, so that cleaning up is not cut short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received = 0

    def interrupt(*_: object) -> None:
        nonlocal received
        received += 1
        if received == 2:
            os.write(STANDARD_ERROR, b"cleaning up; once more to leave at once, and the next run cleans up\n")
            return
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
