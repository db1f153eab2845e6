"""A foreign key that doesn't say what becomes of its rows."""

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

_NO_ACTION = "a"


def find(action: CreateTable | AddConstraint | AddColumn, _: Context) -> Iterator[Match]:
    for table, constraint in written(action):
        if constraint.kind is ConstraintKind.FOREIGN_KEY and constraint.on_delete == _NO_ACTION:
            yield Match(
                f"A row of {constraint.refers_to} can't be deleted while a row of {table} refers to it.",
                "-- say ON DELETE CASCADE, SET NULL or RESTRICT",
                table,
            )


RULE = Rule(
    id="foreign-key-without-on-delete",
    hazard="B13",
    title="A foreign key doesn't say what becomes of its rows",
    explanation="Without ON DELETE, which is the same as NO ACTION, a DELETE of a row that is referred to is refused. "
    "For teams that want it said.",
    on=(CreateTable, AddConstraint, AddColumn),
    find=find,
    severity=Severity.NOTE,
    default=False,
    aliases=("MP086",),
    claims=(Answers("DELETE FROM customers WHERE id = 1", after="23503"),),
    given="CREATE TABLE customers (id bigint PRIMARY KEY);\nCREATE TABLE orders (id bigint, customer bigint);",
    bad="ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers;",
    good="ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers ON DELETE CASCADE;",
)
