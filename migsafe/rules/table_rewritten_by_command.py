"""VACUUM FULL and CLUSTER."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Cluster, Vacuum
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Vacuum | Cluster, context: Context) -> Iterator[Match]:
    if isinstance(action, Vacuum):
        if not action.full:
            return
        command, tables = "VACUUM FULL", action.tables
    else:
        command, tables = "CLUSTER", (action.table,) if action.table else ()
    if tables and all(context.is_new(table) for table in tables):
        return
    what = ", ".join(map(str, tables)) or "every table"
    yield Match(
        f"{command} writes {what} anew under an ACCESS EXCLUSIVE lock: reads and writes wait.",
        "-- VACUUM without FULL blocks nobody; pg_repack or pg_squeeze give space back while the table is in use",
        what,
    )


RULE = Rule(
    id="table-rewritten-by-command",
    hazard="D9",
    title="VACUUM FULL or CLUSTER writes a table anew",
    explanation="Both copy the table and all its indexes under an ACCESS EXCLUSIVE lock: reads and writes wait for as"
    " long as that takes.",
    on=(
        Vacuum,
        Cluster,
    ),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "prefer-repack",
        "vacuum-full-cluster",
        "vacuum-full",
        "MP006",
        "MP032",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),),
    given="CREATE TABLE orders (id bigint, note text);\nCREATE INDEX orders_id ON orders (id);",
    bad="VACUUM FULL orders;\nCLUSTER orders USING orders_id;",
    good="VACUUM orders;\nVACUUM (ANALYZE) orders;",
)
