"""BEGIN inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Says
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Transaction

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Transaction, context: Context) -> Iterator[Match]:
    if action.what != "begin":
        return
    earlier = [step.action.what for step in context.earlier if isinstance(step.action, Transaction)]
    ends = [what for what in earlier if what in ("begin", "commit", "rollback")]
    if ends and ends[-1] == "begin":
        yield Match(
            "BEGIN stands where a transaction is open already: the first COMMIT ends it, with all its locks.",
            "-- leave the second BEGIN out and its COMMIT, or use a SAVEPOINT",
        )


RULE = Rule(
    id="transaction-nested",
    hazard="F5",
    title="BEGIN where a transaction is open",
    explanation="PostgreSQL has no nested transactions: the second BEGIN only warns, and the first COMMIT ends "
    "everything.",
    on=(Transaction,),
    find=find,
    aliases=("transaction-nesting",),
    claims=(Says("25001"),),
    bad="BEGIN;\nBEGIN;\nSELECT 1;\nCOMMIT;",
    good="BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;",
)
