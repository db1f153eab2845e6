"""An index whose columns another index begins with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import CreateIndex

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateIndex, context: Context) -> Iterator[Match]:
    if action.unique or action.predicate or action.method != "btree" or None in action.columns:
        return
    for other in context.catalog.indexes(action.table):
        same = other.method == "btree" and other.predicate is None and other.valid
        if same and other.columns[: len(action.columns)] == action.columns and other.name.name != action.name:
            yield Match(
                f"The index {other.name} of {action.table} begins with the same columns, and serves the same queries.",
                None,
                action.table,
            )
            return


RULE = Rule(
    id="index-redundant",
    hazard="A13",
    title="An index is made that another one does for",
    explanation="A B-tree serves conditions on its leading columns, so that an index on these alone is of little more "
    "use: it is smaller, and every write pays for it.",
    on=(CreateIndex,),
    find=find,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    default=False,
    aliases=("MP100",),
    claims=(
        Answers(
            "SET enable_seqscan = off; SET enable_bitmapscan = off; DROP INDEX orders_customer; "
            "EXPLAIN (COSTS OFF) SELECT FROM orders WHERE customer = 7",
            before="42704",
            after="Index Only Scan using orders_customer_day on orders",
        ),
    ),
    given="CREATE TABLE orders (id bigint, customer bigint, day date);\n"
    "CREATE INDEX orders_customer_day ON orders (customer, day);",
    bad="CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);",
    good="CREATE INDEX CONCURRENTLY orders_day ON orders (day);",
)
