"""Two sorted streams of row hashes, side by side: what is in one of them only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import inf
from typing import NamedTuple

LINES_AT_A_TIME = 10_000


class Hashed(NamedTuple):
    """A row, or equal rows, by hashes: of the key, and of the rest (without a key: how many rows there are)."""

    place: int
    mark: int
    tid: str
    """Where it lies in the table (manual, 5.5, ``ctid``)."""


class Place(NamedTuple):
    """What differs under one hash of the key."""

    place: int
    old: list[Hashed]
    new: list[Hashed]


def differing(old: Iterable[bytes], new: Iterable[bytes]) -> Iterator[Place]:
    """Compare lines of ``place<TAB>mark<TAB>tid``, sorted by place, but for the tid; yields by place.

    Memory: some ten thousand lines, and those under the same place. Equal lines cost no more than two lookups.
    """
    ours, theirs = _Stream(iter(old)), _Stream(iter(new))
    while min(ours.frontier, theirs.frontier) < inf:
        (ours if ours.frontier <= theirs.frontier else theirs).advance()
        for line in ours.unmatched.keys() & theirs.unmatched.keys():
            del ours.unmatched[line], theirs.unmatched[line]
        complete = min(ours.frontier, theirs.frontier)
        yield from _by_place(ours.take(complete), theirs.take(complete))


@dataclass(slots=True)
class _Stream:
    """Lines that have no equal on the other side yet, with their tids, and how far was read."""

    lines: Iterator[bytes]
    unmatched: dict[bytes, bytes] = field(default_factory=dict)
    frontier: float = -inf

    def advance(self) -> None:
        line = b""
        for block in islice(self.lines, LINES_AT_A_TIME):
            line, _, tid = bytes(block).rpartition(b"\t")
            self.unmatched[line] = tid
        self.frontier = int(line.partition(b"\t")[0]) if line else inf

    def take(self, end: float) -> list[Hashed]:
        """Remove and return the lines before the place ``end``, of which no more can come."""
        taken = []
        for line in list(self.unmatched):
            place, _, mark = line.partition(b"\t")
            if int(place) < end:
                taken.append(Hashed(int(place), int(mark), self.unmatched.pop(line).decode().strip()))
        return taken


def _by_place(old: list[Hashed], new: list[Hashed]) -> Iterator[Place]:
    places: dict[int, Place] = {}
    for row in old:
        places.setdefault(row.place, Place(row.place, [], [])).old.append(row)
    for row in new:
        places.setdefault(row.place, Place(row.place, [], [])).new.append(row)
    yield from (places[place] for place in sorted(places))
