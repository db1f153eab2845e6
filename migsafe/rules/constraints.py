"""What rules share about constraints: which ones an action adds, and how those are written that are named later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.catalog import Table
from migsafe.rules.edits import Edit, Fix, at_end, before, head, in_front, rest_from
from migsafe.sql.actions import AddColumn, AddConstraint, Constraint, ConstraintKind, CreateTable
from migsafe.sql.names import Name, quoted
from migsafe.sql.words import words

if TYPE_CHECKING:
    from migsafe.rules.context import Context

LONGEST_NAME = 63
"""Bytes of a name that PostgreSQL keeps (NAMEDATALEN - 1)."""


def added(action: AddConstraint | AddColumn, kind: ConstraintKind, context: Context) -> tuple[Constraint, ...]:
    """The constraints of a kind that an action gives a table, those beside a new column too."""
    if isinstance(action, AddConstraint):
        given: tuple[Constraint, ...] = (action.constraint,)
    elif action.if_not_exists and context.catalog.column(action.table, action.column.name):
        given = ()
    else:
        given = action.column.constraints
    return tuple(each for each in given if each.kind is kind)


def written(action: CreateTable | AddConstraint | AddColumn) -> Iterator[tuple[Name, Constraint]]:
    """The constraints that an action writes down, those beside columns too, each with its table."""
    match action:
        case CreateTable():
            yield from ((action.name, each) for each in action.constraints)
            yield from ((action.name, each) for column in action.columns for each in column.constraints)
        case AddColumn():
            yield from ((action.table, each) for each in action.column.constraints)
        case AddConstraint():
            yield action.table, action.constraint


def name_for(table: Name, constraint: Constraint) -> str:
    """The constraint's own name, or the one that PostgreSQL would begin with (ChooseConstraintName)."""
    if constraint.name:
        return constraint.name
    label = _LABELS.get(constraint.kind, "check")
    every = constraint.kind in (ConstraintKind.UNIQUE, ConstraintKind.FOREIGN_KEY)
    columns = constraint.columns if every or len(constraint.columns) == 1 else ()
    if constraint.kind is ConstraintKind.PRIMARY_KEY:
        columns = ()
    return "_".join((table.name, *columns, label))


_LABELS = {ConstraintKind.PRIMARY_KEY: "pkey", ConstraintKind.UNIQUE: "key", ConstraintKind.FOREIGN_KEY: "fkey"}


def index_first(action: AddConstraint | AddColumn, constraint: Constraint, context: Context) -> str:
    """The SQL that builds the index of a unique constraint or primary key beforehand, and lets writes pass."""
    name = quoted(name_for(action.table, constraint))
    kind = "PRIMARY KEY" if constraint.kind is ConstraintKind.PRIMARY_KEY else "UNIQUE"
    apart = " -- in a migration of its own that runs outside of a transaction" if context.in_transaction else ""
    index = f"{_unique_index(action.table, constraint, name)};{apart}"
    constrained = f"ALTER TABLE {action.table} ADD CONSTRAINT {name} {kind} USING INDEX {name}"
    return f"{index}\n{constrained}{' DEFERRABLE' if constraint.deferrable else ''};"


def partition_by_partition(action: AddConstraint | AddColumn, constraint: Constraint) -> str:
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


def index_first_fixes(action: AddConstraint | AddColumn, constraint: Constraint, context: Context) -> tuple[Fix, ...]:
    """The changes that :func:`index_first` stands for, where it says all that the statement says."""
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
    return ((index, *_naming(text, constraint, name), rest),)


def valid_later_fixes(action: AddConstraint | AddColumn, constraint: Constraint, context: Context) -> tuple[Fix, ...]:
    """NOT VALID at the end of the statement, and behind it one that validates."""
    text = context.statement.text
    name = sure_name(action.table, constraint, context)
    if not (isinstance(action, AddConstraint) and action.alone) or name is None:
        return ()
    validate = f" NOT VALID;\n{head(text, 'ADD')} VALIDATE CONSTRAINT {quoted(name)}"
    return ((*_naming(text, constraint, name), at_end(text, validate)),)


def _naming(text: str, constraint: Constraint, name: str) -> tuple[Edit, ...]:
    if constraint.name:
        return ()
    keyword = constraint.kind.value.split()[0].upper()
    return (in_front(text, keyword, f"CONSTRAINT {quoted(name)}"),)


def sure_name(table: Name, constraint: Constraint, context: Context) -> str | None:
    """The constraint's own name, or the one that PostgreSQL will choose; none where that isn't sure."""
    if constraint.name:
        return constraint.name
    name = name_for(table, constraint)
    home = context.catalog.qualified(table).schema
    taken = any(
        relation.name.schema == home
        and (relation.name.name == name or (isinstance(relation, Table) and name in relation.constraints))
        for relation in context.catalog.relations.values()
    )
    known = context.table(table)
    sure = known is not None and known.complete and context.catalog.complete
    return name if sure and not taken and len(name.encode()) <= LONGEST_NAME else None
