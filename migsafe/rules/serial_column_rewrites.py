"""ADD COLUMN serial or identity, which numbers every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddColumn
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import Type, quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddColumn, context: Context) -> Iterator[Match]:
    column = action.column
    if not (column.serial or column.identity) or context.is_new(action.table):
        return
    if action.if_not_exists and context.catalog.column(action.table, column.name):
        return
    table, name = action.table, quoted(column.name)
    sequence = table.beside(f"{table.name}_{column.name}_seq")
    kind = Type(column.type.name.replace("serial", "int")) if column.serial else column.type
    yield Match(
        f"Adding {table}.{name} numbers every row and writes the whole table anew under an ACCESS EXCLUSIVE lock: "
        "reads and writes wait.",
        f"ALTER TABLE {table} ADD COLUMN {name} {kind};\n"
        f"CREATE SEQUENCE {sequence} OWNED BY {table}.{name};\n"
        f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT nextval('{sequence}');\n"
        "-- then number the old rows in batches, outside of this transaction",
        table,
    )


RULE = Rule(
    id="serial-column-rewrites",
    hazard="C3",
    title="A new serial or identity column writes the table anew",
    explanation="Every row gets a number of its own, so that the table and its indexes are written anew while reads "
    "and writes wait.",
    on=(AddColumn,),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "adding-serial-primary-key-field",
        "E11",
        "add_column_auto_incrementing",
        "PG310",
        "add-column-serial",
        "add-column-identity",
        "MP015",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),),
    given="CREATE TABLE orders (id bigint);",
    bad="ALTER TABLE orders ADD COLUMN number bigserial;",
    good="ALTER TABLE orders ADD COLUMN number bigint;\nCREATE SEQUENCE orders_number_seq OWNED BY orders.number;\n"
    "ALTER TABLE orders ALTER COLUMN number SET DEFAULT nextval('orders_number_seq');\n"
    "CREATE TABLE fresh (id bigint);\nALTER TABLE fresh ADD COLUMN number serial;",
)
