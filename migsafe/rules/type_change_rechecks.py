"""ALTER COLUMN TYPE that keeps the rows, and reads them for the checks of the column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Match, Rule
from migsafe.rules.values import keeps_rows
from migsafe.sql.actions import AlterColumnType, ConstraintKind
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AlterColumnType, context: Context) -> Iterator[Match]:
    table, column = context.table(action.table), context.catalog.column(action.table, action.column)
    if table is None or column is None or context.is_new(action.table) or action.using is not None:
        return
    if not keeps_rows(column.type, action.type):
        return  # another rule's: the rows are written anew
    for check in table.constraints.values():
        if check.kind is ConstraintKind.CHECK and action.column in check.columns:
            name = quoted(check.name)
            yield Match(
                f"Changing the type of {action.table}.{quoted(action.column)} writes nothing anew, but checks "
                f"{name} for every row again under an ACCESS EXCLUSIVE lock: reads and writes wait.",
                f"ALTER TABLE {action.table} DROP CONSTRAINT {name};\n{context.statement.text};\n"
                f"ALTER TABLE {action.table} ADD CONSTRAINT {name} CHECK ({check.expression}) NOT VALID;\n"
                f"ALTER TABLE {action.table} VALIDATE CONSTRAINT {name}; -- in a later transaction",
                action.table,
            )
            return


RULE = Rule(
    id="type-change-rechecks",
    hazard="B14",
    title="A change of type checks every row again",
    explanation="A check that names the column is made anew for the new type, and with it every row is read under "
    "ACCESS EXCLUSIVE, also where the change itself writes nothing: a longer varchar, varchar to text.",
    on=(AlterColumnType,),
    find=find,
    severity=Severity.ERROR,
    aliases=("change_column_constraint",),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    given="CREATE TABLE orders (id bigint, number varchar(10) CONSTRAINT filled CHECK (number <> ''));",
    bad="ALTER TABLE orders ALTER COLUMN number TYPE varchar(20);",
    good="ALTER TABLE orders DROP CONSTRAINT filled;\nALTER TABLE orders ALTER COLUMN number TYPE varchar(20);\n"
    "ALTER TABLE orders ADD CONSTRAINT filled CHECK (number <> '') NOT VALID;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT filled;",
)
