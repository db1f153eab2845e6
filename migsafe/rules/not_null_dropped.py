"""DROP NOT NULL, after which readers meet NULL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import DropNotNull
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: DropNotNull, context: Context) -> Iterator[Match]:
    column = context.catalog.column(action.table, action.column)
    if context.is_new(action.table) or (column and not column.not_null):
        return
    name = f"{action.table}.{quoted(action.column)}"
    yield Match(
        f"{name} may be NULL from here on: the application that still runs may not expect it, and going back fails "
        "once a row holds one.",
        f"-- when every release that runs can read NULL in {name}\n{context.statement.text};",
        action.table,
    )


RULE = Rule(
    id="not-null-dropped",
    hazard="B9",
    title="A column that was never NULL may be",
    explanation="DROP NOT NULL is quick, under ACCESS EXCLUSIVE. Programs and queries that relied on a value (joins, "
    "NOT IN, sums) may fail or answer differently, and SET NOT NULL doesn't come back while a row holds NULL.",
    on=(DropNotNull,),
    find=find,
    confidence=Confidence.POSSIBLE,
    default=False,
    aliases=("ban-drop-not-null", "drop-not-null", "MP029"),
    claims=(Answers("INSERT INTO orders VALUES (0, NULL)", before="23502"),),
    given="CREATE TABLE orders (id bigint, customer bigint NOT NULL);",
    bad="ALTER TABLE orders ALTER COLUMN customer DROP NOT NULL;",
    good="CREATE TABLE fresh (id bigint NOT NULL);\nALTER TABLE fresh ALTER COLUMN id DROP NOT NULL;",
)
