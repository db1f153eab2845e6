"""An index over more than three columns that isn't unique."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Nothing
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import CreateIndex

if TYPE_CHECKING:
    from migsafe.rules.context import Context


_MANY = 3


def find(action: CreateIndex, _: Context) -> Iterator[Match]:
    if action.unique or action.method != "btree" or len(action.columns) <= _MANY:
        return
    yield Match(
        f"The index on {action.table} has {len(action.columns)} columns: the last ones seldom help a query, and every "
        "write pays for them.",
        None,
        action.table,
    )


RULE = Rule(
    id="index-of-many-columns",
    hazard="A7",
    title="An index of many columns",
    explanation="A B-tree is of most use for conditions on its leading columns. More than three seldom find fewer "
    "rows, and make the index larger and every write slower.",
    on=(CreateIndex,),
    find=find,
    confidence=Confidence.POSSIBLE,
    default=False,
    aliases=("add_index_columns",),
    claims=(Nothing("What an index is worth is decided by the queries."),),
    given="CREATE TABLE orders (customer bigint, day date, state text, number bigint);",
    bad="CREATE INDEX CONCURRENTLY orders_all ON orders (customer, day, state, number);",
    good="CREATE INDEX CONCURRENTLY orders_day ON orders (customer, day);\n"
    "CREATE UNIQUE INDEX CONCURRENTLY orders_once ON orders (customer, day, state, number);",
)
