"""ADD CHECK that reads every row while everybody waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.constraints import added, name_for, valid_later_fixes
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddColumn, AddConstraint, ConstraintKind
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddConstraint | AddColumn, context: Context) -> Iterator[Match]:
    if context.is_new(action.table):
        return
    for each in added(action, ConstraintKind.CHECK, context):
        if not each.valid or not each.enforced:
            continue
        name = quoted(name_for(action.table, each))
        first = (
            f"-- after ADD COLUMN {quoted(action.column.name)} without it\n" if isinstance(action, AddColumn) else ""
        )
        yield Match(
            f"Adding the check {name} reads every row of {action.table} under an ACCESS EXCLUSIVE lock: reads and "
            "writes wait.",
            f"{first}ALTER TABLE {action.table} ADD CONSTRAINT {name} CHECK ({each.expression}) NOT VALID;\n"
            f"ALTER TABLE {action.table} VALIDATE CONSTRAINT {name}; -- in a later transaction",
            action.table,
            fixes=valid_later_fixes(action, each, context),
        )


RULE = Rule(
    id="check-valid-at-once",
    hazard="B2",
    title="A check reads the table while everybody waits",
    explanation="ADD CHECK takes ACCESS EXCLUSIVE and reads every row under it, also where the check stands beside a "
    "new column. With NOT VALID it is there at once for new rows; VALIDATE CONSTRAINT, later, checks the old ones and "
    "lets reads and writes pass.",
    on=(AddConstraint, AddColumn),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "constraint-missing-not-valid",
        "E1",
        "add_check_constraint",
        "PG305",
        "add-check-without-not-valid",
        "add-constraint-check-no-not-valid",
        "MP030",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    given="CREATE TABLE orders (id bigint, total integer);",
    bad="ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0);",
    good="ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT positive;\n"
    "CREATE TABLE fresh (id bigint);\nALTER TABLE fresh ADD CHECK (id > 0);",
)
