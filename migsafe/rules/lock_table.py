"""LOCK TABLE in a mode that makes others wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Locks
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import LockTable
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(_: LockTable, context: Context) -> Iterator[Match]:
    for lock in context.locks:
        if lock.mode.stops:
            yield Match(
                f"LOCK TABLE holds a lock in mode {lock.mode} on {lock.relation} until the transaction ends: "
                f"{lock.mode.stops} wait.",
                "-- leave it out, or take the weakest mode that does, with NOWAIT or a lock_timeout",
                lock.relation,
            )


RULE = Rule(
    id="lock-table",
    hazard="D13",
    title="A table is locked by hand",
    explanation="LOCK TABLE holds its lock until the transaction ends. Without a mode it is ACCESS EXCLUSIVE, which "
    "reads wait for as well.",
    on=(LockTable,),
    find=find,
    aliases=("MP065",),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE),),
    in_transaction=True,
    given="CREATE TABLE orders (id bigint, note text);",
    bad="LOCK TABLE orders;",
    good="LOCK TABLE orders IN ROW EXCLUSIVE MODE;",
)
