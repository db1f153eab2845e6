"""An enum made anew without one of its values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Says
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import CreateType, Kind, Rename

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateType, context: Context) -> Iterator[Match]:
    if action.what != "enum":
        return
    for old in _moved_aside(action, context):
        known = context.catalog.type(action.name.beside(old.new_name))
        gone = [value for value in known.values if value not in action.values] if known else []
        if gone:
            listed = ", ".join(f"'{value}'" for value in gone)
            column = f"{action.name} without {listed}"
            yield Match(
                f"Type {column}: rows that have it make the change of the column's type fail, and the application that "
                "still writes it is refused.",
                f"-- leave {listed} in {action.name}; a CHECK … NOT VALID on the column keeps it out of new rows",
                action.name,
            )


def _moved_aside(action: CreateType, context: Context) -> Iterator[Rename]:
    """The renames by which the script made room for the type."""
    for step in context.earlier:
        if isinstance(step.action, Rename) and step.action.kind is Kind.TYPE and step.action.name == action.name:
            yield step.action


RULE = Rule(
    id="enum-value-removed",
    hazard="E5",
    title="An enum is made anew without a value",
    explanation="PostgreSQL can't take a value from an enum, so the type is made anew and its columns are cast by way "
    "of text: that writes their tables anew, and fails where a row has the value.",
    on=(CreateType,),
    find=find,
    confidence=Confidence.LIKELY,
    aliases=("MP024",),
    claims=(Says("22P02"),),
    given="CREATE TYPE mood AS ENUM ('sad', 'glad');\nCREATE TABLE people (id bigint, mood mood);",
    bad="ALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ('glad');\n"
    "ALTER TABLE people ALTER COLUMN mood TYPE mood USING mood::text::mood;\nDROP TYPE mood_old;",
    good="ALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ('sad', 'glad', 'calm');\n"
    "ALTER TABLE people ALTER COLUMN mood TYPE mood USING mood::text::mood;\nDROP TYPE mood_old;",
)
