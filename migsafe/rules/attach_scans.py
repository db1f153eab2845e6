"""ATTACH PARTITION of a table that was there before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AttachPartition, ConstraintKind
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.catalog.objects import KnownConstraint, Table
    from migsafe.rules.context import Context


def find(action: AttachPartition, context: Context) -> Iterator[Match]:
    partition = context.table(action.partition)
    if context.is_new(action.partition) or context.is_new(action.table):
        return
    if partition and any(_may_prove(each, partition) for each in partition.constraints.values()):
        return
    yield Match(
        f"Attaching {action.partition} reads all its rows under an ACCESS EXCLUSIVE lock on it: reads and writes wait.",
        f"-- first ALTER TABLE {action.partition} ADD CHECK (key IS NOT NULL AND … the bounds …) NOT VALID, then "
        "VALIDATE CONSTRAINT",
        action.partition,
    )


def _may_prove(check: KnownConstraint, partition: Table) -> bool:
    """Whether a check may stand for the bounds, which keep NULL out: its columns must be known to as well."""
    if check.kind is not ConstraintKind.CHECK or not check.valid or check.expression is None:
        return False
    if check.expression.node.HasField("null_test"):
        return False
    return all(
        partition.not_null_is_proved(name) or (name in partition.columns and partition.columns[name].not_null)
        for name in check.columns
    )


RULE = Rule(
    id="attach-scans",
    hazard="D16",
    title="A partition is read while everybody waits for it",
    explanation="ATTACH PARTITION takes ACCESS EXCLUSIVE on the new partition, and reads all its rows unless a valid "
    "CHECK proves that they fit the bounds and that the key is not null.",
    on=(AttachPartition,),
    find=find,
    confidence=Confidence.LIKELY,
    aliases=(
        "attach-partition",
        "MP072",
        "MP094",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    given="CREATE TABLE events (at int) PARTITION BY RANGE (at);\nCREATE TABLE old (at int);",
    production="INSERT INTO old SELECT 1 + n % 8 FROM generate_series(1, 2000) AS n;",
    bad="ALTER TABLE events ATTACH PARTITION old FOR VALUES FROM (1) TO (9);",
    good="CREATE TABLE fresh (at int);\nALTER TABLE events ATTACH PARTITION fresh FOR VALUES FROM (9) TO (19);",
)
