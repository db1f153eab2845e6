"""SET ACCESS METHOD."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AlterTableOther
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AlterTableOther, context: Context) -> Iterator[Match]:
    if action.what not in ("SetAccessMethod",) or context.is_new(action.table):
        return
    yield Match(
        f"SET ACCESS METHOD of {action.table} copies the whole table under an ACCESS EXCLUSIVE lock: "
        "reads and writes wait.",
        f"-- make a new table beside {action.table}, fill it in batches, and swap them",
        action.table,
    )


RULE = Rule(
    id="access-method-changed",
    hazard="D11",
    title="SET ACCESS METHOD writes the table anew",
    explanation="The table and its indexes are copied under ACCESS EXCLUSIVE.",
    on=(AlterTableOther,),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "PG311",
        "set-access-method",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),),
    since=15,
    given="CREATE TABLE orders (id bigint, note text);\n"
    "CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;",
    bad="ALTER TABLE orders SET ACCESS METHOD other;",
    good="CREATE TABLE fresh (id bigint);\nALTER TABLE fresh SET ACCESS METHOD other;",
)
