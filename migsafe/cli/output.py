"""Where a report goes: to standard output, or whole or not at all into a file."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from migsafe.errors import CannotCheck, ExitCode
from migsafe.findings import Report
from migsafe.reports import render

ANOTHER = "Name another file with {}, or leave it out."
"""What to do about a file that can't be written."""


@dataclass(frozen=True, slots=True)
class Output:
    """How a report is shown (``format``: one of :data:`migsafe.reports.FORMATS`), and where (none: standard output).

    ``reports`` are files beside that, each with its format: one run is enough for all that read it.
    """

    format: str = "terminal"
    file: Path | None = None
    reports: tuple[tuple[str, Path], ...] = ()

    def write(self, report: Report) -> ExitCode:
        """Show the report; the exit code tells its verdict. Places below the current directory are shown relative."""
        here = Path.cwd()
        for form, file in self.reports:
            write_file(file, render(report, form, root=here), ANOTHER.format("--report"))
        put(partial(render, report, self.format, root=here), self.file)
        return report.exit_code


def put(render: Callable[..., str], file: Path | None) -> None:
    """Put a text to where ``--output`` says, standard output if it says nothing.

    ``render`` makes the text, ``width`` characters wide and in ``colour`` or not: a file has neither a terminal's.
    """
    if file:
        write_file(file, render(width=80, colour=False), ANOTHER.format("--output"))
    else:
        make_printable()
        click.echo(render(width=_width(), colour=in_colour()), nl=False)


def write_file(file: Path, text: str, hint: str) -> None:
    """Write a file that the user wants. Raises :class:`CannotCheck`, with the hint, when it can't be written."""
    try:
        replace_file(file, text)
    except OSError as error:
        raise CannotCheck(
            f"the file can't be written: {error.strerror}",
            where=str(file),
            hint=hint,
        ) from error


def replace_file(file: Path, text: str) -> None:
    """Write a file such that a reader sees the old text or the new one; a device or a pipe is simply written to."""
    content = text.encode("utf-8", "backslashreplace")
    if file.exists() and not file.is_file():
        file.write_bytes(content)
        return
    file = file.resolve()
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_umask()
    handle, beside = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name[:60]}.")
    try:
        with open(handle, "wb") as stream:  # noqa: PTH123  mkstemp gives a handle
            stream.write(content)
        Path(beside).chmod(mode)
        Path(beside).replace(file)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _width() -> int:
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80


def in_colour() -> bool:
    """Colour on a terminal, unless the user said otherwise (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def make_printable() -> None:
    """What the terminal's encoding lacks is written as an escape; a report must not fail on a name."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")
