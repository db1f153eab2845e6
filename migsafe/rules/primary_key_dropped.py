"""DROP CONSTRAINT of a primary key with nothing in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddConstraint, AlterTableOther, ConstraintKind, DropConstraint

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: DropConstraint, context: Context) -> Iterator[Match]:
    table = context.table(action.table)
    known = table.constraints.get(action.name) if table else None
    if known is None or known.kind is not ConstraintKind.PRIMARY_KEY or context.is_new(action.table):
        return
    if any(_stands_in(step.action) for step in context.steps):
        return
    yield Match(
        f"Without its primary key, rows of {action.table} can't be told apart: where the table is published, logical "
        "replication refuses UPDATE and DELETE.",
        f"-- ADD PRIMARY KEY USING INDEX in the same transaction, or ALTER TABLE {action.table} REPLICA IDENTITY …",
        action.table,
    )


def _stands_in(action: object) -> bool:
    """Whether the script gives a table another key, or another way to tell its rows apart."""
    if isinstance(action, AddConstraint):
        return action.constraint.kind is ConstraintKind.PRIMARY_KEY
    return isinstance(action, AlterTableOther) and action.what == "ReplicaIdentity"


RULE = Rule(
    id="primary-key-dropped",
    hazard="B11",
    title="A primary key goes with nothing in its place",
    explanation="From then on duplicates and NULLs can come in, foreign keys to it can't be made, and a table that is "
    "published has no replica identity: every UPDATE and DELETE of it is refused (55000).",
    on=(DropConstraint,),
    find=find,
    severity=Severity.WARNING,
    aliases=("MP055",),
    claims=(
        Answers("CREATE PUBLICATION p FOR TABLE orders; UPDATE orders SET number = 0 WHERE id = 1", after="55000"),
    ),
    given="CREATE TABLE orders (id bigint CONSTRAINT orders_pkey PRIMARY KEY, number bigint NOT NULL);\n"
    "CREATE UNIQUE INDEX orders_number ON orders (number);",
    bad="ALTER TABLE orders DROP CONSTRAINT orders_pkey;",
    good="BEGIN;\nALTER TABLE orders DROP CONSTRAINT orders_pkey;\n"
    "ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_number;\nCOMMIT;",
)
