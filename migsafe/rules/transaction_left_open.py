"""BEGIN that nothing ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import EndOfScript, Transaction

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: EndOfScript, context: Context) -> Iterator[Match]:
    said = [step.action.what for step in context.earlier if isinstance(step.action, Transaction)]
    ends = [what for what in said if what in ("begin", "commit", "rollback")]
    if ends and ends[-1] == "begin" and not action.committed:
        yield Match(
            "The script ends in an open transaction: its locks are held, and nothing of it is sure to be kept.",
            "-- end it with COMMIT",
        )


RULE = Rule(
    id="transaction-left-open",
    hazard="F6",
    title="A transaction is left open",
    explanation="Where the script ends without COMMIT, the connection's end rolls everything back, or the locks stay "
    "until the runner ends the transaction.",
    on=(EndOfScript,),
    find=find,
    aliases=(
        "ban-uncommitted-transaction",
        "unclosed-transaction",
        "MP053",
    ),
    claims=(Answers("SELECT note FROM orders", before="42703", after="42703"),),
    given="CREATE TABLE orders (id bigint);",
    bad="BEGIN;\nALTER TABLE orders ADD COLUMN note text;",
    good="BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;",
)
