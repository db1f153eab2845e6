"""``migsafe apply``: the pending migrations, on a database that matters, with a way back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from migsafe.cli.options import with_settings
from migsafe.cli.target import address_of, restore_command, target_option
from migsafe.errors import ExitCode, UsageError
from migsafe.plain import plain

if TYPE_CHECKING:
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings

FLAGS = {
    "--lock-timeout": "apply.lock_timeout",
    "--statement-timeout": "apply.statement_timeout",
    "--directory": "snapshots.directory",
    "--jobs": "snapshots.jobs",
    "--server": "server.use",
}


@click.command("apply")
@target_option
@click.option("--yes", is_flag=True, help="Don't ask before it starts; needed where no terminal is attached.")
@click.option("--deep", is_flag=True, help="Before, restore the snapshot into a throwaway server, to prove it.")
@click.option("--end-sessions", is_flag=True, help="End other sessions when the old state has to be restored.")
@click.option("--accept-loss", is_flag=True, help="Keep a migration that loses rows or values.")
@with_settings(FLAGS)
def command(
    settings: Settings,
    progress: Progress,
    target: str,
    *,
    yes: bool,
    deep: bool,
    end_sessions: bool,
    accept_loss: bool,
) -> ExitCode:
    """Apply the pending migrations to a database, and put it back as it was when they fail.

    Exit code 0: applied, and nothing was lost. 1: it failed; the last lines say which state the database is in.
    """
    from migsafe.apply.plan import make_plan
    from migsafe.apply.run import Application, Options, Voice
    from migsafe.history.kinds import open_history
    from migsafe.snapshots.store import snapshots

    address, store = address_of(target), settings.snapshots.directory_in(settings.root)
    history = open_history(settings.history)
    progress("looking at the target")
    plan = make_plan(history, address, snapshots(store))
    if plan.pending == ():
        say("nothing is pending")
        return ExitCode.SAFE
    for line in plan.lines():
        say(line)
    _agree(yes=yes)
    options = Options(
        settings.apply, store, settings.snapshots.jobs, end_sessions, accept_loss, settings.server if deep else None
    )
    voice = Voice(
        say=say,
        progress=progress,
        ask=_asked,
        way_back=lambda path: restore_command(path, address, in_place=plan.in_place, end_sessions=end_sessions),
    )
    return Application(history, address, plan, options, voice).run()


def say(line: str) -> None:
    """One line, at once: whoever kills this must have read it."""
    click.echo(plain(line))
    sys.stdout.flush()


def _agree(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("no terminal is attached that could be asked", hint="Say --yes to apply without being asked.")
    click.confirm("Apply?", abort=True)


def _asked(question: str) -> bool:
    return sys.stdin.isatty() and click.confirm(question)
