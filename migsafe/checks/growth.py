"""Whether the work of each statement grows with the rows: one run on few rows against one on four times as many. Pure.

What is counted comes before what is timed: rows read from end to end, rows in the command tag, files written anew,
write-ahead log. Time decides only where none of them grew, with a floor; and then it is measured again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from migsafe.findings import Growth, Statement

FACTOR = 4
"""How many times the rows of the small size the large one has."""

GROWS = FACTOR / 2
"""Work that is so many times as much on the large size grows; what lies below is noise."""

TIME_GROWS = 2.5
TIME_FLOOR_MILLISECONDS = 100.0
"""Time grows if it is so many times, and by so much, longer on the large size, each time that it is measured."""

WAL_PER_ROW, WAL_FLOOR = 10, 100_000
"""Bytes of write-ahead log for each row more, and for pages of the catalogs, below which nobody wrote rows."""

PLANNED = frozenset(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "FETCH", "DO", "CALL"])
"""First words of the command tags of statements for which the planner chooses whether a table is read whole."""

PLANNED_FLOOR = 1000
"""Rows that those must read more: a table that is smaller is read whole though there is an index."""

ANSWERED_WITH_THE_LAST = 0.1
"""Milliseconds of a statement whose answer came together with the one before it, which carries the time of both."""

WRITTEN_ANEW_UNSEEN = ("VACUUM FULL", "CLUSTER", "REINDEX")
"""Reasons of rewrites that no event trigger tells of, so that the rows read for them were not counted."""


@dataclass(frozen=True, slots=True)
class Label:
    """``why`` says what was measured at the two sizes. ``by_time`` says that nothing but the time tells.

    ``milliseconds`` are those at the small and at the large size.
    """

    growth: Growth
    why: str
    milliseconds: tuple[float, float]
    by_time: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """What one statement, or several that are alike, did."""

    scanned: int
    rows: int
    wal_bytes: int
    milliseconds: float
    rewrites: frozenset[str]
    timed: bool
    planned: bool = False

    @classmethod
    def of(cls, statement: Statement, *, timed: bool = True) -> Work:
        """``timed`` is false where its time may be another's as well.

        What a COMMIT writes is what was done before it.
        """
        return cls(
            scanned=sum(scan.rows for scan in statement.scans),
            rows=statement.rows or 0,
            wal_bytes=0 if statement.command_tag == "COMMIT" else statement.wal_bytes or 0,
            milliseconds=statement.milliseconds,
            rewrites=frozenset(each.relation for each in statement.rewrites if each.reason in WRITTEN_ANEW_UNSEEN),
            timed=timed,
            planned=is_planned(statement),
        )

    def __add__(self, other: Work) -> Work:
        return Work(
            self.scanned + other.scanned,
            self.rows + other.rows,
            self.wal_bytes + other.wal_bytes,
            self.milliseconds + other.milliseconds,
            self.rewrites | other.rewrites,
            self.timed and other.timed,
            self.planned or other.planned,
        )


def is_planned(statement: Statement) -> bool:
    """Whether what it reads is the planner's choice, not the command's nature."""
    return statement.command in PLANNED


def labels(
    statements: Sequence[Statement], small: Sequence[Statement], large: Sequence[Statement], more_rows: int
) -> Mapping[int, Label]:
    """The label of each statement by its number; none for one that failed or was not run at both sizes.

    ``small`` and ``large`` are the statements of runs on the two sizes, ``more_rows`` how many rows lie between them.
    A statement is known again by its place and its text without numbers. Where there are more of a kind on the large
    size, as of a backfill in batches, the kind grows if they run in one transaction; else each stands for itself.
    """
    on_small, on_large = (_by_kind(each) for each in (small, large))
    found = {}
    for kind, numbers in _numbers(statements).items():
        if kind not in on_small or kind not in on_large:
            continue
        pairs = tuple(_pairs(on_small[kind], on_large[kind]))
        for place, number in enumerate(numbers):
            if statements[number].error is None:
                found[number] = _label(*pairs[min(place, len(pairs) - 1)], more_rows)
    return found


def with_growth(statements: Sequence[Statement], found: Mapping[int, Label]) -> tuple[Statement, ...]:
    """The statements with their labels in ``growth``."""
    return tuple(
        replace(statement, growth=found[number].growth) if number in found else statement
        for number, statement in enumerate(statements)
    )


def confirmed(first: Mapping[int, Label], second: Mapping[int, Label]) -> Mapping[int, Label]:
    """The first labels, but where time alone told, what the slowest small run against the fastest large one says."""
    return {
        number: _by_time(label, second[number]) if label.by_time and number in second else label
        for number, label in first.items()
    }


def _by_time(first: Label, second: Label) -> Label:
    if second.growth is Growth.GROWING and not second.by_time:
        return second
    small, large = zip(first.milliseconds, second.milliseconds, strict=True)
    grows = _is_slower(max(small), min(large))
    return replace(first, growth=Growth.GROWING if grows else Growth.CONSTANT, by_time=grows)


def _is_slower(small: float, large: float) -> bool:
    return large >= TIME_GROWS * small and large - small >= TIME_FLOOR_MILLISECONDS


_Kind = tuple[object, ...]
_Measured = tuple[Statement, Work]


def _kind(statement: Statement) -> _Kind:
    text = re.sub(r"\d+", "0", " ".join(statement.sql.split()))
    return statement.location, text[:500]


def _numbers(statements: Sequence[Statement]) -> Mapping[_Kind, list[int]]:
    found: dict[_Kind, list[int]] = {}
    for number, statement in enumerate(statements):
        found.setdefault(_kind(statement), []).append(number)
    return found


def _by_kind(statements: Sequence[Statement]) -> Mapping[_Kind, list[_Measured]]:
    found: dict[_Kind, list[_Measured]] = {}
    for statement, after in zip(statements, (*statements[1:], None), strict=True):
        if statement.error is None:
            work = Work.of(statement, timed=not _answered_together(statement, after))
            found.setdefault(_kind(statement), []).append((statement, work))
    return found


def _answered_together(statement: Statement, after: Statement | None) -> bool:
    return (
        after is not None
        and after.transaction is not None
        and (after.backend, after.transaction) == (statement.backend, statement.transaction)
        and after.milliseconds < ANSWERED_WITH_THE_LAST
    )


def _pairs(small: Sequence[_Measured], large: Sequence[_Measured]) -> Iterator[tuple[Work, Work]]:
    """What to compare for each statement of a kind; the last pair stands for all that come after it."""
    if len(small) == len(large):
        yield from zip((work for _, work in small), (work for _, work in large), strict=True)
        return
    together = {(each.backend, each.transaction) for each, _ in large}
    if len(together) == 1 and large[0][0].transaction is not None:
        yield _sum(small), _sum(large)
    else:
        yield small[0][1], large[0][1]


def _sum(measured: Sequence[_Measured]) -> Work:
    first, *others = (work for _, work in measured)
    for each in others:
        first += each
    return first


def _label(small: Work, large: Work, more_rows: int) -> Label:
    milliseconds = small.milliseconds, large.milliseconds
    time = f"{small.milliseconds:,.1f} → {large.milliseconds:,.1f} ms"
    counted = tuple(_counted(small, large, more_rows))
    if counted:
        return Label(Growth.GROWING, ", ".join((*counted, time)), milliseconds)
    slower = small.timed and large.timed and _is_slower(*milliseconds)
    return Label(Growth.GROWING if slower else Growth.CONSTANT, time, milliseconds, by_time=slower)


def _counted(small: Work, large: Work, more_rows: int) -> Iterator[str]:
    """What grew of that which can be counted."""
    if _grew(small.scanned, large.scanned, least=PLANNED_FLOOR if small.planned else 2):
        yield f"reads {small.scanned:,} → {large.scanned:,} rows from end to end"
    if _grew(small.rows, large.rows):
        yield f"{small.rows:,} → {large.rows:,} rows"
    if large.rewrites:
        yield f"writes {', '.join(sorted(large.rewrites))} anew"
    if _grew(small.wal_bytes, large.wal_bytes, least=WAL_PER_ROW * more_rows + WAL_FLOOR):
        yield f"{small.wal_bytes:,} → {large.wal_bytes:,} bytes of write-ahead log"


def _grew(small: int, large: int, least: int = 2) -> bool:
    return large >= GROWS * small and large - small >= least
