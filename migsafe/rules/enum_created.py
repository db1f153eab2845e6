"""CREATE TYPE … AS ENUM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import CreateType

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateType, _: Context) -> Iterator[Match]:
    if action.what == "enum":
        yield Match(
            f"{action.name} is an enum: its values can't be taken out or put in another order without making it anew.",
            "-- a table of the values with a foreign key to it, or text with a CHECK",
            action.name,
        )


RULE = Rule(
    id="enum-created",
    hazard="E1",
    title="An enum is made",
    explanation="Values can be added to an enum and renamed, but never removed, and a new one can't be used in the "
    "transaction that adds it.",
    on=(CreateType,),
    find=find,
    confidence=Confidence.POSSIBLE,
    default=False,
    aliases=("W13",),
    claims=(Answers("BEGIN; ALTER TYPE mood ADD VALUE 'calm'; SELECT 'calm'::mood", before="42704", after="55P04"),),
    bad="CREATE TYPE mood AS ENUM ('sad', 'happy');",
    good="CREATE TABLE moods (name text PRIMARY KEY);",
)
