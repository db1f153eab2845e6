"""INSERT that leaves out a column which must have a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.catalog import Table
from migsafe.catalog.names import has_all_columns
from migsafe.rules.claims import Says
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Column, Insert, Kind
from migsafe.sql.names import Name, quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Insert, context: Context) -> Iterator[Match]:
    table = context.table(action.table)
    if not action.columns or table is None or not has_all_columns(table) or context.statement.conditional:
        return
    if context.catalog.blurred or any(kind in (Kind.TRIGGER, Kind.RULE) for kind, _ in table.parts):
        return  # a trigger may fill it
    for column in table.columns.values():
        if column.name not in action.columns and _is_required(column, table, context):
            yield Match(
                f"The INSERT gives {quoted(column.name)} of {action.table} no value: the column is NOT NULL and has no "
                "default, so that PostgreSQL refuses every row.",
                f"-- give {quoted(column.name)} a value",
                action.table,
            )


def _is_required(column: Column, table: Table, context: Context) -> bool:
    if not column.not_null or column.default is not None or column.identity or column.generated:
        return False
    kind = column.type
    if kind.schema is not None or context.catalog.type(_name(column)) is not None:
        return False  # a domain may have a default
    return not context.catalog.owned_sequences(table.name, column.name)


def _name(column: Column) -> Name:
    return Name(column.type.name, column.type.schema)


RULE = Rule(
    id="insert-without-required-column",
    hazard="J4",
    title="An INSERT leaves out a required column",
    explanation="The column is NOT NULL and has no default, so that PostgreSQL refuses the rows when the migration "
    "runs. A table with a trigger that may fill the column is passed over.",
    on=(Insert,),
    find=find,
    claims=(Says("23502"),),
    given="CREATE TABLE orders (customer bigint NOT NULL, note text);",
    bad="INSERT INTO orders (note) VALUES ('x');",
    good="INSERT INTO orders (customer, note) VALUES (1, 'x');",
)
