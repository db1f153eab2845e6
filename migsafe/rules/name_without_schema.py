"""An object that is made wherever search_path says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import CreateFunction, CreateSequence, CreateTable, CreateType, CreateView

if TYPE_CHECKING:
    from migsafe.rules.context import Context


Making = CreateTable | CreateView | CreateSequence | CreateType | CreateFunction


def find(action: Making, _: Context) -> Iterator[Match]:
    if action.name.schema is None and not (isinstance(action, CreateTable) and action.temporary):
        yield Match(
            f"{action.name} is made in the first schema of search_path, which is the session's to set.",
            "-- write the schema in front",
            action.name,
        )


RULE = Rule(
    id="name-without-schema",
    hazard="I8",
    title="An object is made wherever search_path says",
    explanation="Without a schema in front the object lands in the first schema of search_path that is there: another "
    "one for another role, database or pooler.",
    on=(CreateTable, CreateView, CreateSequence, CreateType, CreateFunction),
    find=find,
    severity=Severity.NOTE,
    default=False,
    aliases=("require-table-schema", "require-schema-qualified"),
    claims=(Answers("SELECT id FROM public.orders", before="42P01", after="42P01"),),
    production="CREATE SCHEMA shop;",
    bad="SET search_path = shop;\nCREATE TABLE orders (id bigint);",
    good="SET search_path = shop;\nCREATE TABLE public.orders (id bigint);",
)
