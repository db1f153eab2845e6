"""NOT ENFORCED."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.constraints import written
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddColumn, AddConstraint, CreateTable

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateTable | AddConstraint | AddColumn, _: Context) -> Iterator[Match]:
    for table, constraint in written(action):
        if not constraint.enforced:
            yield Match(
                f"A constraint of {table} is NOT ENFORCED: PostgreSQL takes every row, old and new, that breaks it.",
                "-- to spare the old rows only, write NOT VALID instead",
                table,
            )


RULE = Rule(
    id="constraint-not-enforced",
    hazard="B13",
    title="A constraint that nothing holds to",
    explanation="NOT ENFORCED (since 18) writes the condition down and checks no row by it. NOT VALID spares the rows "
    "there are and checks all that come.",
    on=(CreateTable, AddConstraint, AddColumn),
    find=find,
    severity=Severity.NOTE,
    aliases=("MP082",),
    claims=(Answers("INSERT INTO orders VALUES (-1, -1)"),),
    since=18,
    given="CREATE TABLE orders (id bigint, amount bigint);",
    bad="ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount > 0) NOT ENFORCED;",
    good="ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID;",
)
