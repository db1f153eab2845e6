"""ADD COLUMN GENERATED … STORED, which works out a value for every row."""

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
    column = action.column
    if column.generated != "s" or context.is_new(action.table):
        return
    if action.if_not_exists and context.catalog.column(action.table, column.name):
        return
    table, name = action.table, quoted(column.name)
    yield Match(
        f"Adding {table}.{name} works out its value for every row and writes the whole table anew under an ACCESS "
        "EXCLUSIVE lock: reads and writes wait.",
        f"ALTER TABLE {table} ADD COLUMN {name} {column.type};\n"
        f"-- set it to {column.default} by a trigger for new rows, fill the old ones in batches",
        table,
    )


RULE = Rule(
    id="stored-column-rewrites",
    hazard="C4",
    title="A new stored generated column writes the table anew",
    explanation="The value of a GENERATED … STORED column is worked out for every row, while the table is locked "
    "against reads and writes. A VIRTUAL one (since PostgreSQL 18) writes nothing.",
    on=(AddColumn,),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "adding-field-with-default",
        "E11",
        "add_column_generated_stored",
        "PG309",
        "add-column-generated-stored",
        "add-column-stored-generated",
        "MP062",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),),
    given="CREATE TABLE orders (id bigint, total integer);",
    bad="ALTER TABLE orders ADD COLUMN doubled integer GENERATED ALWAYS AS (total * 2) STORED;",
    good="ALTER TABLE orders ADD COLUMN doubled integer;\n"
    "CREATE TABLE fresh (a integer);\nALTER TABLE fresh ADD COLUMN b integer GENERATED ALWAYS AS (a * 2) STORED;",
)
