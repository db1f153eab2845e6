"""A column of type json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.rules.values import written_columns
from migsafe.sql.actions import AddColumn, CreateTable
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddColumn | CreateTable, _: Context) -> Iterator[Match]:
    for table, column in written_columns(action):
        if column.type.schema is None and column.type.name == "json":
            yield Match(
                f"{table}.{quoted(column.name)} is json, which has no equality: SELECT DISTINCT, GROUP BY and UNION "
                "over it fail.",
                f"-- with the type jsonb{'[]' if column.type.array else ''} in its place",
                table,
            )


RULE = Rule(
    id="json-column",
    hazard="C5",
    title="A column is json where jsonb would do",
    explanation="json keeps the text as it was written and has no equality operator, so that queries with DISTINCT "
    "over a row that holds it fail. jsonb can be compared and indexed.",
    on=(AddColumn, CreateTable),
    find=find,
    default=False,
    aliases=("E3", "add_column_json", "prefer-jsonb", "add-column-json"),
    claims=(Answers("SELECT DISTINCT details FROM orders", before="42703", after="42883"),),
    given="CREATE TABLE orders (id bigint);",
    bad="ALTER TABLE orders ADD COLUMN details json;",
    good="ALTER TABLE orders ADD COLUMN details jsonb;",
)
