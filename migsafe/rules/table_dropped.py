"""DROP TABLE of a table that was there before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Drop, Kind

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Drop, context: Context) -> Iterator[Match]:
    table = context.table(action.name)
    if action.kind is not Kind.TABLE or context.is_new(action.name) or (table and table.temporary):
        return
    yield Match(
        f"Dropping {action.name} takes an ACCESS EXCLUSIVE lock on it and loses its rows; whoever still uses it fails.",
        f"-- first release an application that doesn't use {action.name}, keep a copy of what is in it, then drop it",
        action.name,
    )


RULE = Rule(
    id="table-dropped",
    hazard="D1",
    title="A table is dropped",
    explanation="The rows are gone for good, and every version of the application that still reads the table fails "
    "from then on.",
    on=(Drop,),
    find=find,
    aliases=(
        "ban-drop-table",
        "DS102",
        "DROP_TABLE",
        "drop-table",
        "MP026",
    ),
    claims=(Answers("SELECT note FROM orders", after="42P01"),),
    given="CREATE TABLE orders (id bigint, note text);",
    bad="DROP TABLE orders;",
    good="CREATE TABLE fresh (id bigint);\nDROP TABLE fresh;",
)
