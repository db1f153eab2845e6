"""The migration at two sizes: on the baseline's rows, or so many times of them that there are enough, and on four times
as many. What statements do on both says whether their work grows.

Only the tables that the migration touches are multiplied, and those that their keys refer to; unique keys that the
migration makes hold for the copies as well.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.checks.growth import FACTOR, Label, confirmed, labels
from migsafe.checks.locks.held import stops
from migsafe.findings import Growth
from migsafe.populate.multiply import multiply
from migsafe.populate.tables import Key, Reference, Table, find_references, find_tables
from migsafe.postgres.names import TableName

if TYPE_CHECKING:
    import psycopg

    from migsafe.findings import Statement
    from migsafe.history.model import Migration
    from migsafe.sandbox import Sandbox, TracedRun

MOST_ROWS = 2_000_000
"""More than this many rows are not made for the large size."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What came of it. ``labels`` go by the number of the statement in the first run.

    ``refused`` says by table why its rows were not multiplied, ``reason`` why some or all statements have no label.
    ``one_is_enough`` says that a second size wasn't asked for, or that the first is as large as any that would be made:
    what is seen there decides then.
    """

    labels: Mapping[int, Label] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    one_is_enough: bool = False

    @property
    def measured(self) -> Mapping[int, str]:
        """What was measured at the two sizes, in words, by the number of the statement."""
        return {number: label.why for number, label in self.labels.items()}


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be measured: a step whose first run, on ``before`` with so many ``rows``, was ``applied``.

    ``after`` is the database that it led to. ``least`` is how many rows the largest of the tables that it locks shall
    have at the small size.
    """

    sandbox: Sandbox
    before: str
    after: str
    target: Migration | None
    applied: TracedRun
    rows: Mapping[str, int]
    least: int


def measure_sizes(question: Question) -> Sizes:
    """Run the migration at both sizes, each on a clone of its own; again where the time alone tells of growth."""
    plan = _plan(question)
    if plan.rows > MOST_ROWS:
        reason = f"at {FACTOR} times the rows there would be {plan.rows:,}, too many to be made"
        return Sizes(reason=reason, one_is_enough=True)
    first = _measure(question, plan)
    if any(label.by_time for label in first.labels.values()):
        second = _measure(question, plan)
        return Sizes(confirmed(first.labels, second.labels), first.refused, first.reason)
    return first


@dataclass(frozen=True, slots=True)
class _Plan:
    """``factor`` leads to the small size. ``tables`` are multiplied, and ``left`` stay as they are.

    ``keys`` are the unique keys that the migration makes, ``roots`` the partitioned tables that partitions belong to.
    """

    factor: int
    tables: Collection[Table]
    left: Collection[TableName]
    keys: Mapping[int, Sequence[Key]]
    roots: Mapping[str, str]
    rows: int


def _plan(question: Question) -> _Plan:
    sandbox, statements = question.sandbox, question.applied.statements
    with sandbox.connect(question.before) as connection:
        tables = find_tables(connection, sandbox.history.version_tables)
        references = find_references(connection, tables)
        roots = _partition_roots(connection)
    with sandbox.connect(question.after) as connection:
        keys = {table.oid: table.keys for table in find_tables(connection)}
    touched = {roots.get(name, name) for statement in statements for name in _touched(statement)}
    chosen = {table for table in tables if table.qualified in touched}
    needed = tuple(each for each in references if _in_a_key(each))
    while more := {each.parent for each in needed if each.child in chosen} - chosen:
        chosen |= more
    rows = dict.fromkeys((table.qualified for table in chosen), 0)
    for name, count in question.rows.items():
        if roots.get(name, name) in rows:
            rows[roots.get(name, name)] += count
    locked = {roots.get(lock.relation, lock.relation) for each in statements for lock in each.locks if stops(lock)}
    largest = max((count for name, count in rows.items() if name in locked), default=0)
    factor = max(1, math.ceil(question.least / largest)) if largest else 1
    left = {TableName(table.name, table.schema) for table in tables if table not in chosen}
    new_keys = {table.oid: _new_keys(table, keys.get(table.oid, ())) for table in chosen}
    every = {*left, *sandbox.history.version_tables}
    return _Plan(factor, chosen, every, new_keys, roots, sum(rows.values()) * factor * FACTOR)


