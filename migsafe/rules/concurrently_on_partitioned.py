"""CREATE or DROP INDEX CONCURRENTLY of a partitioned table, which the server refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Says
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import CreateIndex, Drop, Kind
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateIndex | Drop, context: Context) -> Iterator[Match]:
    if not action.concurrently or (isinstance(action, Drop) and action.kind is not Kind.INDEX):
        return
    if isinstance(action, CreateIndex):
        name, rewrite = action.table, one_by_one(action)
    else:
        index = context.catalog.index(action.name)
        if index is None:
            return
        name, rewrite = index.table, f"SET lock_timeout = '2s';\nDROP INDEX {action.name};"
    table = context.table(name)
    if table and table.partitioned:
        yield Match(
            f"{name} is partitioned, and PostgreSQL refuses CONCURRENTLY on an index of the whole of it.", rewrite, name
        )


def one_by_one(action: CreateIndex) -> str:
    """How the index comes to a partitioned table with no lock that lasts."""
    name = quoted(action.name or f"{action.table.name}_idx")
    columns = ", ".join("(…)" if each is None else quoted(each) for each in action.columns)
    return (
        f"CREATE INDEX {name} ON ONLY {action.table} ({columns});\n"
        f"-- then for each partition, each in a migration of its own that runs outside of a transaction:\n"
        f"-- CREATE INDEX CONCURRENTLY name ON partition ({columns}); ALTER INDEX {name} ATTACH PARTITION name;"
    )


RULE = Rule(
    id="concurrently-on-partitioned",
    hazard="A10",
    title="CONCURRENTLY on a partitioned table is refused",
    explanation="An index of a partitioned table can be neither built nor dropped CONCURRENTLY (0A000). Made ON ONLY "
    "the partitioned table it holds nothing and is invalid; it becomes valid when an index of every "
    "partition, each built CONCURRENTLY, is attached to it.",
    on=(CreateIndex, Drop),
    find=find,
    severity=Severity.ERROR,
    aliases=("MP092",),
    claims=(Says("0A000"),),
    given="CREATE TABLE events (at date) PARTITION BY RANGE (at);\n"
    "CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');",
    bad="CREATE INDEX CONCURRENTLY events_at ON events (at);",
    good="CREATE INDEX events_at ON ONLY events (at);\nCREATE INDEX CONCURRENTLY events_2020_at ON events_2020 (at);\n"
    "ALTER INDEX events_at ATTACH PARTITION events_2020_at;",
)
