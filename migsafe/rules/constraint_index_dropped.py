"""DROP INDEX of an index that a constraint needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Says
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Drop, Kind
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Drop, context: Context) -> Iterator[Match]:
    index = context.catalog.index(action.name) if action.kind is Kind.INDEX else None
    if index and index.constraint:
        yield Match(
            f"The constraint {quoted(index.constraint)} of {index.table} needs the index {action.name}, which "
            "PostgreSQL refuses to drop.",
            f"ALTER TABLE {index.table} DROP CONSTRAINT {quoted(index.constraint)};",
            index.table,
        )


RULE = Rule(
    id="constraint-index-dropped",
    hazard="A12",
    title="The index of a constraint can't be dropped",
    explanation="A primary key, a unique and an exclusion constraint stand on an index that goes with them and not "
    "without them: DROP INDEX is refused (2BP01), also with CASCADE.",
    on=(Drop,),
    find=find,
    severity=Severity.ERROR,
    aliases=("MP097",),
    claims=(Says("2BP01"),),
    given="CREATE TABLE orders (id bigint, number bigint CONSTRAINT orders_number UNIQUE);",
    bad="DROP INDEX orders_number;",
    good="ALTER TABLE orders DROP CONSTRAINT orders_number;",
)
