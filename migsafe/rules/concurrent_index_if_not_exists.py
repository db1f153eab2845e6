"""CREATE INDEX CONCURRENTLY IF NOT EXISTS, which takes a broken index for the one that was wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.edits import before
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import CreateIndex, Drop, Kind
from migsafe.sql.names import Name

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateIndex, context: Context) -> Iterator[Match]:
    if not (action.concurrently and action.if_not_exists and action.name) or context.is_new(action.table):
        return
    name = action.table.beside(action.name)
    if context.is_built(action) or _dropped_before(name, context):
        return
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {name};"
    yield Match(
        f"Where the build of index {name} on {action.table} is broken off, an invalid index stays, and the next run "
        "passes over it because of IF NOT EXISTS: no query uses it, and every write pays for it.",
        f"{drop}\n{context.statement.text};",
        action.table,
        fixes=((before(drop.removesuffix(";")),),),
    )


def _dropped_before(name: Name, context: Context) -> bool:
    drops = (step.action for step in context.earlier if isinstance(step.action, Drop))
    return any(each.kind is Kind.INDEX and each.name.name == name.name for each in drops)


RULE = Rule(
    id="concurrent-index-if-not-exists",
    hazard="A6",
    title="A second run keeps an invalid index",
    explanation="CREATE INDEX CONCURRENTLY that fails (a duplicate, a deadlock, a timeout) leaves an invalid index of "
    "that name. IF NOT EXISTS asks for the name only, so that the second run reports success without an index that "
    "works. DROP INDEX CONCURRENTLY IF EXISTS first makes it safe to run again.",
    on=(CreateIndex,),
    find=find,
    aliases=("MP070",),
    claims=(
        Answers(
            "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'orders_customer'::regclass",
            before="false",
            after="false",
        ),
    ),
    given="CREATE TABLE orders (id bigint, customer bigint);",
    production="CREATE INDEX orders_customer ON orders (customer);\n"
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_customer'::regclass;",
    bad="CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_customer ON orders (customer);",
    good="DROP INDEX CONCURRENTLY IF EXISTS orders_customer;\n"
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_customer ON orders (customer);",
)
