"""CREATE INDEX in a transaction that holds an ACCESS EXCLUSIVE lock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import CreateIndex
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateIndex, context: Context) -> Iterator[Match]:
    if action.concurrently or context.is_new(action.table) or context.is_built(action):
        return
    held = context.exclusive_lock_held
    if held is None:
        return
    yield Match(
        f"The transaction holds an ACCESS EXCLUSIVE lock on {held.relation} while it builds the index on "
        f"{action.table}: reads and writes wait until it is built and committed.",
        f"COMMIT; -- or in a migration of its own\n{context.statement.text};",
        action.table,
    )


RULE = Rule(
    id="index-build-under-exclusive-lock",
    hazard="A5",
    title="An index is built while the transaction locks out everybody",
    explanation="A lock is held until the transaction ends. An ALTER TABLE that is short by itself locks out reads and "
    "writes for as long as the index that comes after it takes to build.",
    on=(CreateIndex,),
    find=find,
    severity=Severity.ERROR,
    confidence=Confidence.LIKELY,
    in_transaction=True,
    aliases=("E4", "CREATE_INDEX_EXCLUSIVE", "statement-after-access-exclusive", "MP008"),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ, elsewhere=True),),
    given="CREATE TABLE orders (id bigint, customer bigint);",
    bad="ALTER TABLE orders ADD COLUMN note text;\nCREATE INDEX orders_customer ON orders (customer);",
    good="ALTER TABLE orders ADD COLUMN note text;\nCOMMIT;\nCREATE INDEX orders_customer ON orders (customer);",
)
