"""CREATE and DROP TRIGGER on a table that is in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Create, Drop, Kind
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Create | Drop, context: Context) -> Iterator[Match]:
    if action.kind is not Kind.TRIGGER or action.table is None or context.is_new(action.table):
        return
    mode = "SHARE ROW EXCLUSIVE" if isinstance(action, Create) else "ACCESS EXCLUSIVE"
    who = "writes" if isinstance(action, Create) else "reads and writes"
    yield Match(
        f"The trigger {action.name} of {action.table} comes or goes under a lock in mode {mode}: {who} wait.",
        f"-- with a lock_timeout, in a migration that does nothing else to {action.table}",
        action.table,
    )


RULE = Rule(
    id="trigger-made-or-dropped",
    hazard="D14",
    title="A trigger comes or goes while writes wait",
    explanation="CREATE TRIGGER takes SHARE ROW EXCLUSIVE, DROP TRIGGER ACCESS EXCLUSIVE. From the commit on every "
    "write runs the trigger, or runs it no more.",
    on=(
        Create,
        Drop,
    ),
    find=find,
    severity=Severity.NOTE,
    aliases=(
        "PG308",
        "add-trigger",
        "create-trigger",
        "drop-trigger",
        "MP064",
        "MP090",
    ),
    claims=(Locks(LockMode.SHARE_ROW_EXCLUSIVE),),
    given="CREATE TABLE orders (id bigint, note text);\n"
    "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';",
    bad="CREATE TRIGGER stamp BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stamp();",
    good="CREATE TABLE fresh (id bigint);\nCREATE TRIGGER stamp BEFORE UPDATE ON fresh FOR EACH ROW EXECUTE "
    "FUNCTION stamp();",
)
