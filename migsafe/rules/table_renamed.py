"""RENAME of a table that the application knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import CreateTable, CreateView, Kind, Rename

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Rename, context: Context) -> Iterator[Match]:
    if action.kind is not Kind.TABLE or action.part is not None or context.is_new(action.name):
        return
    made = [step.action for step in context.later if isinstance(step.action, CreateTable | CreateView)]
    if any(each.name == action.name and not _is_temporary(each) for each in made):
        return
    new = action.name.beside(action.new_name)
    yield Match(
        f"Whoever still calls {new} by its old name {action.name} fails once this is committed; until then an "
        "ACCESS EXCLUSIVE lock makes reads and writes wait.",
        f"BEGIN;\n{context.statement.text};\nCREATE VIEW {action.name} AS SELECT * FROM {new};\nCOMMIT;"
        if not context.in_transaction
        else f"{context.statement.text};\nCREATE VIEW {action.name} AS SELECT * FROM {new};",
        action.name,
    )


def _is_temporary(made: CreateTable | CreateView) -> bool:
    """Whether only this session sees it."""
    return isinstance(made, CreateTable) and made.temporary


RULE = Rule(
    id="table-renamed",
    hazard="D2",
    title="A table is renamed under the application",
    explanation="Every statement that names the table by its old name fails from the moment of the commit; with a "
    "view of the old name, made in the same script, it goes on.",
    on=(Rename,),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "renaming-table",
        "rename_table",
        "BC101",
        "RENAME_TABLE",
        "rename",
        "rename-table",
        "MP028",
    ),
    claims=(Answers("SELECT note FROM orders", after="42P01"),),
    given="CREATE TABLE orders (id bigint, note text);",
    bad="ALTER TABLE orders RENAME TO purchases;",
    good="ALTER TABLE orders RENAME TO purchases;\nCREATE VIEW orders AS SELECT * FROM purchases;",
)
