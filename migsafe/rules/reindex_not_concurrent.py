"""REINDEX without CONCURRENTLY."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.edits import behind
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Reindex
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Reindex, context: Context) -> Iterator[Match]:
    if action.concurrently or action.what == "system":
        return  # the indexes of the system catalogs can't be built anew in any other way
    if action.name and context.is_new(action.name):
        return
    index = context.catalog.index(action.name) if action.name and action.what == "index" else None
    if index and context.is_new(index.table):
        return
    target = f"{action.what} {action.name}" if action.name else f"the {action.what}"
    rewrite = f"REINDEX {action.what.upper()} CONCURRENTLY{f' {action.name}' if action.name else ''};"
    if context.in_transaction:
        rewrite += "\n-- in a migration of its own that runs outside of a transaction"
    yield Match(
        f"REINDEX of {target} takes a SHARE lock on the table and an ACCESS EXCLUSIVE lock on the index: writes, and "
        "reads that would use it, wait until it is built.",
        rewrite,
        action.name,
        fixes=((behind(context.statement.text, action.what.upper(), text="CONCURRENTLY"),),),
    )


RULE = Rule(
    id="reindex-not-concurrent",
    hazard="A3",
    title="An index is built anew while everybody waits",
    explanation="REINDEX locks the table against writes and the index against reads, and planning a query takes a lock "
    "on every index of its tables, so that reads wait too. CONCURRENTLY (since PostgreSQL 12) lets both pass; it can't "
    "run inside a transaction.",
    on=(Reindex,),
    find=find,
    severity=Severity.ERROR,
    aliases=("require-concurrent-reindex", "REINDEX", "reindex-non-concurrent", "MP021"),
    claims=(
        Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),
        Locks(LockMode.SHARE, relation="orders"),
    ),
    given="CREATE TABLE orders (id bigint, customer bigint);\nCREATE INDEX orders_customer ON orders (customer);",
    bad="REINDEX INDEX orders_customer;",
    good="REINDEX INDEX CONCURRENTLY orders_customer;",
)
