"""UPDATE of every row in one statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import Update

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Update, context: Context) -> Iterator[Match]:
    table = context.table(action.table)
    if action.where is not None or context.is_new(action.table) or (table and table.temporary):
        return
    yield Match(
        f"The UPDATE locks every row of {action.table} until the commit (ROW EXCLUSIVE on the table): other writers "
        "of these rows wait.",
        f"-- update {action.table} in batches by its key, each in a transaction of its own",
        action.table,
    )


RULE = Rule(
    id="update-every-row",
    hazard="H1",
    title="All rows are updated at once",
    explanation="One UPDATE writes every row anew and holds the locks on them until the commit: other writers of "
    "these rows wait, and the dead rows stay until VACUUM.",
    on=(Update,),
    find=find,
    confidence=Confidence.LIKELY,
    aliases=(
        "update-in-migration",
        "MP011",
    ),
    claims=(Answers("SELECT count(*) FROM orders WHERE note = ''", before="0", after="2000"),),
    given="CREATE TABLE orders (id bigint, note text);",
    bad="UPDATE orders SET note = '';",
    good="UPDATE orders SET note = '' WHERE id BETWEEN 1 AND 1000;",
)
