"""``migsafe diff``: what differs between two schemas, and the SQL that leads from one to the other."""

from __future__ import annotations

import gc
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migsafe.cli.options import format_option, output_option, with_settings
from migsafe.cli.output import put
from migsafe.cli.reading import rename_option
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings

FORMATS = {
    "tree": "migsafe.differences.terminal",
    "json": "migsafe.differences.json_1",
    "sql": "migsafe.differences.sql",
}


@click.command("diff")
@click.argument("old")
@click.argument("new")
@format_option(FORMATS, "tree")
@rename_option
@click.option("--no-owners", is_flag=True, help="Leave owners and default privileges out.")
@output_option
@with_settings({"--server": "server.use", "--server-version": "server.version", "--directory": "snapshots.directory"})
def command(
    *,
    settings: Settings,
    progress: Progress,
    old: str,
    new: str,
    report_format: str,
    renames: dict[str, str],
    no_owners: bool,
    output_file: Path | None,
) -> ExitCode:
    """Show what differs between the schemas OLD and NEW, every kind of object.

    Each is a connection URL, env:NAME for one in an environment variable, a file that migsafe schema or migsafe
    fingerprint --schema wrote, a snapshot (its name, tag or directory, or "latest"), or a directory of migrations, as
    it is or at a git ref (migrations@main), which is run on a throwaway server. Databases are only read. Exit code 0:
    equal; 1: different.
    """
    gc.set_threshold(50_000)  # what is read is kept to the end: there is no garbage to look for
    from migsafe.differences.engine import find_differences

    differences = find_differences(old, new, settings, progress, renames=renames, owners=not no_owners)
    put(partial(import_module(FORMATS[report_format]).render, differences), output_file)
    return differences.exit_code
