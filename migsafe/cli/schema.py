"""``migsafe schema``: a schema as sorted JSON, to be kept and compared with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migsafe.cli.options import output_option, with_settings
from migsafe.cli.output import put
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings


@click.command("schema")
@click.argument("source", metavar="SOURCE")
@output_option
@click.option("--no-owners", is_flag=True, help="Leave owners and default privileges out.")
@with_settings({"--server": "server.use", "--server-version": "server.version", "--directory": "snapshots.directory"})
def command(
    *, settings: Settings, progress: Progress, source: str, output_file: Path | None, no_owners: bool
) -> ExitCode:
    """Write a schema as sorted JSON with a hash for each object and one for the whole, for a later migsafe diff.

    SOURCE is what migsafe diff takes: a connection URL, env:NAME, a snapshot, a directory of migrations, or
    one at a git ref. The same schema gives the same text, so that the file can be kept in git.
    """
    from migsafe.differences.engine import without_owners
    from migsafe.differences.schema_file import write_schema
    from migsafe.differences.sides import read_side

    side = read_side(source, settings, progress)
    text = write_schema((without_owners(side) if no_owners or not side.catalog.owners else side).catalog)
    put(lambda **_: text, output_file)
    return ExitCode.SAFE
