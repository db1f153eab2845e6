"""Compares two sides, whatever they are."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from migsafe.comparison.choice import Choice
from migsafe.comparison.live import Progress, compare_live
from migsafe.comparison.result import ComparedSide, Comparison
from migsafe.comparison.sides import side_of
from migsafe.comparison.stored import compare_stored
from migsafe.errors import CannotCheck, UsageError
from migsafe.fingerprint_file import read_fingerprint
from migsafe.fingerprints import Fingerprint, take_fingerprint
from migsafe.postgres.address import Address
from migsafe.rows.digest import ALGORITHMS


def compare(old: str, new: str, choice: Choice, progress: Progress = lambda _: None) -> Comparison:
    """Compare two sides, each as it stands on the command line (see :func:`migsafe.comparison.sides.side_of`).

    Two live databases are compared row by row. Where one side is a fingerprint, the other is read in the same way,
    and tables and columns are compared. Raises :class:`UsageError`, and :class:`CannotCheck` when a side can't be read
    at all or fingerprints were made in ways that can't be compared.
    """
    started = time.monotonic()
    sides = (side_of(old), side_of(new))
    if isinstance(sides[0], Address) and isinstance(sides[1], Address):
        found = compare_live(sides[0], sides[1], choice, progress)
    else:
        if choice.where or choice.sample < 1:
            raise UsageError(
                "--where and --sample choose rows, and a fingerprint has none",
                hint="Compare two live databases, or leave them out.",
            )
        kept = [None if isinstance(side, Address) else read_fingerprint(side) for side in sides]
        fingerprints = [_fingerprint(side, kept, choice, progress) for side in sides]
        described = [_described(side, found) for side, found in zip(sides, fingerprints, strict=True)]
        found = compare_stored(fingerprints[0], fingerprints[1], (described[0], described[1]), choice)
    return replace(found, seconds=time.monotonic() - started)


def _fingerprint(
    side: Address | Path, kept: list[Fingerprint | None], choice: Choice, progress: Progress
) -> Fingerprint:
    """What a file holds, or what a live database gives when it is read as the other side was."""
    if not isinstance(side, Address):
        return read_fingerprint(side)
    (other,) = (fingerprint for fingerprint in kept if fingerprint)
    if other.making.algorithm not in ALGORITHMS:
        raise CannotCheck(f"this migsafe doesn't know the fingerprint's algorithm {other.making.algorithm!r}")
    return take_fingerprint(
        side,
        algorithm=ALGORITHMS[other.making.algorithm],
        workers=choice.workers,
        statement_timeout=choice.statement_timeout,
        buckets={name: len(table.buckets) or 1 for name, table in other.tables.items()},
        chooses=choice.chooses,
        progress=progress,
    )


def _described(side: Address | Path, fingerprint: Fingerprint) -> ComparedSide:
    kind = "database" if isinstance(side, Address) else "fingerprint"
    return ComparedSide(kind, str(side), fingerprint.server_version)
