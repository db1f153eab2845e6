"""SET SCHEMA of a table or view that the application knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import CreateTable, CreateView, Kind, SetSchema
from migsafe.sql.names import Name

if TYPE_CHECKING:
    from migsafe.rules.context import Context

_RELATIONS = (Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW)


def find(action: SetSchema, context: Context) -> Iterator[Match]:
    if action.kind not in _RELATIONS or context.is_new(action.name):
        return
    made = (step.action for step in context.later if isinstance(step.action, CreateTable | CreateView))
    if any(each.name == action.name and not getattr(each, "temporary", False) for each in made):
        return
    new = Name(action.name.name, action.schema)
    view = f"CREATE VIEW {action.name} AS SELECT * FROM {new};"
    move = f"{context.statement.text};\n{view}"
    yield Match(
        f"Whoever calls {new} by its old name {action.name} fails once this is committed, unless search_path has the "
        "new schema.",
        move if context.in_transaction else f"BEGIN;\n{move}\nCOMMIT;",
        action.name,
    )


RULE = Rule(
    id="moved-to-schema",
    hazard="D6",
    title="A table is moved to another schema under the application",
    explanation="Every statement that names the table with its old schema fails from the moment of the commit, and one "
    "without a schema too where search_path doesn't have the new one. With a view in the old place it goes on.",
    on=(SetSchema,),
    find=find,
    severity=Severity.ERROR,
    aliases=("ban-set-schema", "MP098"),
    claims=(Answers("SELECT id FROM public.orders", after="42P01"),),
    given="CREATE SCHEMA archive;\nCREATE TABLE public.orders (id bigint);",
    bad="ALTER TABLE public.orders SET SCHEMA archive;",
    good="ALTER TABLE public.orders SET SCHEMA archive;\nCREATE VIEW public.orders AS SELECT id FROM archive.orders;",
)
