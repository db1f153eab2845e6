"""VALIDATE CONSTRAINT under the strong lock of the statement that added the constraint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.context import Step
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddConstraint, ConstraintKind, ValidateConstraint
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: ValidateConstraint, context: Context) -> Iterator[Match]:
    if context.is_new(action.table):
        return
    added = next((each for step in _together(context) if (each := _addition(step.action, action, context))), None)
    if added is None:
        return
    foreign = added.constraint.kind is ConstraintKind.FOREIGN_KEY
    lock, waiting = ("SHARE ROW EXCLUSIVE", "writes") if foreign else ("ACCESS EXCLUSIVE", "reads and writes")
    name = quoted(action.name)
    yield Match(
        f"VALIDATE CONSTRAINT {name} reads every row of {action.table} while its transaction still holds the {lock} "
        f"lock that adding it took: {waiting} wait, as they would without NOT VALID.",
        f"ALTER TABLE {action.table} VALIDATE CONSTRAINT {name}; -- in a migration of its own, after the other",
        action.table,
    )


def _together(context: Context) -> Iterator[Step]:
    """The earlier steps of the same transaction, and of the same statement."""
    yield from context.in_same_transaction
    if not context.in_transaction:
        yield from (step for step in context.earlier if step.statement is context.statement)


def _addition(earlier: object, action: ValidateConstraint, context: Context) -> AddConstraint | None:
    if not isinstance(earlier, AddConstraint) or earlier.constraint.valid or earlier.constraint.name != action.name:
        return None
    same = context.catalog.qualified(earlier.table) == context.catalog.qualified(action.table)
    return earlier if same else None


RULE = Rule(
    id="validated-in-same-transaction",
    hazard="B3",
    title="A constraint is added NOT VALID and validated under the same lock",
    explanation="NOT VALID is of use only where the transaction ends before VALIDATE CONSTRAINT: a lock is held until "
    "the transaction ends, so that the rows are read under the strong one.",
    on=(ValidateConstraint,),
    find=find,
    severity=Severity.ERROR,
    in_transaction=True,
    aliases=(
        "constraint-missing-not-valid",
        "validate_check_constraint",
        "validate_foreign_key",
        "not-valid-validate-same-tx",
        "validate-constraint",
        "MP008",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    given="CREATE TABLE orders (id bigint, total integer);",
    bad="ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT positive;",
    good="ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID;\nCOMMIT;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT positive;",
)
