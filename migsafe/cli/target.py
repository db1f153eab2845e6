"""The database that a command is for."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.postgres.address import Address

target_option = click.option(
    "--target",
    required=True,
    metavar="URL",
    help="The database: a URL, or env:NAME for the variable that holds it. The password may come from PGPASSWORD.",
)

tag_option = click.option("--tag", metavar="NAME", help="A name of your own for the snapshot, such as a release's.")


def restore_command(snapshot: Path, address: Address, *, in_place: bool, end_sessions: bool) -> str:
    """The exact command that brings a snapshot back; the password is not in it."""
    options = [*(["--in-place"] if in_place else []), *(["--end-sessions"] if end_sessions else [])]
    url = replace(address, password=None).url()
    words = ["migsafe", "snapshot", "restore", str(snapshot), "--target", url, "--into", address.database, *options]
    return shlex.join(words)
