"""DROP INDEX without CONCURRENTLY on a table that is in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Locks
from migsafe.rules.edits import behind
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Drop, Kind
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Drop, context: Context) -> Iterator[Match]:
    if action.kind is not Kind.INDEX or action.concurrently or context.is_new(action.name):
        return
    index = context.catalog.index(action.name)
    table = context.table(index.table) if index else None
    if index and (index.constraint or context.is_new(index.table)):
        return
    if table and (table.partitioned or table.temporary):
        return
    if index is None and action.if_exists and _is_missing(action, context):
        return
    rewrite = f"DROP INDEX CONCURRENTLY {'IF EXISTS ' if action.if_exists else ''}{action.name};"
    if context.in_transaction:
        rewrite += "\n-- in a migration of its own that runs outside of a transaction"
    table_of = str(index.table) if index else f"the table of {action.name}"
    yield Match(
        f"Dropping index {action.name} takes an ACCESS EXCLUSIVE lock on {table_of}: reads and writes wait, also while "
        "it waits itself for the queries that run.",
        rewrite,
        index.table if index else action.name,
        fixes=((behind(context.statement.text, "INDEX", text="CONCURRENTLY"),),)
        if action.together == 1 and not action.cascade
        else (),
    )


def _is_missing(action: Drop, context: Context) -> bool:
    return context.catalog.complete or context.catalog.was_dropped(Kind.TABLE, action.name)


RULE = Rule(
    id="index-drop-not-concurrent",
    hazard="A2",
    title="An index is dropped while everybody waits",
    explanation="DROP INDEX takes ACCESS EXCLUSIVE on the table. It is short itself, but waits for every query "
    "that runs, and all later ones wait behind it. CONCURRENTLY waits without stopping anybody; it can't run inside a "
    "transaction.",
    on=(Drop,),
    find=find,
    aliases=(
        "require-concurrent-index-deletion",
        "remove_index",
        "PG102",
        "DROP_INDEX",
        "drop-index-non-concurrent",
        "drop-index-not-concurrent",
        "MP009",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, relation="orders"),),
    given="CREATE TABLE orders (id bigint, customer bigint);\nCREATE INDEX orders_customer ON orders (customer);",
    bad="DROP INDEX orders_customer;",
    good="DROP INDEX CONCURRENTLY orders_customer;\n"
    "CREATE TABLE fresh (id bigint);\nCREATE INDEX fresh_id ON fresh (id);\nDROP INDEX fresh_id;",
)
