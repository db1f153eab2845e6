"""CREATE INDEX on a partitioned table and all its partitions at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.concurrently_on_partitioned import one_by_one
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import CreateIndex
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateIndex, context: Context) -> Iterator[Match]:
    table = context.table(action.table)
    if action.concurrently or action.only or table is None or not table.partitioned or context.is_new(action.table):
        return
    yield Match(
        f"Building the index takes a SHARE lock on {action.table} and all its partitions, and reads them one after the "
        "other: every write to any of them waits until all are done.",
        one_by_one(action),
        action.table,
    )


RULE = Rule(
    id="partitioned-index-not-concurrent",
    hazard="A10",
    title="The index of a partitioned table is built while writes to all partitions wait",
    explanation="CREATE INDEX on a partitioned table builds an index on every partition in one transaction, under "
    "SHARE locks on all of them. ON ONLY builds none; those of the partitions are then built CONCURRENTLY "
    "and attached.",
    on=(CreateIndex,),
    find=find,
    severity=Severity.ERROR,
    aliases=("MP110",),
    claims=(Locks(LockMode.SHARE, Meanwhile.READ, relation="events_2020"),),
    given="CREATE TABLE events (at date) PARTITION BY RANGE (at);\n"
    "CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');",
    bad="CREATE INDEX events_at ON events (at);",
    good="CREATE INDEX events_at ON ONLY events (at);\nCREATE INDEX CONCURRENTLY events_2020_at ON events_2020 (at);\n"
    "ALTER INDEX events_at ATTACH PARTITION events_2020_at;",
)
