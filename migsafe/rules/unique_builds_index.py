"""A unique constraint whose index is built while everybody waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.index_builds import builds_index
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddColumn, AddConstraint, ConstraintKind
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddConstraint | AddColumn, context: Context) -> Iterator[Match]:
    yield from builds_index(action, ConstraintKind.UNIQUE, "unique constraint", context)


RULE = Rule(
    id="unique-builds-index",
    hazard="B4",
    title="A unique constraint builds its index while everybody waits",
    explanation="ADD UNIQUE takes ACCESS EXCLUSIVE and builds the index under it. CREATE UNIQUE INDEX CONCURRENTLY "
    "lets reads and writes pass; ADD CONSTRAINT … USING INDEX then makes it the constraint's, at once.",
    on=(AddConstraint, AddColumn),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "disallowed-unique-constraint",
        "E7",
        "add_unique_constraint",
        "PG105",
        "ADD_UNIQUE",
        "add-unique-constraint",
        "add-constraint-unique",
        "MP027",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    given="CREATE TABLE orders (id bigint, number bigint NOT NULL);",
    bad="ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE (number);",
    good="CREATE UNIQUE INDEX CONCURRENTLY orders_number ON orders (number);\n"
    "ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE USING INDEX orders_number;\n"
    "CREATE TABLE fresh (id bigint);\nALTER TABLE fresh ADD UNIQUE (id);",
)
