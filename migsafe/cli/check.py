"""``migsafe check``: may these migrations be merged?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migsafe.cli.options import BASELINE_FLAGS, CHECK_FLAGS, EXPERIMENT_FLAGS, with_output, with_settings

if TYPE_CHECKING:
    from migsafe.cli.output import Output
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings
    from migsafe.errors import ExitCode

FLAGS = {**BASELINE_FLAGS, **EXPERIMENT_FLAGS, **CHECK_FLAGS}


@click.command("check")
@with_settings(FLAGS)
@with_output
def command(settings: Settings, progress: Progress, output: Output) -> ExitCode:
    """Prove the new migrations on a throwaway PostgreSQL.

    Each one is applied to a clone of the baseline with the project's own tool, applied twice, cut off half-way and
    taken back. What became of every value is looked at, what is locked, and whom the change breaks. Exit code 0 says
    that every check passed, 1 that one failed, 3 that something could not be checked.
    """
    from migsafe.gate import check

    return output.write(check(settings, progress))
