"""A column that isn't there: misspelt, or dropped by an earlier statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.catalog.names import has_all_columns, meant, missing_column
from migsafe.rules.claims import Says
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import (
    Action,
    AddConstraint,
    AlterColumnType,
    ConstraintKind,
    CreateIndex,
    CreateTable,
    CreateView,
    Delete,
    DropColumn,
    DropNotNull,
    Insert,
    Query,
    SetDefault,
    SetNotNull,
    Update,
)
from migsafe.sql.names import Name, quoted
from migsafe.sql.scopes import ColumnUse

if TYPE_CHECKING:
    from migsafe.rules.context import Context

_ALTERATIONS = (AddConstraint, AlterColumnType, CreateIndex, DropColumn, DropNotNull, SetDefault, SetNotNull)
_WITH_QUERIES = (CreateTable, CreateView, Delete, Insert, Query, Update)


def find(action: Action, context: Context) -> Iterator[Match]:
    if context.statement.conditional or context.catalog.blurred:
        return
    told = set()
    for table, column in _named(action):
        known = context.table(table)
        if known is None or column in known.columns or column in told or column.startswith("xm"):
            continue
        if has_all_columns(known) or column in known.gone:
            told.add(column)
            yield _match(column, str(table), tuple(known.columns), dropped=column in known.gone)
    if isinstance(action, _WITH_QUERIES):
        yield from _in_queries(context)


def _named(action: Action) -> Iterator[tuple[Name, str]]:
    """The columns that an alteration needs to be there, each with its table."""
    match action:
        case DropColumn():
            if not action.column_if_exists:
                yield action.table, action.column
        case AlterColumnType() | SetDefault() | SetNotNull() | DropNotNull():
            yield action.table, action.column
        case AddConstraint():
            if action.constraint.kind is not ConstraintKind.CHECK:
                yield from ((action.table, column) for column in action.constraint.columns)
            if action.constraint.refers_to and action.constraint.refers_to != action.table:
                yield from ((action.constraint.refers_to, column) for column in action.constraint.refers_columns)
        case CreateIndex():
            yield from ((action.table, column) for column in action.columns if column)
        case _:
            return


def _in_queries(context: Context) -> Iterator[Match]:
    told = set()
    for use in context.uses:
        if isinstance(use, ColumnUse) and (found := missing_column(use, context.catalog)):
            where, there = found
            if (use.column, where) not in told:
                told.add((use.column, where))
                tables = (source.table for level in use.levels for source in level if source.table)
                gone = any((known := context.table(name)) and use.column in known.gone for name in tables)
                yield _match(use.column, where, there, dropped=gone)


def _match(column: str, where: str, there: tuple[str, ...], *, dropped: bool) -> Match:
    said = "was dropped or renamed by an earlier statement" if dropped else "isn't there"
    near = meant(column, there)
    listed = ", ".join(map(quoted, there))
    return Match(
        f"Column {quoted(column)} of {where} {said}, so that PostgreSQL refuses the statement.",
        f"-- is {quoted(near)} meant?" if near else f"-- {where} has {listed}",
        where,
    )


RULE = Rule(
    id="column-missing",
    hazard="J2",
    title="A column that isn't there",
    explanation="A misspelt column, or one that an earlier statement dropped or renamed: PostgreSQL refuses the "
    "statement when it runs, in the middle of the migration. Found where the table was seen being made, and nothing "
    "before did what can't be followed.",
    on=(*_ALTERATIONS, *_WITH_QUERIES),
    find=find,
    claims=(Says("42703"),),
    given="CREATE TABLE orders (id bigint, note text);",
    bad="UPDATE orders SET notes = '' WHERE id = 1;",
    good="UPDATE orders SET note = '' WHERE id = 1;",
)
