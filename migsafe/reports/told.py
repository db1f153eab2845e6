"""What is known of a statement, in words: for every format that shows statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migsafe.findings import Lock, MigrationReport, Statement
from migsafe.plain import many

BAD, DOUBTFUL, SOFT = "bad", "doubtful", "soft"
"""How much a line matters: it failed or blocks reads, it blocks or writes much, or it is only good to know."""


def notes(statement: Statement) -> Iterator[tuple[str, str]]:
    """Lines below a statement, each with how much it matters: error, locks, rewrites, scans, growth."""
    if error := statement.error:
        yield BAD, f"{error.severity} {error.sqlstate}: {error.message}"
    for lock in statement.locks:
        yield (BAD if "reads" in lock.blocks else DOUBTFUL if "writes" in lock.blocks else SOFT), lock_held(lock)
    for rewrite in statement.rewrites:
        yield DOUBTFUL, f"writes the {rewrite.kind} {rewrite.relation} anew: {rewrite.reason}"
    for scan in statement.scans:
        yield SOFT, f"reads {many(scan.rows, 'row')} of {scan.relation}{', to its end' if scan.whole else ''}"
    if statement.locks and not statement.scans_measured:
        yield SOFT, f"what it read was not measured{f': {why}' if (why := statement.scans_unmeasured) else ''}"
    if statement.growth:
        yield SOFT, f"work: {statement.growth.value}"


def lock_held(lock: Lock, relations: Sequence[str] = ()) -> str:
    """``ACCESS EXCLUSIVE on public.orders, blocks reads, writes, DDL, held 640.2 ms``."""
    blocks = f", blocks {', '.join(lock.blocks)}" if lock.blocks else ""
    held = ", held until the connection ended" if lock.milliseconds is None else f", held {lock.milliseconds:,.1f} ms"
    return f"{lock.mode} on {', '.join(relations) or lock.relation}{blocks}{held}"


@dataclass(frozen=True, slots=True)
class InTheWay:
    """What a statement locked in one mode, such that others can't read or write: a table and its indexes, say."""

    migration: MigrationReport
    statement: Statement
    lock: Lock
    relations: tuple[str, ...]

    @property
    def blocks_reads(self) -> bool:
        return "reads" in self.lock.blocks


def in_the_way(migrations: Sequence[MigrationReport]) -> list[InTheWay]:
    """The locks that keep others from reading or writing, in order; not a weaker one beside a stronger."""
    return [
        each for migration in migrations for statement in migration.statements for each in _held(migration, statement)
    ]


def _held(migration: MigrationReport, statement: Statement) -> Iterator[InTheWay]:
    strongest: dict[str, Lock] = {}
    for lock in statement.locks:  # the strongest come first
        strongest.setdefault(lock.relation, lock)
    alike: dict[tuple[object, ...], list[Lock]] = {}
    for lock in strongest.values():
        if {"reads", "writes"} & {*lock.blocks}:
            alike.setdefault((lock.mode, lock.blocks, lock.milliseconds), []).append(lock)
    for locks in alike.values():
        yield InTheWay(migration, statement, locks[0], tuple(lock.relation for lock in locks))


def length(statements: Sequence[Statement]) -> float:
    """Milliseconds from the start of the first statement to the end of the last, or of the last lock."""
    ends = (
        statement.started + max([statement.milliseconds, *(lock.milliseconds or 0.0 for lock in statement.locks)])
        for statement in statements
    )
    return max(ends, default=0.0)
