"""The command line: one group, whose commands are imported only when they are called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from migsafe import __version__
from migsafe.cli.guard import guarded

COMMANDS = {
    "check": ("migsafe.cli.check:command", "Prove the new migrations on a throwaway PostgreSQL."),
    "trace": ("migsafe.cli.trace:command", "Show what each statement of the new migrations locks, and how long."),
    "lint": ("migsafe.cli.lint:command", "Find hazards in the text of migrations; no server is needed."),
    "apply": ("migsafe.cli.apply:command", "Apply the pending migrations to a database, with a way back."),
    "snapshot": ("migsafe.cli.snapshot:command", "Keep a database's state on disk, and bring it back."),
    "rehearse": ("migsafe.cli.rehearse:command", "Show what the pending migrations would do to a database."),
    "fingerprint": ("migsafe.cli.fingerprint:command", "Write what a database holds as digests of its columns."),
    "compare": ("migsafe.cli.compare:command", "Show the rows in which two databases differ."),
    "diff": ("migsafe.cli.diff:command", "Show what differs between two schemas, and the SQL for it."),
    "schema": ("migsafe.cli.schema:command", "Write a schema as sorted JSON, to be kept and compared with."),
    "contract": ("migsafe.cli.contract:command", "Show what in an OpenAPI document breaks the clients of another."),
    "init": ("migsafe.cli.init:command", "Write a commented migsafe.toml that fits this project."),
    "doctor": ("migsafe.cli.doctor:command", "Show which servers and programs are there, and what to install."),
    "scenario": ("migsafe.cli.scenario:command", "List and run the stories that show what migsafe finds."),
}
"""Each command: the place of its click command, and its line in the help, which is shown without importing it."""


class Shell(click.Group):
    """A group that knows its commands by name, and turns what becomes of one into an exit code."""

    # ruff: noqa: ARG002  the signatures are click's

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in COMMANDS:
            from migsafe.setting import nearest

            ctx.fail(f'there is no command "{cmd_name}"{nearest(cmd_name, COMMANDS)}')
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        ctx.exit(guarded(ctx, super().invoke))


@click.command(
    cls=Shell,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes: 0 safe, 1 unsafe, 2 wrong usage or settings, 3 could not check, 4 a defect in migsafe, "
        "130 interrupted."
    ),
)
@click.version_option(__version__, message="migsafe %(version)s")
def main() -> None:
    """Prove what a PostgreSQL schema migration does before production does."""
