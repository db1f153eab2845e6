"""A table is read whole in a transaction that holds an ACCESS EXCLUSIVE lock on another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AddConstraint, CreateView, RefreshMaterializedView, ValidateConstraint
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import Name

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: ValidateConstraint | CreateView | RefreshMaterializedView, context: Context) -> Iterator[Match]:
    held = context.exclusive_lock_held
    read = next((name for name in _read(action, context) if not context.is_new(name)), None)
    if held and read:
        yield Match(
            f"The transaction holds an ACCESS EXCLUSIVE lock on {held.relation} while it reads every row of {read}: "
            "reads and writes wait until the commit.",
            f"COMMIT; -- or in a migration of its own\n{context.statement.text};",
            read,
        )


def _read(action: ValidateConstraint | CreateView | RefreshMaterializedView, context: Context) -> tuple[Name, ...]:
    """What is read; nothing where the constraint was added just before, which is a hazard of its own."""
    match action:
        case ValidateConstraint():
            earlier = (step.action for step in context.in_same_transaction)
            added = (each for each in earlier if isinstance(each, AddConstraint) and each.table == action.table)
            return () if any(added) else (action.table,)
        case CreateView():
            return action.tables if action.materialized and action.with_data else ()
        case RefreshMaterializedView():
            return (action.name,) if action.with_data else ()


RULE = Rule(
    id="read-under-exclusive-lock",
    hazard="F7",
    title="A table is read while the transaction locks out everybody",
    explanation="A lock is held until the transaction ends. An ALTER TABLE that is short by itself locks out reads and "
    "writes for as long as a validation, or the filling of a materialized view, takes after it.",
    on=(ValidateConstraint, CreateView, RefreshMaterializedView),
    find=find,
    confidence=Confidence.LIKELY,
    in_transaction=True,
    aliases=("E4", "statement-after-access-exclusive", "wide-lock-window", "MP008"),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ, elsewhere=True),),
    given="CREATE TABLE orders (id bigint);\nCREATE TABLE customers (id bigint, name text);\n"
    "ALTER TABLE customers ADD CONSTRAINT named CHECK (name <> '') NOT VALID;",
    bad="ALTER TABLE orders ADD COLUMN note text;\nALTER TABLE customers VALIDATE CONSTRAINT named;",
    good="ALTER TABLE orders ADD COLUMN note text;\nCOMMIT;\nALTER TABLE customers VALIDATE CONSTRAINT named;",
)
