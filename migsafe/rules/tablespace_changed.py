"""SET TABLESPACE."""

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
    if action.what not in ("SetTableSpace",) or context.is_new(action.table):
        return
    yield Match(
        f"SET TABLESPACE of {action.table} copies the whole table under an ACCESS EXCLUSIVE lock: "
        "reads and writes wait.",
        f"-- move {action.table} with pg_repack, which lets reads and writes pass",
        action.table,
    )


RULE = Rule(
    id="tablespace-changed",
    hazard="D12",
    title="SET TABLESPACE copies the table",
    explanation="The table is copied to the other place under ACCESS EXCLUSIVE.",
    on=(AlterTableOther,),
    find=find,
    severity=Severity.ERROR,
    aliases=("MP095",),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),),
    given="CREATE TABLE orders (id bigint, note text);",
    production="SET allow_in_place_tablespaces = on;\nCREATE TABLESPACE fast LOCATION '';",
    bad="ALTER TABLE orders SET TABLESPACE fast;",
    good="CREATE TABLE fresh (id bigint);\nALTER TABLE fresh SET TABLESPACE fast;",
)
