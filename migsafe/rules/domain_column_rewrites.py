"""ADD COLUMN of a domain with constraints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddColumn
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddColumn, context: Context) -> Iterator[Match]:
    column, table, catalog = action.column, action.table, context.catalog
    if not catalog.is_checked(column.type) or context.is_new(table):
        return
    if action.if_not_exists and catalog.column(table, column.name):
        return
    name, base = quoted(column.name), catalog.stored_as(column.type)
    yield Match(
        f"Adding {table}.{name} asks the constraints of the domain {column.type} for every row and writes the whole "
        "table anew under an ACCESS EXCLUSIVE lock: reads and writes wait.",
        f"ALTER TABLE {table} ADD COLUMN {name} {base};\n"
        "-- and the domain's checks as checks of the table: NOT VALID, validated in a later transaction",
        table,
    )


RULE = Rule(
    id="domain-column-rewrites",
    hazard="C1",
    title="A new column of a domain writes the table anew",
    explanation="Where a domain has a CHECK or NOT NULL, its new column is worked out for every row, also without a "
    "default, while the table is locked against reads and writes. A domain without constraints costs nothing.",
    on=(AddColumn,),
    find=find,
    severity=Severity.ERROR,
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),),
    given="CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');\nCREATE DOMAIN remark AS text;\n"
    "CREATE TABLE people (id bigint);",
    bad="ALTER TABLE people ADD COLUMN address email;",
    good="ALTER TABLE people ADD COLUMN address text;\nALTER TABLE people ADD COLUMN note remark;",
)
