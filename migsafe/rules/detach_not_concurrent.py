"""DETACH PARTITION without CONCURRENTLY."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Locks
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import DetachPartition
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: DetachPartition, context: Context) -> Iterator[Match]:
    new = context.is_new(action.table) or context.is_new(action.partition)
    if action.concurrently or new or context.server_version < 14:
        return
    rewrite = f"ALTER TABLE {action.table} DETACH PARTITION {action.partition} CONCURRENTLY;"
    if context.in_transaction:
        rewrite += "\n-- in a migration of its own that runs outside of a transaction"
    yield Match(
        f"Detaching {action.partition} takes an ACCESS EXCLUSIVE lock on {action.table}: reads and writes of all its "
        "partitions wait.",
        rewrite,
        action.table,
    )


RULE = Rule(
    id="detach-not-concurrent",
    hazard="D17",
    title="A partition is detached while everybody waits",
    explanation="DETACH PARTITION takes ACCESS EXCLUSIVE on the partitioned table: reads and writes of all partitions"
    " wait. CONCURRENTLY (since PostgreSQL 14) takes SHARE UPDATE EXCLUSIVE; it can't run inside a "
    "transaction.",
    on=(DetachPartition,),
    find=find,
    aliases=(
        "require-concurrent-partition-detach",
        "detach-partition-non-concurrent",
        "detach-partition",
        "MP046",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, relation="events"),),
    since=14,
    given="CREATE TABLE events (at date) PARTITION BY RANGE (at);\nCREATE TABLE events_old PARTITION OF events "
    "FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');",
    bad="ALTER TABLE events DETACH PARTITION events_old;",
    good="ALTER TABLE events DETACH PARTITION events_old CONCURRENTLY;",
)
