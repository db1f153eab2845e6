"""A partition that is made beside a default partition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.catalog import Table
from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AttachPartition, ConstraintKind, CreateTable
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import Name

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateTable | AttachPartition, context: Context) -> Iterator[Match]:
    if isinstance(action, CreateTable):
        parent, partition, is_default = action.partition_of, action.name, action.default_partition
    else:
        parent, partition, is_default = action.table, action.partition, action.default
    if parent is None or is_default:
        return
    default = _default_of(parent, context)
    if default and not context.is_new(default.name) and not _may_keep_out(default):
        yield Match(
            f"Making {partition} a partition of {parent} reads every row of the default partition {default.name} under "
            "an ACCESS EXCLUSIVE lock on it, and is refused where one belongs to the new partition.",
            f"-- first ALTER TABLE {default.name} ADD CHECK (key IS NULL OR NOT (… the new bounds …)) NOT VALID, then "
            "VALIDATE CONSTRAINT",
            default.name,
        )


def _default_of(parent: Name, context: Context) -> Table | None:
    name = context.catalog.qualified(parent)
    tables = (each for each in context.catalog.relations.values() if isinstance(each, Table))
    return next((each for each in tables if each.default_partition and each.partition_of == name), None)


def _may_keep_out(default: Table) -> bool:
    """Whether a valid check may say that no row of it lies within the new bounds."""
    return any(
        each.kind is ConstraintKind.CHECK
        and each.valid
        and each.expression is not None
        and not each.expression.node.HasField("null_test")
        for each in default.constraints.values()
    )


RULE = Rule(
    id="default-partition-scans",
    hazard="D18",
    title="The default partition is read while everybody waits for it",
    explanation="A new partition takes ACCESS EXCLUSIVE on the default partition, whose rows are all read for any that "
    "belong to the new one (23514 where there are), unless a valid CHECK proves that there can be none.",
    on=(CreateTable, AttachPartition),
    find=find,
    severity=Severity.ERROR,
    confidence=Confidence.LIKELY,
    aliases=("MP093",),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    given="CREATE TABLE events (at int) PARTITION BY RANGE (at);\nCREATE TABLE rest PARTITION OF events DEFAULT;",
    production="INSERT INTO rest SELECT 100 + n FROM generate_series(1, 2000) AS n;",
    bad="CREATE TABLE early PARTITION OF events FOR VALUES FROM (1) TO (9);",
    good="ALTER TABLE rest ADD CONSTRAINT late CHECK (at IS NULL OR at < 1 OR at >= 9) NOT VALID;\n"
    "ALTER TABLE rest VALIDATE CONSTRAINT late;\n"
    "CREATE TABLE early PARTITION OF events FOR VALUES FROM (1) TO (9);",
)
