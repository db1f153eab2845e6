"""Compares two sides, whatever they are."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.comparison.choice import Choice
from migsafe.comparison.live import compare_live
from migsafe.comparison.restored import read_restored
from migsafe.comparison.result import ComparedSide, Comparison
from migsafe.comparison.sides import Side, side_of
from migsafe.comparison.stored import compare_stored
from migsafe.errors import CannotCheck, UsageError
from migsafe.fingerprint_file import read_fingerprint
from migsafe.fingerprints import Fingerprint, Making, take_fingerprint
from migsafe.postgres.address import Address
from migsafe.progress import Progress
from migsafe.rows.digest import ALGORITHMS, PORTABLE
from migsafe.snapshots.manifest import Snapshot

if TYPE_CHECKING:
    from migsafe.config import Settings


def compare(old: str, new: str, choice: Choice, settings: Settings, progress: Progress = lambda _: None) -> Comparison:
    """Compare two sides, each as it stands on the command line (see :func:`migsafe.comparison.sides.side_of`).

    Two live databases are compared row by row. Where one side is a fingerprint, or a snapshot, which has one, the other
    is read in the same way, and tables and columns are compared. Raises :class:`UsageError`, and :class:`CannotCheck`
    when a side can't be read at all or fingerprints were made in ways that can't be compared.
    """
    started = time.monotonic()
    store = settings.snapshots.directory_in(settings.root)
    sides = (side_of(old, store), side_of(new, store))
    if isinstance(sides[0], Address) and isinstance(sides[1], Address):
        found = compare_live(sides[0], sides[1], choice, progress)
    else:
        if choice.where or choice.sample < 1:
            raise UsageError(
                "--where and --sample choose rows, and a fingerprint or snapshot has none to choose from",
                hint="Compare two live databases, or leave them out.",
            )
        before, after = _Reading(choice, settings, progress).fingerprints(*sides)
        described = (_described(sides[0], before), _described(sides[1], after))
        found = compare_stored(before, after, described, choice)
    return replace(found, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How sides are made fingerprints that can be compared."""

    choice: Choice
    settings: Settings
    progress: Progress

    def fingerprints(self, old: Side, new: Side) -> tuple[Fingerprint, Fingerprint]:
        """Both sides, made in one way if that can be: as a file was, or else as a snapshot was.

        Where that is no way for a snapshot, it is restored and read anew; where encodings differ, both are, portably.
        """
        kept = (_kept(old), _kept(new))
        file = next((found for side, found in zip((old, new), kept, strict=True) if isinstance(side, Path)), None)
        like = file or kept[0] or kept[1]
        assert like
        before, after = self._like(like, old, kept[0]), self._like(like, new, kept[1])
        if before.making == after.making or file:
            return before, after
        like = replace(like, making=Making(PORTABLE.name))
        return self._like(like, old, kept[0]), self._like(like, new, kept[1])

    def _like(self, other: Fingerprint, side: Side, kept: Fingerprint | None) -> Fingerprint:
        """What was kept, where it was made as the other was or can't be made so; otherwise what is read now."""
        making = other.making
        if making.algorithm not in ALGORITHMS:
            raise CannotCheck(f"this migsafe doesn't know the fingerprint's algorithm {making.algorithm!r}")
        algorithm, buckets = ALGORITHMS[making.algorithm], {n: len(t.buckets) or 1 for n, t in other.tables.items()}
        if isinstance(side, Address):
            return take_fingerprint(
                side,
                algorithm=algorithm,
                workers=self.choice.workers,
                statement_timeout=self.choice.statement_timeout,
                buckets=buckets,
                chooses=self.choice.reads,
                progress=self.progress,
            )
        assert kept
        hopeless = algorithm is not PORTABLE and making[1:] != kept.making[1:]
        if isinstance(side, Path) or making == kept.making or hopeless:
            return kept
        self.progress(f"restoring {side.path.name}, whose digests were made in another way than the other side's")
        return read_restored(side, algorithm, self.choice, buckets, self.settings, self.progress)


def _kept(side: Side) -> Fingerprint | None:
    if isinstance(side, Address):
        return None
    return side.fingerprint if isinstance(side, Snapshot) else read_fingerprint(side)


def _described(side: Side, fingerprint: Fingerprint) -> ComparedSide:
    if isinstance(side, Snapshot):
        return ComparedSide("snapshot", str(side.path), fingerprint.server_version)
    kind = "database" if isinstance(side, Address) else "fingerprint"
    return ComparedSide(kind, str(side), fingerprint.server_version)
