"""ADD COLUMN with a default that must be worked out for every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.rules.values import volatile_functions
from migsafe.sql.actions import AddColumn
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddColumn, context: Context) -> Iterator[Match]:
    default = action.column.default
    if default is None or action.column.generated or context.is_new(action.table):
        return
    if action.if_not_exists and context.catalog.column(action.table, action.column.name):
        return
    volatile = volatile_functions(default, context.catalog)
    if not volatile and context.server_version >= 11:
        return
    why = (
        f"{volatile[0]}() gives every row a value of its own"
        if volatile
        else "before PostgreSQL 11 a default is written"
    )
    table, column = action.table, quoted(action.column.name)
    yield Match(
        f"The default of {table}.{column} writes the whole table anew under an ACCESS EXCLUSIVE lock ({why}): "
        "reads and writes wait.",
        f"ALTER TABLE {table} ADD COLUMN {column} {action.column.type};\n"
        f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default};\n"
        "-- then fill the old rows in batches, outside of this transaction",
        table,
    )


RULE = Rule(
    id="column-default-rewrites",
    hazard="C1",
    title="A new column's default writes the table anew",
    explanation="A constant default is kept in the catalog since PostgreSQL 11 and costs nothing; a volatile one is "
    "worked out for every row, while the table is locked against reads and writes.",
    on=(AddColumn,),
    find=find,
    severity=Severity.ERROR,
    confidence=Confidence.LIKELY,
    aliases=(
        "adding-field-with-default",
        "E10",
        "add_column_default",
        "add_column_default_callable",
        "PG302",
        "add-column-volatile-default",
        "add-column-non-constant-default",
        "MP003",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),),
    given="CREATE TABLE orders (id bigint);",
    bad="ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
    good="ALTER TABLE orders ADD COLUMN made timestamptz DEFAULT now();\n"
    "ALTER TABLE orders ADD COLUMN token uuid;\nALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();",
)
