"""TRUNCATE of a table that was there before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers, Locks
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Truncate
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Truncate, context: Context) -> Iterator[Match]:
    for name in action.tables:
        table = context.table(name)
        if context.is_new(name) or (table and table.temporary):
            continue
        also = " and all tables that refer to it" if action.cascade else ""
        yield Match(
            f"TRUNCATE empties {name}{also} under an ACCESS EXCLUSIVE lock: reads and writes wait, the rows are lost.",
            f"-- delete the rows of {name} that must go in batches, outside of a migration",
            name,
        )


RULE = Rule(
    id="truncate",
    hazard="D8",
    title="A table is emptied",
    explanation="TRUNCATE loses all rows under an ACCESS EXCLUSIVE lock; CASCADE empties every table that refers to "
    "this one as well.",
    on=(Truncate,),
    find=find,
    aliases=(
        "ban-truncate-cascade",
        "truncate-cascade",
        "MP036",
    ),
    claims=(
        Locks(LockMode.ACCESS_EXCLUSIVE),
        Answers("SELECT count(*) FROM orders", before="2000", after="0"),
    ),
    given="CREATE TABLE orders (id bigint, note text);",
    bad="TRUNCATE orders CASCADE;",
    good="CREATE TABLE fresh (id bigint);\nTRUNCATE fresh;",
)
