"""What rules share about constraints: which ones an action adds, and how those are written that are named later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.catalog import Table
from migsafe.rules.edits import Edit, Fix, at_end, end_of_action, in_front
from migsafe.sql.actions import AddColumn, AddConstraint, Constraint, ConstraintKind, CreateTable
from migsafe.sql.limits import LONGEST_NAME
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


def written(action: CreateTable | AddConstraint | AddColumn) -> Iterator[tuple[Name, Constraint]]:
    """The constraints that an action writes down, those beside columns too, each with its table."""
    match action:
        case CreateTable():
            yield from ((action.name, each) for each in action.all_constraints)
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


def valid_later_fixes(action: AddConstraint | AddColumn, constraint: Constraint, context: Context) -> tuple[Fix, ...]:
    """NOT VALID at the end of the action, and behind the statement one that validates."""
    text, among = context.statement.text, context.statement.actions
    name = sure_name(action.table, constraint, context) if action.alone else constraint.name
    if not isinstance(action, AddConstraint) or name is None:
        return ()
    end = end_of_action(text, among.index(action), len(among))
    if end is None:
        return ()
    only = f"{'IF EXISTS ' if action.if_exists else ''}{'ONLY ' if action.only else ''}"
    validate = at_end(text, f";\nALTER TABLE {only}{action.table} VALIDATE CONSTRAINT {quoted(name)}")
    later = Edit(end, end, " NOT VALID")
    both = (Edit(end, end, f"{later.text}{validate.text}"),) if end == validate.start else (later, validate)
    return ((*naming(text, constraint, name), *both),)


def naming(text: str, constraint: Constraint, name: str) -> tuple[Edit, ...]:
    """What gives a constraint that has none this name."""
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
