"""CONCURRENTLY inside of a transaction, where PostgreSQL refuses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Says
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import CreateIndex, DetachPartition, Drop, Reindex
from migsafe.sql.parsing import Within

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateIndex | Drop | Reindex | DetachPartition, context: Context) -> Iterator[Match]:
    within = context.statement.within
    if not action.concurrently or not (context.in_transaction or within is not Within.SCRIPT):
        return
    table = action.name if isinstance(action, Drop | Reindex) else action.table
    where = "a transaction" if within is Within.SCRIPT else "a DO block"
    yield Match(
        f"{_SPOKEN[type(action)]} CONCURRENTLY on {table} runs inside of {where}, where PostgreSQL refuses it.",
        f"-- in a migration of its own that runs outside of a transaction\n{context.statement.text};",
        table,
    )


_SPOKEN = {
    CreateIndex: "CREATE INDEX",
    Drop: "DROP INDEX",
    Reindex: "REINDEX",
    DetachPartition: "DETACH PARTITION",
}

RULE = Rule(
    id="concurrently-in-transaction",
    hazard="A4",
    title="CONCURRENTLY inside of a transaction is refused",
    explanation="What is done CONCURRENTLY commits several times on the way and can't be in a transaction, neither "
    "one that the script begins nor one that the migration tool puts around it (25001). Nothing is locked; "
    "the migration fails.",
    on=(CreateIndex, Drop, Reindex, DetachPartition),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "ban-concurrent-index-creation-in-transaction",
        "PG103",
        "concurrently-in-transaction",
        "concurrent-in-transaction",
        "MP025",
    ),
    claims=(Says("25001"),),
    given="CREATE TABLE orders (id bigint, customer bigint);",
    bad="BEGIN;\nCREATE INDEX CONCURRENTLY orders_customer ON orders (customer);\nCOMMIT;",
    good="BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;\n"
    "CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);",
)
