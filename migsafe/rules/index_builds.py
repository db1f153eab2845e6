"""Constraints that build their index while everybody waits, and the way in which nobody does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.constraints import added, name_for, naming, sure_name
from migsafe.rules.edits import Fix, before, rest_from
from migsafe.rules.rule import Match
from migsafe.sql.actions import AddColumn, AddConstraint, Constraint, ConstraintKind
from migsafe.sql.names import Name, quoted
from migsafe.sql.words import words

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def builds_index(
    action: AddConstraint | AddColumn, kind: ConstraintKind, called: str, context: Context
) -> Iterator[Match]:
    """The constraints of a kind that the action adds to a table that others use, each with its own index."""
    table = context.table(action.table)
    if context.is_new(action.table) or (table and (table.temporary or (table.partitioned and action.only))):
        return
    for each in added(action, kind, context):
        if each.using_index:
            continue
        partitioned = bool(table and table.partitioned)
        rewrite = _partition_by_partition(action, each) if partitioned else _index_first(action, each, context)
        if isinstance(action, AddColumn):
            rewrite = f"-- after ADD COLUMN {quoted(action.column.name)} without it\n{rewrite}"
        yield Match(
            f"Adding the {called} {quoted(name_for(action.table, each))} builds its index on {action.table} "
            "under an ACCESS EXCLUSIVE lock: reads and writes wait.",
            rewrite,
            action.table,
            fixes=() if partitioned else _index_first_fixes(action, each, context),
        )


def _index_first(action: AddConstraint | AddColumn, constraint: Constraint, context: Context) -> str:
    """The SQL that builds the index of a unique constraint or primary key beforehand, and lets writes pass."""
    name = quoted(name_for(action.table, constraint))
    kind = "PRIMARY KEY" if constraint.kind is ConstraintKind.PRIMARY_KEY else "UNIQUE"
    apart = " -- in a migration of its own that runs outside of a transaction" if context.in_transaction else ""
    index = f"{_unique_index(action.table, constraint, name)};{apart}"
    constrained = f"ALTER TABLE {action.table} ADD CONSTRAINT {name} {kind} USING INDEX {name}"
    return f"{index}\n{constrained}{' DEFERRABLE' if constraint.deferrable else ''};"


def _partition_by_partition(action: AddConstraint | AddColumn, constraint: Constraint) -> str:
    """How a unique constraint or primary key comes to a partitioned table, which takes none USING INDEX."""
    name = quoted(name_for(action.table, constraint))
    columns = ", ".join(quoted(each) for each in constraint.columns)
    kind = "PRIMARY KEY" if constraint.kind is ConstraintKind.PRIMARY_KEY else "UNIQUE"
    return (
        f"ALTER TABLE ONLY {action.table} ADD CONSTRAINT {name} {kind} ({columns});\n"
        f"-- then for each partition: CREATE UNIQUE INDEX CONCURRENTLY index ON partition ({columns});\n"
        f"-- ALTER TABLE partition ADD CONSTRAINT index {kind} USING INDEX index; "
        f"ALTER INDEX {name} ATTACH PARTITION index;"
    )


def _unique_index(table: Name, constraint: Constraint, name: str) -> str:
    columns = ", ".join(quoted(each) for each in constraint.columns)
    return f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns})"


def _index_first_fixes(action: AddConstraint | AddColumn, constraint: Constraint, context: Context) -> tuple[Fix, ...]:
    """The changes that :func:`_index_first` stands for, where it says all that the statement says."""
    text = context.statement.text
    said = any(word.is_keyword("INCLUDE", "NULLS", "WITH", "TABLESPACE", "ONLY") for word in words(text))
    if not (isinstance(action, AddConstraint) and action.alone and not action.if_exists) or said:
        return ()
    name = sure_name(action.table, constraint, context)
    if name is None or constraint.deferrable:
        return ()
    primary = constraint.kind is ConstraintKind.PRIMARY_KEY
    using = f"{' KEY' if primary else ''} USING INDEX {quoted(name)}"
    rest = rest_from(text, "PRIMARY" if primary else "UNIQUE", text=using)
    if rest is None:
        return ()
    index = before(_unique_index(action.table, constraint, quoted(name)))
    return ((index, *naming(text, constraint, name), rest),)
