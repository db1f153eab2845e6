"""A foreign key that can't wait for the commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.constraints import written
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddColumn, AddConstraint, ConstraintKind, CreateTable

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateTable | AddConstraint | AddColumn, _: Context) -> Iterator[Match]:
    for table, constraint in written(action):
        if constraint.kind is ConstraintKind.FOREIGN_KEY and not constraint.deferrable:
            yield Match(
                f"A row of {table} can't be written before the row of {constraint.refers_to} that it refers to, in the "
                "same transaction either.",
                "-- add DEFERRABLE",
                table,
            )


RULE = Rule(
    id="foreign-key-not-deferrable",
    hazard="B13",
    title="A foreign key can't wait for the commit",
    explanation="Without DEFERRABLE each statement is checked by itself, so that rows which refer to each other, and "
    "loads in any order, are refused. For teams that load so.",
    on=(CreateTable, AddConstraint, AddColumn),
    find=find,
    severity=Severity.NOTE,
    default=False,
    aliases=("MP074",),
    claims=(
        Answers(
            "BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO orders VALUES (0, -1); INSERT INTO customers VALUES "
            "(-1); COMMIT",
            after="23503",
        ),
    ),
    given="CREATE TABLE customers (id bigint PRIMARY KEY);\nCREATE TABLE orders (id bigint, customer bigint);",
    bad="ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers;",
    good="ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers DEFERRABLE;",
)
