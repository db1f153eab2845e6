"""ALTER COLUMN TYPE that writes the table anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.rules.values import keeps_rows
from migsafe.sql.actions import AlterColumnType
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AlterColumnType, context: Context) -> Iterator[Match]:
    if context.is_new(action.table):
        return
    column = context.catalog.column(action.table, action.column)
    utc = (context.setting("timezone") or "").upper() == "UTC"
    plain = action.using is None or (action.using.columns == (action.column,) and not action.using.functions)
    if column and plain and keeps_rows(column.type, action.type, utc=utc):
        return
    old = f"from {column.type} to {action.type}" if column else f"to {action.type}"
    new = quoted(f"{action.column}_new")
    yield Match(
        f"Changing {action.table}.{quoted(action.column)} {old} writes the whole table and its indexes anew under an "
        "ACCESS EXCLUSIVE lock: reads and writes wait.",
        f"ALTER TABLE {action.table} ADD COLUMN {new} {action.type};\n"
        f"-- write both columns, fill {new} in batches, read the new one, then drop {quoted(action.column)}",
        action.table,
    )


RULE = Rule(
    id="type-change-rewrites",
    hazard="C6",
    title="A change of type writes the table anew",
    explanation="ALTER COLUMN TYPE rewrites the table and all its indexes under ACCESS EXCLUSIVE, unless old values "
    "are as they are values of the new type: a longer varchar, varchar to text, a wider numeric of the same scale.",
    on=(AlterColumnType,),
    find=find,
    severity=Severity.ERROR,
    confidence=Confidence.LIKELY,
    aliases=(
        "changing-column-type",
        "E5",
        "change_column",
        "PG301",
        "ALTER_COLUMN",
        "alter-column-type",
        "MP007",
        "MP089",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),),
    given="CREATE TABLE orders (id bigint, number varchar(10), total integer);",
    bad="ALTER TABLE orders ALTER COLUMN total TYPE bigint;",
    good="ALTER TABLE orders ALTER COLUMN number TYPE varchar(20);\nALTER TABLE orders ALTER COLUMN number TYPE text;",
)
