"""The rows that made a statement fail, where the server's error names them (PostgreSQL manual, 55.8, error fields)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.errors import lookup

if TYPE_CHECKING:
    import psycopg

    from migsafe.findings import ServerError

ROWS_SHOWN = 5
NOT_NULL_VIOLATION = "23502"
FOREIGN_KEY_VIOLATION = "23503"
UNIQUE_VIOLATION = "23505"
_KEY_DETAIL = re.compile(
    r"^Key \((?P<columns>.+)\)=\((?P<values>.+)\) (?:is duplicated|already|is not present)", re.DOTALL
)


def culprit_rows(connection: psycopg.Connection, error: ServerError) -> tuple[str, ...]:
    """Up to five rows of the table that ``error`` names, each as the server prints a row; empty where it names none.

    For a NOT NULL violation the rows that hold a null, for a unique or foreign key violation those that hold the key of
    the DETAIL line (in English: the throwaway server's ``lc_messages`` is C). Locks: ACCESS SHARE.
    """
    condition = _condition(error)
    if condition is None or error.table is None:
        return ()
    table = sql.Identifier(error.schema, error.table) if error.schema else sql.Identifier(error.table)
    query = sql.SQL("SELECT t::text FROM {} AS t WHERE {} LIMIT {}").format(table, condition, ROWS_SHOWN)
    try:
        return tuple(row for (row,) in connection.execute(query))
    except (lookup("42P01"), lookup("42703"), lookup("22P02")):
        # The table or the column came into being in the migration itself, so the baseline has no such rows.
        return ()


def _condition(error: ServerError) -> sql.Composable | None:
    if error.sqlstate == NOT_NULL_VIOLATION and error.column:
        return sql.SQL("{} IS NULL").format(sql.Identifier(error.column))
    key = _KEY_DETAIL.match(error.detail or "")
    if key is None or error.sqlstate not in (FOREIGN_KEY_VIOLATION, UNIQUE_VIOLATION):
        return None
    # The server writes a foreign key's columns bare, and an index's as the (quoted) expressions of its definition.
    column = sql.Identifier if error.sqlstate == FOREIGN_KEY_VIOLATION else sql.SQL
    columns, values = key["columns"].split(", "), key["values"].split(", ")
    if len(columns) != len(values):
        return None  # an expression or a value that holds a comma: the line can't be taken apart
    pairs = zip(columns, values, strict=True)
    return sql.SQL(" AND ").join(sql.SQL("({})::text = {}").format(column(name), value) for name, value in pairs)
