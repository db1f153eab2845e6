"""DROP COLUMN of a table that is in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import DropColumn
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: DropColumn, context: Context) -> Iterator[Match]:
    if context.is_new(action.table) or context.is_new_column(action.table, action.column):
        return
    table = context.table(action.table)
    missing = table and action.column not in table.columns and (table.complete or action.column in table.gone)
    if action.column_if_exists and missing:
        return
    column = f"{action.table}.{quoted(action.column)}"
    yield Match(
        f"Dropping {column} loses its values, and the application that still runs fails wherever it names the column; "
        f"an ACCESS EXCLUSIVE lock on {action.table} makes reads and writes wait meanwhile.",
        f"-- when no release that runs reads or writes {column} any more, and its values are kept elsewhere\n"
        f"{context.statement.text};",
        action.table,
    )


RULE = Rule(
    id="column-dropped",
    hazard="C8",
    title="A column is dropped with its values",
    explanation="The values are gone, and what still names the column fails: the release that runs while the migration "
    "does, and the one that is gone back to. Drop it one release after the last that uses it.",
    on=(DropColumn,),
    find=find,
    aliases=(
        "ban-drop-column",
        "remove_column",
        "DS103",
        "DROP_COLUMN",
        "drop-column",
        "MP017",
        "MP052",
    ),
    claims=(Answers("SELECT note FROM orders", after="42703"),),
    given="CREATE TABLE orders (id bigint, note text);",
    bad="ALTER TABLE orders DROP COLUMN note;",
    good="ALTER TABLE orders DROP COLUMN IF EXISTS nothing;\n"
    "CREATE TABLE fresh (id bigint, note text);\nALTER TABLE fresh DROP COLUMN note;",
)
