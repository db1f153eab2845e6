"""CREATE INDEX without a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.edits import edited, in_front
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import CreateIndex
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateIndex, context: Context) -> Iterator[Match]:
    if action.name or context.is_new(action.table):
        return
    name = quoted("_".join((action.table.name, *(column or "expr" for column in action.columns), "idx")))
    text = context.statement.text
    yield Match(
        f"The index on {action.table} has no name: every run makes another one, and what comes later has to guess what "
        "PostgreSQL called it.",
        f"{edited(text, [in_front(text, 'ON', name)])};",
        action.table,
    )


RULE = Rule(
    id="index-unnamed",
    hazard="A11",
    title="An index without a name is made again by every run",
    explanation="PostgreSQL takes the next name that is free, so that a second run, or a retry after an invalid index, "
    "makes a second index, for which every write pays. A name also makes IF NOT EXISTS possible.",
    on=(CreateIndex,),
    find=find,
    aliases=("prefer-robust-stmts", "MP042"),
    claims=(
        Answers("SELECT count(*) FROM pg_index WHERE indrelid = 'orders'::regclass", before="0", after="2", runs=2),
    ),
    given="CREATE TABLE orders (id bigint, customer bigint);",
    bad="CREATE INDEX CONCURRENTLY ON orders (customer);",
    good="CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);\n"
    "CREATE TABLE fresh (id bigint);\nCREATE INDEX ON fresh (id);",
)
