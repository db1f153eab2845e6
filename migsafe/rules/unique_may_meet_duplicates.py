"""A unique index over rows that may hold duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Says
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AddConstraint, ConstraintKind, CreateIndex
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateIndex | AddConstraint, context: Context) -> Iterator[Match]:
    if isinstance(action, AddConstraint):
        constraint = action.constraint
        is_unique = constraint.kind is ConstraintKind.UNIQUE and not constraint.using_index
        columns: tuple[str | None, ...] = constraint.columns
    else:
        is_unique, columns = action.unique, action.columns
    if not is_unique or context.is_new(action.table):
        return
    shown = ", ".join("…" if each is None else quoted(each) for each in columns)
    yield Match(
        f"Two rows of {action.table} that are alike in ({shown}) make the migration fail; only the data tells.",
        f"SELECT {shown}, count(*) FROM {action.table} GROUP BY {shown} HAVING count(*) > 1; -- must find nothing",
        action.table,
    )


RULE = Rule(
    id="unique-may-meet-duplicates",
    hazard="A14",
    title="A unique index may meet rows that are alike",
    explanation="Where two rows have the same values, the build is refused (23505), CONCURRENTLY after it has read the "
    "table, and leaves an invalid index. The apply check of `migsafe check` builds it over real rows.",
    on=(CreateIndex, AddConstraint),
    find=find,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    default=False,
    aliases=("MF101", "MF102"),
    claims=(Says("23505"),),
    given="CREATE TABLE orders (id bigint, number bigint);",
    production="INSERT INTO orders VALUES (1, 7), (2, 7);",
    bad="CREATE UNIQUE INDEX CONCURRENTLY orders_number ON orders (number);",
    good="CREATE INDEX CONCURRENTLY orders_number ON orders (number);",
)
