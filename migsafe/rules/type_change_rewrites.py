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
from migsafe.sql.names import Type, quoted

if TYPE_CHECKING:
    from migsafe.catalog import Catalog
    from migsafe.rules.context import Context


def find(action: AlterColumnType, context: Context) -> Iterator[Match]:
    if context.is_new(action.table):
        return
    column = context.catalog.column(action.table, action.column)
    utc = (context.setting("timezone") or "").upper() in _UTC
    plain = action.using is None or (action.using.columns == (action.column,) and not action.using.functions)
    if column and plain and _keeps_rows(column.type, action.type, context.catalog, utc=utc):
        return
    old = f"from {column.type} to {action.type}" if column else f"to {action.type}"
    new = quoted(f"{action.column}_new")
    rewrite = (
        f"ALTER TABLE {action.table} ADD COLUMN {new} {action.type};\n"
        f"-- write both columns, fill {new} in batches, read the new one, then drop {quoted(action.column)}"
    )
    only_elsewhere = column and plain and _keeps_rows(column.type, action.type, context.catalog, utc=True)
    if only_elsewhere:
        rewrite = f"-- where the values without a zone are of UTC\nSET TIME ZONE 'UTC';\n{context.statement.text};"
    yield Match(
        f"Changing {action.table}.{quoted(action.column)} {old} writes the whole table and its indexes anew under an "
        "ACCESS EXCLUSIVE lock: reads and writes wait"
        f"{', unless the time zone of the session is UTC' if only_elsewhere else ''}.",
        rewrite,
        action.table,
    )


_UTC = ("UTC", "ETC/UTC", "GMT", "ETC/GMT", "ZULU")


def _keeps_rows(old: Type, new: Type, catalog: Catalog, *, utc: bool) -> bool:
    """As :func:`keeps_rows`, where a domain counts as what it is made of, and one with constraints as a rewrite."""
    if catalog.is_checked(new):
        return old == new
    return keeps_rows(catalog.stored_as(old), catalog.stored_as(new), utc=utc)


RULE = Rule(
    id="type-change-rewrites",
    hazard="C6",
    title="A change of type writes the table anew",
    explanation="ALTER COLUMN TYPE rewrites the table and all its indexes under ACCESS EXCLUSIVE, unless old values "
    "are as they are values of the new type: a longer varchar, varchar to text, a wider numeric of the same scale, and "
    "timestamp to timestamptz and back while the session's time zone is UTC.",
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
