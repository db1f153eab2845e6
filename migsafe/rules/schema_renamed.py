"""RENAME of a schema whose tables the application knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Create, Kind, Rename

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Rename, context: Context) -> Iterator[Match]:
    if action.kind is not Kind.SCHEMA:
        return
    made = (step.action for step in context.earlier if isinstance(step.action, Create))
    if any(each.kind is Kind.SCHEMA and each.name == action.name and not each.if_not_exists for each in made):
        return
    yield Match(
        f"Whoever still names a table of the schema {action.name}, or has it in search_path, fails or finds another "
        "table once this is committed.",
        "-- make the new schema, move the tables one by one, each with a view in its old place, and drop the old "
        "schema when nobody uses it any more",
        action.name,
    )


RULE = Rule(
    id="schema-renamed",
    hazard="D5",
    title="A schema is renamed under the application",
    explanation="Every statement that names something in it by its old name fails from the moment of the commit, and a "
    "search_path passes over the old name in silence.",
    on=(Rename,),
    find=find,
    severity=Severity.ERROR,
    aliases=("renaming-object", "rename_schema", "rename", "rename-schema"),
    claims=(Answers("SELECT id FROM billing.invoices", after="42P01"),),
    production="CREATE SCHEMA billing;\nCREATE TABLE billing.invoices (id bigint);",
    bad="ALTER SCHEMA billing RENAME TO accounting;",
    good="CREATE SCHEMA fresh;\nALTER SCHEMA fresh RENAME TO accounting;",
)