def _touched(statement: Statement) -> Iterator[str]:
    yield from (lock.relation for lock in statement.locks)
    yield from (scan.relation for scan in statement.scans)
    yield from (rewrite.relation for rewrite in statement.rewrites)


def _in_a_key(reference: Reference) -> bool:
    """Whether a unique key of the table has columns of the reference, so that copies need another row to refer to."""
    return any(set(reference.columns) & set(key.columns) for key in reference.child.keys)


def _new_keys(table: Table, after: Sequence[Key]) -> tuple[Key, ...]:
    """The unique keys that the table gets, over columns that it has."""
    known, columns = {key.columns for key in table.keys}, {column.name for column in table.columns}
    return tuple(key for key in after if key.columns not in known and columns.issuperset(key.columns))


def with_partitioned(connection: psycopg.Connection, rows: Mapping[str, int]) -> Mapping[str, int]:
    """The counts of tables with those of partitioned tables as wholes, by printed names."""
    found = dict(rows)
    for table, root in _partition_roots(connection).items():
        found[root] = found.get(root, 0) + rows.get(table, 0)
    return found


def _partition_roots(connection: psycopg.Connection) -> Mapping[str, str]:
    """The partitioned table that each partition belongs to in the end, by printed names. Locks: on catalogs only."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute(_ROOTS).fetchall())


_ROOTS = """
SELECT format('%I.%I', pn.nspname, p.relname), format('%I.%I', rn.nspname, r.relname)
FROM pg_class p
JOIN pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_class r ON r.oid = pg_partition_root(p.oid)
JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE p.relispartition
"""


def _measure(question: Question, plan: _Plan) -> Sizes:
    sandbox, few = question.sandbox, _Size(question.before, question.rows)
    with ExitStack() as stack:
        small = stack.enter_context(_multiplied(question, plan, few, plan.factor))
        with _multiplied(question, plan, small, FACTOR) as large:
            on_large = sandbox.trace(large.database, question.target, large.rows)
        on_small = question.applied if small is few else sandbox.trace(small.database, question.target, small.rows)
    refused = {**small.refused, **large.refused}
    more = sum(large.rows.values()) - sum(small.rows.values())
    found = labels(question.applied.statements, on_small.statements, on_large.statements, more)
    return Sizes(
        {number: label for number, label in found.items() if _is_of_copies(question, number, label, refused)},
        refused,
        _failure(on_small, f"on {_times(plan.factor)}") or _failure(on_large, f"on {_times(plan.factor * FACTOR)}"),
    )


@dataclass(frozen=True, slots=True)
class _Size:
    """A database, how many rows its tables have, and why some have no more than before."""

    database: str
    rows: Mapping[str, int]
    refused: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def _multiplied(question: Question, plan: _Plan, size: _Size, factor: int) -> Iterator[_Size]:
    """A clone with so many times the rows for the length of a ``with`` block; the same where that is once."""
    if factor == 1:
        yield size
        return
    sandbox = question.sandbox
    with sandbox.scratch(f"times_{factor}", template=size.database) as database:
        with sandbox.connect(database) as connection:
            made = multiply(connection, factor, ignore=plan.left, keys=plan.keys)
            for table in plan.tables:
                connection.execute(sql.SQL("ANALYZE {}").format(table.identifier))
        refused = {each.qualified: made.refused[each.printed] for each in plan.tables if each.printed in made.refused}
        copied = {table.qualified for table in plan.tables} - refused.keys()
        rows = {
            name: count * factor if plan.roots.get(name, name) in copied else count for name, count in size.rows.items()
        }
        yield _Size(database, rows, refused)


def _is_of_copies(question: Question, number: int, label: Label, refused: Mapping[str, str]) -> bool:
    """Whether a label says something: work on tables of which there were no more rows says nothing."""
    statement = question.applied.statements[number]
    works = statement.scans or statement.rewrites or statement.rows
    counted = label.growth is Growth.GROWING and not label.by_time
    return not works or counted or not refused.keys() & {*_touched(statement)}


def _times(factor: int) -> str:
    return "the rows that there are" if factor == 1 else f"{factor:,} times the rows"


def _failure(run: TracedRun, size: str) -> str:
    if run.succeeded:
        return run.not_traced
    return f"{size} the migration fails: {run.error}"
