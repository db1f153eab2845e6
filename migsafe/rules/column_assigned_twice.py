"""A column that one UPDATE or INSERT names twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Says
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Insert, Update
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Update | Insert, _: Context) -> Iterator[Match]:
    names = action.assigned if isinstance(action, Update) else action.columns
    for column in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Match(
            f"{quoted(column)} of {action.table} is assigned more than once: PostgreSQL refuses the statement.",
            f"-- assign {quoted(column)} once",
            action.table,
        )


RULE = Rule(
    id="column-assigned-twice",
    hazard="H3",
    title="A column is assigned twice in one statement",
    explanation="PostgreSQL refuses the statement when it runs, in the middle of the migration.",
    on=(
        Update,
        Insert,
    ),
    find=find,
    severity=Severity.ERROR,
    aliases=("ban-duplicate-column-assignments",),
    claims=(Says("42601"),),
    given="CREATE TABLE orders (id bigint, note text);",
    bad="UPDATE orders SET note = '', note = 'x' WHERE id = 1;",
    good="UPDATE orders SET note = '', id = 2 WHERE id = 1;",
)
