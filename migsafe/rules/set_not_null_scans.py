"""SET NOT NULL that reads the whole table under ACCESS EXCLUSIVE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.edits import Fix, at_end, before, head
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import DropConstraint, SetNotNull
from migsafe.sql.limits import LONGEST_NAME
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import quoted
from migsafe.sql.words import words

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: SetNotNull, context: Context) -> Iterator[Match]:
    table = context.table(action.table)
    if context.is_new(action.table):
        return
    together = (step.action for step in context.steps if step.statement is context.statement)
    dropped = {each.name for each in together if isinstance(each, DropConstraint)}
    if table and (table.not_null_is_proved(action.column, dropped) or _is_not_null(table.columns.get(action.column))):
        return
    name = f"{action.table.name}_{action.column}_not_null_check"  # PostgreSQL 18 names its own without "_check"
    column, check = quoted(action.column), quoted(name)
    yield Match(
        f"SET NOT NULL reads every row of {action.table} under an ACCESS EXCLUSIVE lock: reads and writes wait.",
        f"ALTER TABLE {action.table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;\n"
        f"ALTER TABLE {action.table} VALIDATE CONSTRAINT {check}; -- in a later transaction\n"
        f"ALTER TABLE {action.table} ALTER COLUMN {column} SET NOT NULL; -- scans nothing now\n"
        f"ALTER TABLE {action.table} DROP CONSTRAINT {check};",
        action.table,
        fixes=_fixes(context.statement.text, column, check)
        if action.alone and len(name.encode()) <= LONGEST_NAME
        else (),
    )


def _fixes(text: str, column: str, check: str) -> tuple[Fix, ...]:
    if any(word.is_keyword("ONLY") for word in words(text)):
        return ()  # a check can't be added to a parent alone
    table = head(text, "ALTER", after="TABLE")
    first = f"{table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID"
    proof = before(f"{first};\n{table} VALIDATE CONSTRAINT {check}")
    return ((proof, at_end(text, f";\n{table} DROP CONSTRAINT {check}")),)


def _is_not_null(column: object) -> bool:
    return bool(getattr(column, "not_null", False))


RULE = Rule(
    id="set-not-null-scans",
    hazard="B8",
    title="SET NOT NULL reads the table while everybody waits",
    explanation="SET NOT NULL takes ACCESS EXCLUSIVE and reads every row under it, unless a validated CHECK (… IS NOT "
    "NULL) proves that there is nothing to find (since PostgreSQL 12).",
    on=(SetNotNull,),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "adding-not-nullable-field",
        "E2",
        "change_column_null",
        "change_column_null_postgresql",
        "change_column_with_not_null",
        "PG303",
        "set-not-null",
        "alter-column-set-not-null",
        "MP002",
        "MP018",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    given="CREATE TABLE orders (id bigint, customer bigint);",
    bad="ALTER TABLE orders ALTER COLUMN customer SET NOT NULL;",
    good="ALTER TABLE orders ADD CONSTRAINT filled CHECK (customer IS NOT NULL) NOT VALID;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT filled;\nALTER TABLE orders ALTER COLUMN customer SET NOT NULL;",
)
