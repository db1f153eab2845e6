"""An exclusion constraint on a table that is in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.constraints import added
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddConstraint, ConstraintKind
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddConstraint, context: Context) -> Iterator[Match]:
    if context.is_new(action.table):
        return
    for _ in added(action, ConstraintKind.EXCLUSION, context):
        yield Match(
            f"Adding the exclusion constraint builds its index on {action.table} and compares every row under an "
            "ACCESS EXCLUSIVE lock: reads and writes wait.",
            "-- there is no way to add it without the lock: do it while the table is small, or in a quiet hour\n"
            f"SET lock_timeout = '2s';\n{context.statement.text};",
            action.table,
        )


RULE = Rule(
    id="exclusion-builds-index",
    hazard="B7",
    title="An exclusion constraint is built while everybody waits",
    explanation="ADD EXCLUDE takes ACCESS EXCLUSIVE, builds the index and compares all rows under it. An exclusion "
    "constraint can be neither NOT VALID nor made of an index that is there.",
    on=(AddConstraint,),
    find=find,
    severity=Severity.ERROR,
    aliases=("E8", "add_exclusion_constraint", "add-exclusion-constraint", "add-constraint-exclude", "MP031"),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.READ),),
    given="CREATE TABLE bookings (room bigint, during tstzrange);",
    bad="ALTER TABLE bookings ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&);",
    good="CREATE TABLE fresh (during tstzrange);\n"
    "ALTER TABLE fresh ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&);",
)
