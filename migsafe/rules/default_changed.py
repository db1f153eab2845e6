"""SET DEFAULT or DROP DEFAULT of a column that the application writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import SetDefault
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: SetDefault, context: Context) -> Iterator[Match]:
    if context.is_new(action.table) or context.is_new_column(action.table, action.column):
        return
    column = f"{action.table}.{quoted(action.column)}"
    known = context.catalog.column(action.table, action.column)
    if known and known.default == action.default:
        return
    what = f"{column} gets another default" if action.default is not None else f"{column} loses its default"
    yield Match(
        f"{what}: rows that the application still writes without naming the column differ from those before.",
        f"-- when every release that runs names {column} in its INSERTs\n{context.statement.text};",
        action.table,
    )


RULE = Rule(
    id="default-changed",
    hazard="C10",
    title="A default changes under the application",
    explanation="SET DEFAULT is quick, under ACCESS EXCLUSIVE, and changes no row that is there. Programs that keep "
    "the old default in memory (Rails with partial inserts) leave it out of their INSERTs and get the new one.",
    on=(SetDefault,),
    find=find,
    confidence=Confidence.POSSIBLE,
    default=False,
    aliases=("ban-set-default", "ban-drop-default", "change_column_default", "MP048"),
    claims=(Answers("INSERT INTO orders (id) VALUES (0) RETURNING state", before="new", after="open"),),
    given="CREATE TABLE orders (id bigint, state text DEFAULT 'new');",
    bad="ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'open';",
    good="ALTER TABLE orders ADD COLUMN kind text;\nALTER TABLE orders ALTER COLUMN kind SET DEFAULT 'web';",
)
