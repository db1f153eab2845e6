"""``migsafe lint``: what can be known of migrations from their text?"""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migsafe.cli.options import with_output, with_settings, writable
from migsafe.cli.output import ANOTHER, make_printable, write_file
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from migsafe.cli.output import Output
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings
    from migsafe.findings import Finding
    from migsafe.lint.fix import Fixed

FLAGS = {
    "--enable": "lint.enable",
    "--disable": "lint.disable",
    "--server-version": "lint.server_version",
    "--schema": "lint.schema",
    "--not-analysed": "lint.not_analysed",
    "--baseline": "lint.baseline",
    "--cache": "lint.cache",
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
@click.option("--fix", is_flag=True, help="Write the safe rewrite into the SQL files where it is mechanical.")
@click.option("--diff", is_flag=True, help="Show what --fix would write, as a unified diff, and write nothing.")
@with_settings(FLAGS)
@with_output
def command(
    *,
    paths: tuple[Path, ...],
    write_baseline: Path | None,
    fix: bool,
    diff: bool,
    settings: Settings,
    progress: Progress,
    output: Output,
) -> ExitCode:
    """Find hazards in the text of migrations, in milliseconds and with no server.

    PATHS are files or directories; - is SQL on standard input. Without any the project's whole history is read, or what
    is new in it since a git ref. The migrations before are followed too, so that rules know tables and types. Exit code
    1 says that there is an error (with --diff: that something is to be fixed); what can't be analysed is listed.
    """
    gc.set_threshold(50_000)  # what is read is kept to the end, and looking for garbage in it takes a sixth of the time
    from migsafe.lint.known import new_baseline
    from migsafe.lint.project import chosen_rules, lint

    notes: tuple[Finding, ...] = ()
    if fix or diff:
        from migsafe.lint import fix as fixing  # not otherwise: it takes its time to load

        fixes = list(fixing.fix(settings, paths, progress))
        if diff:
            return _show(fixes)
        for each in fixes:
            if each.after != each.before:
                write_file(each.file, each.content, "Let it be written to, or write by hand what --diff shows.")
        notes = fixing.notes(fixes)
    baseline = new_baseline(write_baseline) if write_baseline else None
    report = lint(settings, paths, progress, baseline)
    if baseline and write_baseline:
        text = baseline.text([rule.id for rule in chosen_rules(settings.lint)])
        write_file(write_baseline, text, ANOTHER.format("--write-baseline"))
    return output.write(replace(report, findings=(*report.findings, *notes)))


def _show(fixes: Sequence[Fixed]) -> ExitCode:
    """The changes as a patch; exit code 1 where there are any."""
    make_printable()
    for each in fixes:
        click.echo("".join(each.diff(os.path.relpath(each.file))), nl=False)
    return ExitCode.UNSAFE if any(each.after != each.before for each in fixes) else ExitCode.SAFE
