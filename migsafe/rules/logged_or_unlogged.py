"""SET LOGGED and SET UNLOGGED."""

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
    if action.what not in ("SetLogged", "SetUnLogged") or context.is_new(action.table):
        return
    yield Match(
        f"SET LOGGED or UNLOGGED of {action.table} copies the whole table under an ACCESS EXCLUSIVE lock: "
        "reads and writes wait.",
        f"-- make a new table beside {action.table}, fill it in batches, and swap them",
        action.table,
    )


RULE = Rule(
    id="logged-or-unlogged",
    hazard="D10",
    title="SET LOGGED or UNLOGGED writes the table anew",
    explanation="The table and its indexes are copied under ACCESS EXCLUSIVE; an unlogged table is empty after a "
    "crash.",
    on=(AlterTableOther,),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "PG307",
        "set-logged-unlogged",
        "MP047",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),),
    given="CREATE TABLE orders (id bigint, note text);",
    bad="ALTER TABLE orders SET UNLOGGED;",
    good="CREATE UNLOGGED TABLE fresh (id bigint);\nALTER TABLE fresh SET LOGGED;",
)
