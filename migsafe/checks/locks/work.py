"""Findings on work that is done while a lock keeps an application from a table, and on whether it grows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.checks.growth import is_planned
from migsafe.checks.locks.held import Moment, stops
from migsafe.checks.locks.remedies import builds_index, proves_rows, remedy_of
from migsafe.findings import STATEMENT, Evidence, Finding, Growth, Lock, Severity, Statement

if TYPE_CHECKING:
    from migsafe.findings import Location


def work_finding(moment: Moment, budget: float, step: Location) -> Finding | None:
    """The way in which the work of a statement keeps others waiting; none where it doesn't.

    Work that grows is an error. Work that doesn't is a warning where it takes longer than ``budget`` milliseconds, else
    nothing. Where nobody knows (``growth`` is none) it is a warning, and an error over the budget. ``step`` is the
    place of what has none of its own.
    """
    severity = _severity(moment.statement, budget)
    if not moment.blocking or moment.statement.error or severity is None:
        return None
    written, read = tuple(_written_anew(moment)), tuple(_read_to_the_end(moment))
    if (read or written) and builds_index(moment.statement.sql):
        return _finding("locks-index-build", moment, read or written, severity, step)
    if written or read:
        return _finding("locks-rewrite" if written else "locks-scan", moment, written or read, severity, step)
    works = moment.statement.growth is Growth.GROWING or moment.statement.milliseconds > budget
    if not works and (moment.statement.growth is not None or not _changes_half(moment)):
        return None
    rule = "locks-backfill" if moment.statement.changes_rows and moment.held else "locks-held"
    return _finding(rule, moment, _strongest_of_each(moment.held or moment.taken), severity, step)


def _severity(statement: Statement, budget: float) -> Severity | None:
    over = statement.milliseconds > budget
    if statement.growth is Growth.GROWING or (statement.growth is None and over):
        return Severity.ERROR
    return Severity.WARNING if over or statement.growth is None else None


def _written_anew(moment: Moment) -> Iterator[Lock]:
    """The locks on tables that are written anew, or the strongest one where only indexes are."""
    rewrites = moment.statement.rewrites
    tables = [lock for each in rewrites if each.kind == "table" and (lock := moment.on(each.relation))]
    yield from tables or ([moment.blocking[0]] if any(each.kind == "index" for each in rewrites) else [])


def _read_to_the_end(moment: Moment) -> Iterator[Lock]:
    """The locks on tables that a command goes through by its nature: what others read on the way is told as work."""
    if is_planned(moment.statement) and not proves_rows(moment.statement.sql):
        return
    yield from (lock for each in moment.statement.scans if each.whole and (lock := moment.on(each.relation)))


def _strongest_of_each(locks: Sequence[Lock]) -> tuple[Lock, ...]:
    """The strongest lock on each table; ``locks`` begin with the strongest."""
    return tuple({lock.relation: lock for lock in reversed(locks)}.values())[::-1]


def _changes_half(moment: Moment) -> bool:
    """Whether it changes as many rows as half of a table that it writes has: the whole, or a batch of two."""
    statement = moment.statement
    rows = [moment.rows[lock.relation] for lock in statement.locks if lock.relation in moment.rows]
    return statement.changes_rows and any(2 * (statement.rows or 0) >= count for count in rows)


def _finding(rule: str, moment: Moment, locks: Sequence[Lock], severity: Severity, step: Location) -> Finding:
    statement = moment.statement
    return Finding(
        rule=rule,
        severity=severity,
        message=" ".join((_MESSAGES[rule].format(**_words(locks)), _growth(statement))),
        remedy=remedy_of(rule, statement.sql),
        location=located(statement, locks[0].relation, step),
        evidence=tuple(_evidence(moment, locks)),
    )


_MESSAGES = {
    "locks-index-build": "An index is built while {what} of {tables} must wait.",
    "locks-rewrite": "{tables} is written anew while {what} must wait.",
    "locks-scan": "{tables} is read from end to end while {what} must wait.",
    "locks-backfill": "Rows are changed while a lock from before, in the same transaction, keeps {what} of {tables} "
    "waiting.",
    "locks-held": "{tables} can't be reached while this statement is at work: {what} must wait.",
}


def _words(locks: Sequence[Lock]) -> dict[str, str]:
    return {"what": stops(locks[0]), "tables": ", ".join(dict.fromkeys(lock.relation for lock in locks))}


def _growth(statement: Statement) -> str:
    if statement.growth is Growth.GROWING:
        return "The more rows, the longer."
    if statement.growth is Growth.CONSTANT:
        return "It takes as long whatever the rows."
    return "Whether that grows with the rows was not measured."


def located(statement: Statement, relation: str, step: Location) -> Location:
    """The statement's place in the user's files, or the step's, and the table."""
    place = statement.location if statement.location.file else step
    return replace(place, object=relation)


def _evidence(moment: Moment, locks: Sequence[Lock]) -> Iterator[Evidence]:
    statement = moment.statement
    yield Evidence(STATEMENT, statement.sql.strip())
    others = _strongest_of_each(moment.blocking)
    yield Evidence("locks", "\n".join(dict.fromkeys(described(lock) for lock in (*locks, *others))))
    yield Evidence("took", f"{statement.milliseconds:,.1f} ms")
    if moment.measured:
        yield Evidence("measured", moment.measured)


def described(lock: Lock) -> str:
    """Mode, table, whom it blocks and for how long, in words."""
    held = "" if lock.milliseconds is None else f", held {lock.milliseconds:,.1f} ms"
    return f"{lock.mode} on {lock.relation} keeps {stops(lock)} waiting{held}"
