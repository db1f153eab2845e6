"""What stands on the command line for a side: a URL, a variable that holds one, or a fingerprint."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from migsafe.errors import CannotCheck, UsageError
from migsafe.postgres.address import Address, parse_url

FINGERPRINT_IN_DIRECTORY = "fingerprint.json"
"""The file that is meant where a directory is named."""


def side_of(text: str) -> Address | Path:
    """The address of a live database, or the file of a fingerprint."""
    if text.startswith("env:") or "://" in text:
        return address_of(text)
    path = Path(text)
    if path.is_dir():
        path = path / FINGERPRINT_IN_DIRECTORY
    if not path.exists():
        raise CannotCheck(
            "there is no such file, and it is no connection URL",
            where=str(path),
            hint="Name a URL, env:NAME, or a file that migsafe fingerprint wrote.",
        )
    return path


def address_of(text: str) -> Address:
    """The address in a URL, or in the environment variable NAME for ``env:NAME``.

    The password may come from ``PGPASSWORD``, or from a password file (manual, 34.16).
    """
    if text.startswith("env:"):
        variable = text.removeprefix("env:")
        url = os.environ.get(variable)
        if not url:
            raise UsageError(f"the environment variable {variable} isn't set", hint="Set it to a connection URL.")
        text = url
    address = parse_url(text)
    return replace(address, password=address.password or os.environ.get("PGPASSWORD"))
