"""Commands that end in every way a command can end, for the tests of the shell."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from migsafe.cli.options import debug_option
from migsafe.errors import Defect, ExitCode, ServerUnavailable
from migsafe.setting import any_of


@click.command()
def answers_unsafe() -> ExitCode:
    return ExitCode.UNSAFE


@click.command()
def says_nothing() -> None:
    click.echo("done")


@click.command()
def has_no_server() -> None:
    raise ServerUnavailable("no answer \x1b[2J at postgresql://a:hunter2@b/c", where="local", hint="Start it.")


@click.command()
@debug_option
def is_wrong() -> None:
    any_of([])


@click.command()
def knows_it_is_wrong() -> None:
    raise Defect("the state of the clone is not the baseline's")


@click.command()
def finds_the_disk_full() -> None:
    with Path("/dev/full").open("w") as full:
        full.write("x" * 100_000)


@click.command()
def writes_a_long_line() -> None:
    click.echo("x" * 100_000)


@click.command()
def writes_much() -> None:
    for _ in range(100_000):
        click.echo("a line that nobody reads")


@click.command()
def breaks_another_pipe() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.write(writer, b"x")


@click.command()
def cleans_up_slowly() -> None:
    """Says when it can be interrupted, and needs a while, and another interrupt, to stop."""
    try:
        print("running", flush=True)  # noqa: T201
        time.sleep(30)
    finally:
        print("cleaning", flush=True)  # noqa: T201
        sys.stdin.readline()
        print("clean", flush=True)  # noqa: T201
