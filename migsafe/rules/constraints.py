"""What rules share about constraints: which ones an action adds, and how those are written that are named later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.sql.actions import AddColumn, AddConstraint, Constraint, ConstraintKind
from migsafe.sql.names import Name, quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def added(action: AddConstraint | AddColumn, kind: ConstraintKind, context: Context) -> tuple[Constraint, ...]:
    """The constraints of a kind that an action gives a table, those beside a new column too."""
    if isinstance(action, AddConstraint):
        given: tuple[Constraint, ...] = (action.constraint,)
    elif action.if_not_exists and context.catalog.column(action.table, action.column.name):
        given = ()
    else:
        given = action.column.constraints
    return tuple(each for each in given if each.kind is kind)


def name_for(table: Name, constraint: Constraint) -> str:
    """The constraint's own name, or the one that PostgreSQL would begin with (ChooseConstraintName)."""
    if constraint.name:
        return constraint.name
    label = {ConstraintKind.PRIMARY_KEY: "pkey", ConstraintKind.UNIQUE: "key"}.get(constraint.kind, "check")
    columns = constraint.columns if constraint.kind is ConstraintKind.UNIQUE or len(constraint.columns) == 1 else ()
    if constraint.kind is ConstraintKind.PRIMARY_KEY:
        columns = ()
    return "_".join((table.name, *columns, label))


def index_first(action: AddConstraint | AddColumn, constraint: Constraint, context: Context) -> str:
    """The SQL that builds the index of a unique constraint or primary key beforehand, and lets writes pass."""
    name = quoted(name_for(action.table, constraint))
    columns = ", ".join(quoted(each) for each in constraint.columns)
    kind = "PRIMARY KEY" if constraint.kind is ConstraintKind.PRIMARY_KEY else "UNIQUE"
    apart = " -- in a migration of its own that runs outside of a transaction" if context.in_transaction else ""
    index = f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {action.table} ({columns});{apart}"
    constrained = f"ALTER TABLE {action.table} ADD CONSTRAINT {name} {kind} USING INDEX {name}"
    return f"{index}\n{constrained}{' DEFERRABLE' if constraint.deferrable else ''};"


def is_plain(action: AddConstraint | AddColumn, constraint: Constraint, context: Context) -> bool:
    """Whether :func:`index_first` says all that the statement says, so that it may stand for it."""
    text = context.statement.text.upper()
    said = any(word in text for word in ("INCLUDE", "NULLS", "WITH (", "TABLESPACE"))
    return (
        isinstance(action, AddConstraint)
        and action.alone
        and not action.if_exists
        and not (said or constraint.deferrable or context.in_transaction)
    )
