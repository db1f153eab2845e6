"""Progress is told on standard error, and only of what takes long."""

from __future__ import annotations

import threading
from typing import Any

import click
import pytest

from migsafe.cli import progress
from migsafe.cli.progress import Progress


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set as soon as a line was written; a step is long after a hundredth of a second."""
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    event = threading.Event()
    echo = click.echo

    def echo_and_tell(*arguments: Any, **options: Any) -> None:
        echo(*arguments, **options)
        event.set()

    monkeypatch.setattr(click, "echo", echo_and_tell)
    return event


def test_a_long_step_is_told_in_a_line(shown: threading.Event, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as tell:
        tell("checking a\nb \x1b[2J [bold]")
        assert shown.wait(5)
    assert capsys.readouterr() == ("", "checking a\\nb \\x1b[2J [bold] …\n")


def test_a_short_step_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as tell:
        tell("one")
        tell("two")
    assert capsys.readouterr() == ("", "")


def test_quiet_is_silent(shown: threading.Event, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=True) as tell:
        tell("long")
        assert not shown.wait(0.1)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_the_spinner_is_gone_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    begun = threading.Event()
    spin = Progress._spin

    def spin_and_tell(self: Progress, step: str) -> None:
        spin(self, step)
        begun.set()

    monkeypatch.setattr(Progress, "_spin", spin_and_tell)
    with Progress() as tell:
        tell("long")
        assert begun.wait(5)
        tell("next")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith(("\x1b[2K", "\x1b[?25h"))
