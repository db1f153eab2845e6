"""How many transactions a run made durable, and what it never committed, as the tap saw them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from migsafe.sql.nodes import first_node

if TYPE_CHECKING:
    from migsafe.findings import Statement
    from migsafe.postgres.names import TableName

_CHANGES_NOTHING = frozenset(
    [
        "BEGIN",
        "START",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT",
        "RELEASE",
        "SET",
        "RESET",
        "SHOW",
        "SELECT",
        "FETCH",
        "DECLARE",
        "CLOSE",
        "LISTEN",
        "DISCARD",
    ]
)
"""First words of the command tags (PostgreSQL manual, 55.7, CommandComplete) that by themselves change no state."""


def durable_transactions(statements: Iterable[Statement], version_tables: Sequence[TableName]) -> int:
    """How often a migration committed a change of its own up to its entry in the tool's books; of several the most.

    An entry is a statement that names a version table; the transaction that holds it ends a migration, so that many
    which each commit together with their own entry count as one. What comes after the last entry isn't counted (no run
    of the migration goes there again), unless nothing came before it: the tool may make its entries first. A ``SELECT``
    that calls a function which writes is taken for a read.
    """
    books = tuple(table.name.lower() for table in version_tables)
    transactions: dict[object, list[Statement]] = {}
    for position, statement in enumerate(statements):
        if changes_something(statement):
            block = (statement.backend, statement.transaction)
            transactions.setdefault(block if statement.transaction is not None else position, []).append(statement)
    counts = [0]
    for changes in transactions.values():
        of_books = [change for change in changes if any(book in change.sql.lower() for book in books)]
        counts[-1] += len(of_books) < len(changes)
        if any(change.changes_rows for change in of_books):
            counts.append(0)
    return max(counts[:-1], default=0) or counts[-1]


def never_committed(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements that changed something in a transaction that was still open when its session ended.

    The server rolls such a transaction back. ReadyForQuery said T, and nothing came after it.
    """
    last = {statement.backend: statement for statement in statements if statement.state_after is not None}
    left_open = {(backend, each.transaction) for backend, each in last.items() if each.state_after == "T"}
    return tuple(
        each for each in statements if (each.backend, each.transaction) in left_open and changes_something(each)
    )


def changes_something(statement: Statement) -> bool:
    """Whether a statement may have changed what a state holds, by its command tag."""
    return not statement.error and (statement.command not in _CHANGES_NOTHING or makes_table(statement))


def makes_table(statement: Statement) -> bool:
    """Whether it is a ``CREATE TABLE AS`` or ``SELECT INTO``, which end with the tag of a SELECT."""
    text = statement.sql.lower()
    return statement.command == "SELECT" and ("create" in text or "into" in text) and _is_table_from_rows(statement.sql)


@lru_cache(maxsize=64)
def _is_table_from_rows(sql: str) -> bool:
    node = first_node(sql)
    if node is None:
        return True  # what can't be read may have written
    return bool(node.WhichOneof("node") == "create_table_as_stmt" or node.select_stmt.HasField("into_clause"))
