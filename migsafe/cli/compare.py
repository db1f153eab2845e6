"""``migsafe compare``: the rows in which two databases differ."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.options import format_option, output_option, with_settings
from migsafe.cli.output import put
from migsafe.cli.reading import exclude_option, rename_option, statement_timeout_option, tables_option, workers_option
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings

SMALLEST_SAMPLE = 1e-7
"""A smaller part would be none of the rows."""

FORMATS = {"terminal": "migsafe.comparison.terminal", "json": "migsafe.comparison.json_1"}


def _part(_: click.Context, __: click.Parameter, value: str) -> float:
    """A percentage, or a part of one, as a number up to 1."""
    try:
        part = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        part = 0.0
    if not SMALLEST_SAMPLE <= part <= 1:
        raise click.BadParameter("write a percentage, such as 0.1%, of 0.00001% or more")
    return part


@click.command("compare")
@click.argument("old")
@click.argument("new")
@tables_option
@exclude_option
@click.option("--ignore-columns", multiple=True, metavar="PATTERN", help="Leave out these columns.")
@rename_option
@click.option("--where", metavar="SQL", help="Compare only rows for which this condition holds.")
@click.option(
    "--sample", default="100%", callback=_part, metavar="PERCENT", help="Compare a part, the same every time."
)
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(0),
    metavar="NUMBER",
    help="Rows that are shown of a table.",
)
@format_option(FORMATS)
@output_option
@workers_option
@statement_timeout_option
@with_settings({"--directory": "snapshots.directory", "--jobs": "snapshots.jobs", "--server": "server.use"})
def command(
    *,
    settings: Settings,
    progress: Progress,
    old: str,
    new: str,
    report_format: str,
    output_file: Path | None,
    **choice: Any,
) -> ExitCode:
    """Show the tables, columns and rows in which NEW differs from OLD.

    Each is a connection URL, env:NAME for one in an environment variable, a file that migsafe fingerprint wrote, or a
    snapshot: its name, its tag, its directory, or "latest". Databases are only read, each in one snapshot. Rows are
    found between two live databases. Beside a fingerprint's file a snapshot is restored into a throwaway server, and
    read as the file's digests were made. Exit code 0: equal; 1: different; 3: something could not be compared.
    """
    from migsafe.comparison.choice import Choice
    from migsafe.comparison.engine import compare

    comparison = compare(old, new, Choice(**choice), settings, progress)
    put(partial(import_module(FORMATS[report_format]).render, comparison), output_file)
    return comparison.exit_code
