"""DELETE without WHERE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Delete

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Delete, context: Context) -> Iterator[Match]:
    table = context.table(action.table)
    if action.where is not None or context.is_new(action.table) or (table and table.temporary):
        return
    yield Match(
        f"The DELETE has no WHERE: every row of {action.table} is lost, and locked until the commit, so that other "
        "writers wait.",
        f"-- say which rows of {action.table} must go, and delete them in batches",
        action.table,
    )


RULE = Rule(
    id="delete-every-row",
    hazard="H2",
    title="All rows are deleted",
    explanation="Without WHERE every row is lost, and each is locked until the commit: whoever writes them waits.",
    on=(Delete,),
    find=find,
    aliases=(
        "delete-without-where",
        "MP067",
    ),
    claims=(Answers("SELECT count(*) FROM orders", before="2000", after="0"),),
    given="CREATE TABLE orders (id bigint, note text);",
    bad="DELETE FROM orders;",
    good="DELETE FROM orders WHERE id = 7;",
)
