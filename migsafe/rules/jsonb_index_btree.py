"""A B-tree over a jsonb column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import CreateIndex
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateIndex, context: Context) -> Iterator[Match]:
    if action.method != "btree":
        return
    for name in action.columns:
        column = context.catalog.column(action.table, name) if name else None
        if column and column.type.schema is None and column.type.name == "jsonb":
            index, how = quoted(action.name or f"{action.table.name}_{name}_idx"), "CONCURRENTLY "
            yield Match(
                f"A B-tree on {action.table}.{quoted(column.name)} compares whole documents only, and a row whose "
                "document is too large for it can't be written.",
                f"CREATE INDEX {how}{index} ON {action.table} USING gin ({quoted(column.name)});\n"
                "-- or a B-tree on an expression, such as ((document ->> 'key'))",
                action.table,
            )


RULE = Rule(
    id="jsonb-index-btree",
    hazard="A15",
    title="A B-tree on jsonb refuses large documents",
    explanation="An entry of a B-tree holds at most 2704 bytes: a larger document is refused from then on (54000), and "
    "where a row has one, so is the index. It serves comparisons of whole documents; GIN serves @>, ? and @@.",
    on=(CreateIndex,),
    find=find,
    confidence=Confidence.LIKELY,
    claims=(
        Answers(
            "INSERT INTO orders SELECT jsonb_agg(md5(n::text)) FROM generate_series(1, 2000) AS n",
            after="54000",
        ),
    ),
    given="CREATE TABLE orders (details jsonb);",
    bad="CREATE INDEX CONCURRENTLY orders_details ON orders (details);",
    good="CREATE INDEX CONCURRENTLY orders_details ON orders USING gin (details);",
)
