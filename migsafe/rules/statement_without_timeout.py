"""A strong lock is held without a bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Nothing
from migsafe.rules.lock_without_timeout import RULE as LOCK_WITHOUT_TIMEOUT
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Action

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(_: Action, context: Context) -> Iterator[Match]:
    strong = context.first_unbounded("statement_timeout")
    if strong is None:
        return
    local = "LOCAL " if context.in_transaction else ""
    yield Match(
        f"{strong.mode} on {strong.relation} may be held without a bound: {strong.mode.stops} wait.",
        f"SET {local}statement_timeout = '5s';\n{context.statement.text};",
        strong.relation,
    )


RULE = Rule(
    id="statement-without-timeout",
    hazard="F2",
    title="A statement that blocks others has no statement_timeout",
    explanation="With statement_timeout a statement that takes longer than thought gives up, and lets go of its lock.",
    on=LOCK_WITHOUT_TIMEOUT.on,
    find=find,
    default=False,
    aliases=(
        "require-statement-timeout",
        "missing-statement-timeout",
        "MP020",
    ),
    claims=(Nothing("A bound that is not reached changes nothing."),),
    given="CREATE TABLE orders (id bigint);",
    bad="ALTER TABLE orders ADD COLUMN note text;",
    good="SET statement_timeout = '5s';\nALTER TABLE orders ADD COLUMN note text;",
)
