"""RENAME COLUMN of a table that is in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AddColumn, Kind, Rename
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Rename, context: Context) -> Iterator[Match]:
    if action.kind is not Kind.COLUMN or action.part is None or context.is_new(action.name):
        return
    if any(
        isinstance(step.action, AddColumn)
        and step.action.column.name == action.part
        and step.action.table.name == action.name.name
        for step in context.earlier
    ):
        return  # nobody knows the old name
    old, new = quoted(action.part), quoted(action.new_name)
    column = context.catalog.column(action.name, action.part)
    kind = f"{column.type};" if column else f"…; -- of the type of {old}"
    yield Match(
        f"Renaming {action.name}.{old} to {new} breaks the application that still runs: it fails wherever it names "
        f"{old}.",
        f"ALTER TABLE {action.name} ADD COLUMN {new} {kind}\n"
        f"-- write both, fill {new} in batches, read {new}, and drop {old} one release later",
        action.name,
    )


RULE = Rule(
    id="column-renamed",
    hazard="C9",
    title="A column gets another name under the application",
    explanation="The rename itself takes an instant under ACCESS EXCLUSIVE. But no release of the application knows "
    "both names: either the one that runs before or the one that comes after fails in between.",
    on=(Rename,),
    find=find,
    confidence=Confidence.LIKELY,
    aliases=(
        "renaming-column",
        "rename_column",
        "BC102",
        "RENAME_COLUMN",
        "rename",
        "rename-column",
        "MP010",
        "MP071",
    ),
    claims=(Answers("SELECT customer FROM orders", after="42703"),),
    given="CREATE TABLE orders (id bigint, customer bigint);",
    bad="ALTER TABLE orders RENAME COLUMN customer TO client;",
    good="ALTER TABLE orders ADD COLUMN client bigint;\n"
    "CREATE TABLE fresh (a bigint);\nALTER TABLE fresh RENAME COLUMN a TO b;",
)
