"""DROP SCHEMA."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Create, Drop, Kind

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Drop, context: Context) -> Iterator[Match]:
    made = (step.action for step in context.earlier if isinstance(step.action, Create))
    if action.kind is not Kind.SCHEMA or any(each.kind is Kind.SCHEMA and each.name == action.name for each in made):
        return
    yield Match(
        f"Dropping the schema {action.name} takes ACCESS EXCLUSIVE locks on all that falls with it, for good.",
        f"-- drop by name what is in {action.name}, and the schema last",
        action.name,
    )


RULE = Rule(
    id="schema-dropped",
    hazard="D4",
    title="A schema is dropped",
    explanation="With CASCADE all tables in it are lost with their rows; whoever uses them fails.",
    on=(Drop,),
    find=find,
    aliases=(
        "ban-drop-schema",
        "DS101",
        "drop-schema",
        "MP035",
    ),
    claims=(Answers("SELECT id FROM billing.invoices", after="42P01"),),
    production="CREATE SCHEMA billing;\nCREATE TABLE billing.invoices (id bigint);",
    bad="DROP SCHEMA billing CASCADE;",
    good="CREATE SCHEMA fresh;\nDROP SCHEMA fresh;",
)
