"""A primary key whose index is built while everybody waits."""

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
    yield from builds_index(action, ConstraintKind.PRIMARY_KEY, "primary key", context)


RULE = Rule(
    id="primary-key-builds-index",
    hazard="B5",
    title="A primary key builds its index while everybody waits",
    explanation="ADD PRIMARY KEY takes ACCESS EXCLUSIVE, reads every row for NULL and builds the index under it. "
    "CREATE UNIQUE INDEX CONCURRENTLY lets reads and writes pass; ADD CONSTRAINT … USING INDEX then takes it, at once "
    "where the columns are NOT NULL.",
    on=(AddConstraint, AddColumn),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "adding-serial-primary-key-field",
        "E1",
        "E7",
        "PG104",
        "add-primary-key-without-index",
        "add-pk-without-using-index",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    given="CREATE TABLE orders (id bigint, number bigint NOT NULL);",
    bad="ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (number);",
    good="CREATE UNIQUE INDEX CONCURRENTLY orders_pkey ON orders (number);\n"
    "ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_pkey;\n"
    "CREATE TABLE fresh (id bigint);\nALTER TABLE fresh ADD PRIMARY KEY (id);",
)
