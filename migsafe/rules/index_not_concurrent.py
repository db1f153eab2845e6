"""CREATE INDEX without CONCURRENTLY on a table that is in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.edits import Edit, Fix, before, behind, edited
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import CreateIndex
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateIndex, context: Context) -> Iterator[Match]:
    table = context.table(action.table)
    if action.concurrently or context.is_new(action.table) or context.is_built(action):
        return
    if table and (table.partitioned or table.temporary):
        return
    text = context.statement.text
    concurrently = behind(text, "INDEX", text="CONCURRENTLY")
    rewrite = f"{edited(text, [concurrently])};"
    if context.in_transaction:
        rewrite += "\n-- in a migration of its own that runs outside of a transaction"
    yield Match(
        f"Building the index takes a SHARE lock on {action.table}: every write to it waits until the index is there.",
        rewrite,
        action.table,
        fixes=tuple(_fixes(action, concurrently)),
    )


def _fixes(action: CreateIndex, concurrently: Edit) -> Iterator[Fix]:
    if action.if_not_exists and action.name:  # what a build that was broken off leaves has the name too
        index = action.table.beside(action.name)
        yield before(f"DROP INDEX CONCURRENTLY IF EXISTS {index}"), concurrently
    else:
        yield (concurrently,)


RULE = Rule(
    id="index-not-concurrent",
    hazard="A1",
    title="An index is built while writes wait",
    explanation="CREATE INDEX holds a SHARE lock on the table until the index is built: reads go on, writes wait. "
    "CONCURRENTLY takes SHARE UPDATE EXCLUSIVE and lets writes pass; it can't run inside a transaction.",
    on=(CreateIndex,),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "require-concurrent-index-creation",
        "E6",
        "add_index",
        "add_reference",
        "PG101",
        "CREATE_INDEX",
        "add-index-non-concurrent",
        "create-index-not-concurrent",
        "MP001",
    ),
    claims=(Locks(LockMode.SHARE, Meanwhile.READ),),
    given="CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);",
    bad="CREATE INDEX orders_customer ON orders (customer);",
    good="CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);\n"
    "CREATE TABLE fresh (id bigint);\nCREATE INDEX fresh_id ON fresh (id);",
)
