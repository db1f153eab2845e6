"""A change of data in a transaction that holds an ACCESS EXCLUSIVE lock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import Delete, Insert, Update
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Update | Delete | Insert, context: Context) -> Iterator[Match]:
    if context.is_new(action.table) or (isinstance(action, Insert) and not action.from_query):
        return
    held = next((lock for lock in context.locks_held if lock.mode is LockMode.ACCESS_EXCLUSIVE), None)
    if held is None:
        return
    yield Match(
        f"Rows of {action.table} are changed while the transaction holds an ACCESS EXCLUSIVE lock on {held.relation}: "
        "reads and writes of it wait until the commit.",
        f"-- change the rows of {action.table} in a later migration, in batches",
        action.table,
    )


RULE = Rule(
    id="change-under-lock",
    hazard="F11",
    title="Rows are changed while a table is locked",
    explanation="DDL and the filling of rows in one transaction keep the ACCESS EXCLUSIVE lock for as long as the "
    "filling takes: reads and writes of the table wait all the while.",
    on=(
        Update,
        Delete,
        Insert,
    ),
    find=find,
    confidence=Confidence.LIKELY,
    aliases=(
        "MP080",
        "E4",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.CHANGE, elsewhere=True),),
    given="CREATE TABLE orders (id bigint, note text);",
    bad="BEGIN;\nALTER TABLE orders ADD COLUMN state text;\nUPDATE orders SET state = 'new' WHERE id < 1000;\nCOMMIT;",
    good="ALTER TABLE orders ADD COLUMN state text;\nUPDATE orders SET state = 'new' WHERE id < 1000;",
)
