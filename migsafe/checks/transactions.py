"""How many transactions a run made durable, as the tap saw them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

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
    """Count the transactions that committed a change of the migration's own.

    Statements that only keep the migration tool's books (they name a version table) don't count: where a tool writes
    them in a transaction of their own, the migration may still be a single one. A ``SELECT`` that calls a function
    which writes is taken for a read.
    """
    books = tuple(table.name.lower() for table in version_tables)
    durable: set[object] = set()
    for position, statement in enumerate(statements):
        tag = (statement.command_tag or "").partition(" ")[0]
        text = statement.sql.lower()
        if not statement.error and tag not in _CHANGES_NOTHING and not any(book in text for book in books):
            block = (statement.backend, statement.transaction)
            durable.add(block if statement.transaction is not None else position)
    return len(durable)
