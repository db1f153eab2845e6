"""Compares two sides, whatever they are."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from migsafe.comparison.choice import Choice
from migsafe.comparison.live import Progress, compare_live
from migsafe.comparison.result import ComparedSide, Comparison
from migsafe.comparison.sides import Side, side_of
from migsafe.comparison.stored import compare_stored
from migsafe.errors import CannotCheck, UsageError
from migsafe.fingerprint_file import read_fingerprint
from migsafe.fingerprints import Fingerprint, take_fingerprint
from migsafe.postgres.address import Address
from migsafe.rows.digest import ALGORITHMS
from migsafe.snapshots.manifest import Snapshot


def compare(old: str, new: str, choice: Choice, store: Path, progress: Progress = lambda _: None) -> Comparison:
    """Compare two sides, each as it stands on the command line (see :func:`migsafe.comparison.sides.side_of`).

    Two live databases are compared row by row. Where one side is a fingerprint, or a snapshot, which has one, the other
    is read in the same way, and tables and columns are compared. Raises :class:`UsageError`, and :class:`CannotCheck`
    when a side can't be read at all or fingerprints were made in ways that can't be compared.
    """
    started = time.monotonic()
    sides = (side_of(old, store), side_of(new, store))
    if isinstance(sides[0], Address) and isinstance(sides[1], Address):
        found = compare_live(sides[0], sides[1], choice, progress)
    else:
        if choice.where or choice.sample < 1:
            raise UsageError(
                "--where and --sample choose rows, and a fingerprint or snapshot has none to choose from",
                hint="Compare two live databases, or leave them out.",
            )
        before, after = _fingerprints(sides, choice, progress)
        described = (_described(sides[0], before), _described(sides[1], after))
        found = compare_stored(before, after, described, choice)
    return replace(found, seconds=time.monotonic() - started)


def _fingerprints(sides: tuple[Side, Side], choice: Choice, progress: Progress) -> tuple[Fingerprint, Fingerprint]:
    """What was kept, and, where a side is a live database, what it gives when it is read as the other side was."""
    old, new = sides
    if isinstance(old, Address):
        after = _kept(new)
        return _read_like(after, old, choice, progress), after
    before = _kept(old)
    return before, _read_like(before, new, choice, progress) if isinstance(new, Address) else _kept(new)


def _kept(side: Side) -> Fingerprint:
    assert not isinstance(side, Address)
    return side.fingerprint if isinstance(side, Snapshot) else read_fingerprint(side)


def _read_like(other: Fingerprint, address: Address, choice: Choice, progress: Progress) -> Fingerprint:
    if other.making.algorithm not in ALGORITHMS:
        raise CannotCheck(f"this migsafe doesn't know the fingerprint's algorithm {other.making.algorithm!r}")
    return take_fingerprint(
        address,
        algorithm=ALGORITHMS[other.making.algorithm],
        workers=choice.workers,
        statement_timeout=choice.statement_timeout,
        buckets={name: len(table.buckets) or 1 for name, table in other.tables.items()},
        chooses=choice.chooses,
        progress=progress,
    )


def _described(side: Side, fingerprint: Fingerprint) -> ComparedSide:
    if isinstance(side, Snapshot):
        return ComparedSide("snapshot", str(side.path), fingerprint.server_version)
    kind = "database" if isinstance(side, Address) else "fingerprint"
    return ComparedSide(kind, str(side), fingerprint.server_version)
