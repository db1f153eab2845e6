"""ADD CONSTRAINT … NOT NULL without NOT VALID on a table that may have rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.constraints import valid_later_fixes
from migsafe.rules.edits import edited
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddConstraint, ConstraintKind
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddConstraint, context: Context) -> Iterator[Match]:
    constraint, table = action.constraint, context.table(action.table)
    if constraint.kind is not ConstraintKind.NOT_NULL or not constraint.valid or context.is_new(action.table):
        return
    (column,) = constraint.columns
    known = table.columns.get(column) if table else None
    if table and (table.not_null_is_proved(column) or (known and known.not_null)):
        return
    fixes = valid_later_fixes(action, constraint, context)
    yield Match(
        f"NOT NULL on {quoted(column)} reads every row of {action.table} under an ACCESS EXCLUSIVE lock: reads and "
        "writes wait.",
        f"{edited(context.statement.text, fixes[0])}; -- in a later transaction" if fixes else None,
        action.table,
        fixes=fixes,
    )


RULE = Rule(
    id="not-null-valid-at-once",
    hazard="B8",
    title="A NOT NULL reads the table while everybody waits",
    explanation="ADD CONSTRAINT … NOT NULL (since 18) takes ACCESS EXCLUSIVE and reads every row under it, as SET NOT "
    "NULL does. With NOT VALID it holds for new rows at once; VALIDATE CONSTRAINT, later, lets reads and writes pass.",
    on=(AddConstraint,),
    find=find,
    severity=Severity.ERROR,
    aliases=("adding-not-nullable-field",),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    since=18,
    given="CREATE TABLE orders (id bigint, customer bigint);",
    bad="ALTER TABLE orders ADD CONSTRAINT filled NOT NULL customer;",
    good="ALTER TABLE orders ADD CONSTRAINT filled NOT NULL customer NOT VALID;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT filled;",
)
