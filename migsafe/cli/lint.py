"""``migsafe lint``: what can be known of migrations from their text?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migsafe.cli.options import with_output, with_settings, writable
from migsafe.cli.output import write_file

if TYPE_CHECKING:
    from migsafe.cli.output import Output
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings
    from migsafe.errors import ExitCode

FLAGS = {
    "--enable": "lint.enable",
    "--disable": "lint.disable",
    "--server-version": "lint.server_version",
    "--schema": "lint.schema",
    "--not-analysed": "lint.not_analysed",
    "--baseline": "lint.baseline",
    "--since": "baseline.since",
    "--history": "history.kind",
}


@click.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    callback=writable,
    help="Write what is found into this file, to be passed over from now on.",
)
@with_settings(FLAGS)
@with_output
def command(
    *, paths: tuple[Path, ...], write_baseline: Path | None, settings: Settings, progress: Progress, output: Output
) -> ExitCode:
    """Find hazards in the text of migrations, in milliseconds and with no server.

    PATHS are files or directories; - is SQL on standard input. Without any the project's whole history is read, or what
    is new in it since a git ref. The migrations before are followed too, so that rules know tables and types. Exit code
    1 says that there is an error; what can't be analysed is listed.
    """
    from migsafe.lint.known import new_baseline
    from migsafe.lint.project import chosen_rules, lint

    if write_baseline is None:
        return output.write(lint(settings, paths, progress))
    baseline = new_baseline(write_baseline)
    report = lint(settings, paths, progress, baseline)
    text = baseline.text([rule.id for rule in chosen_rules(settings.lint)])
    write_file(write_baseline, text, "--write-baseline")
    return output.write(report)
