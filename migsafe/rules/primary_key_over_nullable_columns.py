"""PRIMARY KEY USING INDEX over columns that may be NULL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.constraints import added
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddConstraint, ConstraintKind
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddConstraint, context: Context) -> Iterator[Match]:
    table = context.table(action.table)
    if table is None or context.is_new(action.table):
        return
    for each in added(action, ConstraintKind.PRIMARY_KEY, context):
        index = context.catalog.index(table.name.beside(each.using_index)) if each.using_index else None
        columns = [name for name in (index.columns if index else ()) if name]
        known = [table.columns[name] for name in columns if name in table.columns]
        nullable = [one for one in known if not one.not_null and not table.not_null_is_proved(one.name)]
        if not nullable:
            continue
        column = quoted(nullable[0].name)
        check = quoted(f"{action.table.name}_{nullable[0].name}_not_null")
        yield Match(
            f"The primary key makes {action.table}.{column} NOT NULL and reads every row for it under an ACCESS "
            "EXCLUSIVE lock: reads and writes wait.",
            f"ALTER TABLE {action.table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;\n"
            f"ALTER TABLE {action.table} VALIDATE CONSTRAINT {check}; -- in a later transaction\n"
            f"{context.statement.text};\nALTER TABLE {action.table} DROP CONSTRAINT {check};",
            action.table,
        )


RULE = Rule(
    id="primary-key-over-nullable-columns",
    hazard="B6",
    title="A primary key reads the table for NULL while everybody waits",
    explanation="ADD PRIMARY KEY USING INDEX is quick only where the columns are NOT NULL already, or a validated "
    "CHECK (… IS NOT NULL) proves it; otherwise it does SET NOT NULL, which reads every row under ACCESS EXCLUSIVE.",
    on=(AddConstraint,),
    find=find,
    severity=Severity.ERROR,
    aliases=("W14", "PG304", "add-pk-using-index"),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    given="CREATE TABLE orders (id bigint, number bigint NOT NULL);\n"
    "CREATE UNIQUE INDEX orders_id ON orders (id);\nCREATE UNIQUE INDEX orders_number ON orders (number);",
    bad="ALTER TABLE orders ADD PRIMARY KEY USING INDEX orders_id;",
    good="ALTER TABLE orders ADD PRIMARY KEY USING INDEX orders_number;",
)
