"""``migsafe fingerprint``: what a database holds, as digests in a file that another state can be compared with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migsafe.cli.options import debug_option, output_option, quiet_option
from migsafe.cli.output import put
from migsafe.cli.progress import Progress
from migsafe.cli.reading import exclude_option, statement_timeout_option, tables_option, workers_option
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from migsafe.fingerprints import Fingerprint


@click.command("fingerprint")
@click.argument("database", metavar="URL")
@output_option
@click.option("--portable", is_flag=True, help="Hash texts with MD5: slower, and the same on every platform.")
@click.option("--schema", is_flag=True, help="Keep the schema in it too, for migsafe diff.")
@tables_option
@exclude_option
@workers_option
@statement_timeout_option
@quiet_option
@debug_option
def command(
    *,
    database: str,
    output_file: Path | None,
    portable: bool,
    schema: bool,
    tables: tuple[str, ...],
    exclude: tuple[str, ...],
    workers: int,
    statement_timeout: str,
    quiet: bool,
) -> ExitCode:
    """Write what a database holds as digests of its columns, for a later migsafe compare.

    URL is a connection URL, or env:NAME for one in an environment variable. The database is only read, in one
    snapshot. Exit code 3: a part of it could not be read, which the file names, and --exclude leaves out.
    """
    from migsafe.comparison.choice import Choice
    from migsafe.fingerprint_file import write_fingerprint
    from migsafe.fingerprints import take_fingerprint
    from migsafe.postgres.address import address_of
    from migsafe.rows.digest import NATIVE, PORTABLE

    choice = Choice(tables=tables, exclude=exclude)
    with Progress(quiet=quiet) as progress:
        fingerprint = take_fingerprint(
            address_of(database),
            algorithm=PORTABLE if portable else NATIVE,
            workers=workers,
            statement_timeout=statement_timeout,
            schema=schema,
            chooses=choice.chooses,
            progress=progress,
        )
    choice.require_found(fingerprint.names)
    text = write_fingerprint(fingerprint)
    put(lambda **_: text, output_file)
    return _told(fingerprint)


def _told(fingerprint: Fingerprint) -> ExitCode:
    """Say what is doubtful in it, and whether it is whole."""
    from migsafe.plain import one_line

    for sequence in fingerprint.behind:
        click.echo(one_line(f"warning: {sequence.warning}"), err=True)
    for name, reason in fingerprint.not_checked.items():
        click.echo(one_line(f"not checked: {name}: {reason}"), err=True)
    return ExitCode.CANNOT_CHECK if fingerprint.not_checked else ExitCode.SAFE
