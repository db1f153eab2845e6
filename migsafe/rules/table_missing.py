"""A table that isn't there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.catalog import Table, View
from migsafe.catalog.names import is_missing, meant
from migsafe.rules.claims import Says
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import (
    Action,
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterTable,
    CreateIndex,
    CreateTable,
    CreateView,
    Delete,
    DropColumn,
    DropConstraint,
    DropNotNull,
    Insert,
    Kind,
    Query,
    SetDefault,
    SetNotNull,
    Truncate,
    Update,
    ValidateConstraint,
)
from migsafe.sql.names import Name
from migsafe.sql.scopes import TableUse

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Action, context: Context) -> Iterator[Match]:
    if context.statement.conditional:
        return
    for table in dict.fromkeys(_named(action, context)):
        if is_missing(table, context.catalog) and not _named_before(table, context):
            yield _match(table, context)


def _named(action: Action, context: Context) -> Iterator[Name]:
    match action:
        case AlterTable():
            if not action.if_exists:
                yield action.table
            if isinstance(action, AddConstraint) and action.constraint.refers_to:
                yield action.constraint.refers_to
            if isinstance(action, AddColumn):
                yield from (each.refers_to for each in action.column.constraints if each.refers_to)
        case CreateTable() if not action.as_query:
            referred = (each.refers_to for each in action.all_constraints if each.refers_to)
            yield from (name for name in referred if name.name != action.name.name)
        case CreateIndex():
            yield action.table
        case Truncate():
            yield from action.tables
        case _:
            yield from (use.table for use in context.uses if isinstance(use, TableUse))


def _named_before(table: Name, context: Context) -> bool:
    """Whether an earlier statement of the script is about the table, so that it was said there."""
    return any(getattr(each.action, "table", None) == table for each in context.earlier)


def _match(table: Name, context: Context) -> Match:
    catalog = context.catalog
    if catalog.was_dropped(Kind.TABLE, table):
        return Match(
            f"{table} was dropped or renamed by an earlier statement, so that PostgreSQL refuses this one.",
            f"-- put this before {table} is dropped, or name what it is called now",
            table,
        )
    there = (each.name.name for each in catalog.relations.values() if isinstance(each, (Table, View)))
    near = meant(table.name, there)
    return Match(
        f"There is no table {table}: no migration before this one makes it, so that PostgreSQL refuses the statement.",
        f"-- is {table.beside(near)} meant?"
        if near
        else "-- make the table first; --schema names a dump of what is there",
        table,
    )


RULE = Rule(
    id="table-missing",
    hazard="J1",
    title="A table that isn't there",
    explanation="PostgreSQL refuses the statement when it runs, in the middle of the migration. Found where the "
    "history or `--schema` gives everything that there is, and nothing before did what can't be followed (dynamic SQL, "
    "unknown extensions, functions that are called, conditions around DDL).",
    on=(
        AddColumn,
        AddConstraint,
        AlterColumnType,
        CreateIndex,
        CreateTable,
        CreateView,
        Delete,
        DropColumn,
        DropConstraint,
        DropNotNull,
        Insert,
        Query,
        SetDefault,
        SetNotNull,
        Truncate,
        Update,
        ValidateConstraint,
    ),
    find=find,
    confidence=Confidence.LIKELY,
    claims=(Says("42P01"),),
    given="CREATE TABLE orders (id bigint, note text);\nCREATE TABLE customers (id bigint);\nDROP TABLE customers;",
    bad="UPDATE customers SET id = 1 WHERE id = 2;",
    good="UPDATE orders SET id = 1 WHERE id = 2;",
)
