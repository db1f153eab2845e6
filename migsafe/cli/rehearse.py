"""``migsafe rehearse``: what would the pending migrations do to that database?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migsafe.cli.options import CHECK_FLAGS, EXPERIMENT_FLAGS, with_output, with_settings

if TYPE_CHECKING:
    from migsafe.cli.output import Output
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings
    from migsafe.errors import ExitCode

FLAGS = {
    "--target": "rehearse.target",
    "--rows": "rehearse.rows",
    "--mask": "rehearse.mask",
    "--revision": "baseline.revision",
    **EXPERIMENT_FLAGS,
    **CHECK_FLAGS,
}


@click.command("rehearse")
@with_settings(FLAGS)
@with_output
def command(settings: Settings, progress: Progress, output: Output) -> ExitCode:
    """Show what the pending migrations would do to a database; it is only read.

    Its schema and rows are brought to a throwaway PostgreSQL of the same version, and what its version table lacks is
    run there with every check. Give the password in PGPASSWORD, or the whole URL in a variable: --target env:NAME.
    """
    from migsafe.errors import UsageError
    from migsafe.postgres.address import address_of
    from migsafe.rehearsal.rehearse import rehearse

    if not settings.rehearse.target:
        raise UsageError(
            "no target is named", hint="Say --target URL, or --target env:NAME for a variable with the URL."
        )
    return output.write(rehearse(settings, address_of(settings.rehearse.target), progress))
