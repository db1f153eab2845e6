"""Several ALTER TABLE of one table, one right after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddColumn
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddColumn, context: Context) -> Iterator[Match]:
    if context.in_transaction or not action.alone or context.is_new(action.table) or not context.earlier:
        return
    before = context.earlier[-1]
    if before.statement is context.statement or not isinstance(before.action, AddColumn):
        return
    if before.action.table == action.table:
        yield Match(
            f"{action.table} is locked (ACCESS EXCLUSIVE) once more right after the last time: reads and writes wait "
            "twice.",
            f"-- add the columns in one ALTER TABLE {action.table}, with commas between",
            action.table,
        )


RULE = Rule(
    id="table-altered-again",
    hazard="F9",
    title="A table is locked several times in a row",
    explanation="Outside of a transaction each ALTER TABLE waits for its lock anew; one statement with all actions "
    "waits once. Where an action reads the table it is better alone.",
    on=(AddColumn,),
    find=find,
    severity=Severity.NOTE,
    aliases=(
        "W12",
        "MP058",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, times=2),),
    given="CREATE TABLE orders (id bigint);",
    bad="ALTER TABLE orders ADD COLUMN a text;\nALTER TABLE orders ADD COLUMN b text;",
    good="ALTER TABLE orders ADD COLUMN a text, ADD COLUMN b text;",
)
