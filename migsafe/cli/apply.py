"""``migsafe apply``: the pending migrations, on a database that matters, with a way back."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.options import HISTORY_FLAGS, with_output, with_settings
from migsafe.cli.target import restore_command, tag_option, target_option
from migsafe.errors import ExitCode, UsageError
from migsafe.plain import plain
from migsafe.postgres.address import address_of

if TYPE_CHECKING:
    from migsafe.apply.record import Record
    from migsafe.cli.output import Output
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings

FLAGS = {
    **HISTORY_FLAGS,
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
@click.option("--read-only", is_flag=True, help="Have new sessions of others read only while it runs.")
@tag_option
@with_settings(FLAGS)
@with_output
def command(
    settings: Settings, progress: Progress, output: Output, target: str, *, yes: bool, **options: Any
) -> ExitCode:
    """Apply the pending migrations to a database, and put it back as it was when they fail.

    Exit code 0: applied, and nothing was lost. 1: it failed; the last lines say which state the database is in. 3: the
    target can't be asked, or something could not be checked. A report goes to --output, or with --format json to
    standard output; then what happens is told on standard error.
    """
    from migsafe.apply.options import Options, Voice
    from migsafe.apply.plan import make_plan
    from migsafe.apply.record import Record
    from migsafe.apply.run import Application
    from migsafe.history.kinds import open_history, refuse_keys_of_other_kinds
    from migsafe.snapshots.store import snapshots

    address, store = address_of(target), settings.snapshots.directory_in(settings.root)
    history = open_history(settings.history)
    refuse_keys_of_other_kinds(settings.history, history.kind)
    aside = output.file is None and output.format != "terminal"
    say = partial(_say, aside=aside)
    progress("looking at the target")
    plan = make_plan(history, address, snapshots(store))
    record = Record(history.kind, str(address))
    if plan.pending == ():
        say("nothing is pending")
        record.left("up-to-date", "Nothing is pending.")
        _write(output, record)
        return ExitCode.SAFE
    for line in plan.lines(read_only=options["read_only"]):
        say(line)
    _agree(yes=yes)
    in_place, end = plan.in_place, options["end_sessions"]
    voice = Voice(
        say=say,
        progress=progress,
        ask=_asked,
        way_back=lambda path: restore_command(path, address, in_place=in_place, end_sessions=end),
    )
    try:
        Application(history, address, plan, Options(settings, **options), voice, record).run()
    finally:
        _write(output, record)
    return record.report().exit_code


def _write(output: Output, record: Record) -> None:
    """The report as a whole, where one is asked for: a terminal has been told line by line."""
    if output.file or output.format != "terminal":
        output.write(record.report())


def _say(line: str, *, aside: bool) -> None:
    """One line, at once: whoever kills this must have read it."""
    click.echo(plain(line), err=aside)
    (sys.stderr if aside else sys.stdout).flush()


def _agree(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("no terminal is attached that could be asked", hint="Say --yes to apply without being asked.")
    click.confirm("Apply?", abort=True)


def _asked(question: str) -> bool:
    return sys.stdin.isatty() and click.confirm(question)
