"""ADD FOREIGN KEY that checks every row while both tables are locked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.constraints import name_for, naming, valid_later_fixes
from migsafe.rules.edits import edited
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddColumn, AddConstraint, ConstraintKind
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddConstraint | AddColumn, context: Context) -> Iterator[Match]:
    if context.is_new(action.table):
        return
    if isinstance(action, AddColumn):
        if action.column.default is None or action.column.default.is_null:
            return  # every row holds NULL, which refers to nothing
        constraints = action.column.constraints
    else:
        constraints = (action.constraint,)
    table = context.table(action.table)
    for each in constraints:
        if each.kind is not ConstraintKind.FOREIGN_KEY or not each.valid or (table and table.partitioned):
            continue
        name = name_for(action.table, each)
        rewrite = None
        if isinstance(action, AddConstraint) and action.alone:
            first = edited(context.statement.text, naming(context.statement.text, each, name))
            rewrite = (
                f"{first} NOT VALID;\n"
                f"ALTER TABLE {action.table} VALIDATE CONSTRAINT {quoted(name)}; -- in a later transaction"
            )
        yield Match(
            f"Adding the foreign key checks every row of {action.table} under a SHARE ROW EXCLUSIVE lock on it and on "
            f"{each.refers_to}: writes to both wait meanwhile.",
            rewrite,
            action.table,
            fixes=valid_later_fixes(action, each, context),
        )


RULE = Rule(
    id="foreign-key-valid-at-once",
    hazard="B1",
    title="A foreign key is checked while writes wait",
    explanation="ADD FOREIGN KEY takes SHARE ROW EXCLUSIVE on both tables and reads every row under it. With NOT VALID "
    "it is there at once for new rows; VALIDATE CONSTRAINT, later, checks the old ones and lets writes pass.",
    on=(AddConstraint, AddColumn),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "adding-foreign-key-constraint",
        "constraint-missing-not-valid",
        "E1",
        "add_foreign_key",
        "PG306",
        "add-fk-without-not-valid",
        "add-constraint-fk-no-not-valid",
        "MP005",
        "MP069",
    ),
    claims=(
        Locks(LockMode.SHARE_ROW_EXCLUSIVE, Meanwhile.READ),
        Locks(LockMode.SHARE_ROW_EXCLUSIVE, Meanwhile.READ, relation="customers"),
    ),
    given="CREATE TABLE customers (id bigint PRIMARY KEY);\nCREATE TABLE orders (id bigint, customer bigint);",
    bad="ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers (id);",
    good="ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers NOT VALID;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT orders_customer;",
)
