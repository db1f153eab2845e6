"""``migsafe trace``: what does each statement lock, rewrite and scan, and for how long?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from migsafe.cli.options import BASELINE_FLAGS, EXPERIMENT_FLAGS, with_output, with_settings

if TYPE_CHECKING:
    from migsafe.cli.output import Output
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings
    from migsafe.errors import ExitCode

FLAGS = {**BASELINE_FLAGS, **EXPERIMENT_FLAGS}


@click.command("trace")
@click.argument("versions", nargs=-1, metavar="[VERSION]...")
@with_settings(FLAGS)
@partial(with_output, default="trace")
def command(versions: tuple[str, ...], settings: Settings, progress: Progress, output: Output) -> ExitCode:
    """Run the new migrations once on a throwaway PostgreSQL, and show each statement: place, time, rows, WAL, locks.

    With a VERSION only that one is shown; it must be new. Exit code 0 says that all were traced, 1 that one fails,
    3 that the server doesn't let its locks be seen. Whether what is seen is safe, migsafe check says.
    """
    from migsafe.traced import trace

    return output.write(trace(settings, versions, progress))
