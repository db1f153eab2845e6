"""``migsafe contract``: do the clients of the old API get along with the new one?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migsafe.cli.options import debug_option, with_output

if TYPE_CHECKING:
    from migsafe.cli.output import Output
    from migsafe.errors import ExitCode


@click.command("contract")
@click.argument("old")
@click.argument("new")
@with_output
@debug_option
def command(old: str, new: str, output: Output) -> ExitCode:
    """Show what in the OpenAPI document NEW breaks clients of OLD.

    Each is a file, JSON or YAML, or FILE@REF for the file as it is at a git ref. Requests and responses are told
    apart: what clients send must stay allowed, what they get must stay what they know. Exit code 1 says that something
    breaks.
    """
    from datetime import UTC, datetime

    from migsafe.contract.run import contract

    return output.write(contract(old, new, Path.cwd(), datetime.now(UTC).date()))
