"""DROP … CASCADE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import Create, Drop, DropColumn, DropConstraint
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Drop | DropColumn | DropConstraint, context: Context) -> Iterator[Match]:
    if not action.cascade:
        return
    if isinstance(action, Drop):
        relation, what = action.name, f"{action.kind} {action.name}"
        made = any(isinstance(step.action, Create) and step.action.name == relation for step in context.earlier)
    else:
        relation = action.table
        part = action.column if isinstance(action, DropColumn) else action.name
        what, made = f"{relation}.{quoted(part)}", False
    if made or context.is_new(relation):
        return
    yield Match(
        f"CASCADE drops with {what} whatever depends on it, unseen; ACCESS EXCLUSIVE locks on those tables "
        "make reads and writes wait.",
        "-- leave CASCADE out and drop by name what depends on it",
        relation,
    )


RULE = Rule(
    id="drop-cascade",
    hazard="D19",
    title="CASCADE drops what nobody named",
    explanation="CASCADE drops everything that depends on the object: views, foreign keys, triggers, and what was "
    "added by hand in production. Without it PostgreSQL says what would fall.",
    on=(
        Drop,
        DropColumn,
        DropConstraint,
    ),
    find=find,
    confidence=Confidence.POSSIBLE,
    aliases=("MP022",),
    claims=(Answers("SELECT count(*) FROM totals", after="42P01"),),
    given="CREATE TABLE orders (id bigint, note text);\n"
    "CREATE VIEW totals AS SELECT count(*)::integer AS number FROM orders;",
    bad="DROP TABLE orders CASCADE;",
    good="CREATE OR REPLACE VIEW totals AS SELECT 0 AS number;\nDROP TABLE orders;",
)
