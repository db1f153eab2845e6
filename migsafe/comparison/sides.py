"""What stands on the command line for a side: a URL, a variable that holds one, a fingerprint, or a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from migsafe.errors import UsageError
from migsafe.postgres.address import Address, address_of
from migsafe.snapshots.manifest import Snapshot
from migsafe.snapshots.store import lookup

Side: TypeAlias = Address | Path | Snapshot
"""A live database, the file of a fingerprint, or a snapshot."""


def side_of(text: str, store: Path) -> Side:
    """What ``text`` names: a URL, a file, the directory of a snapshot, or the name of one in ``store``.

    Raises :class:`UsageError` when it is none of them.
    """
    if text.startswith("env:") or "://" in text:
        return address_of(text)
    path = Path(text)
    if path.is_file():
        return path
    snapshot = lookup(store, text)
    if snapshot is None:
        raise UsageError(
            "there is no such file or snapshot, and it is no connection URL",
            where=text,
            hint="Name a URL, env:NAME, a file that migsafe fingerprint wrote, or what migsafe snapshot list shows.",
        )
    return snapshot
