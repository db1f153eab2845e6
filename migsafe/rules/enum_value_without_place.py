"""ADD VALUE without BEFORE or AFTER."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AddEnumValue

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddEnumValue, _: Context) -> Iterator[Match]:
    if action.neighbour is None:
        value = action.value.replace("'", "''")
        yield Match(
            f"The new value '{value}' of {action.type} goes to the end of the order, which can't be changed later.",
            f"ALTER TYPE {action.type} ADD VALUE '{value}' AFTER …; -- or BEFORE, the value that it belongs to",
            action.type,
        )


RULE = Rule(
    id="enum-value-without-place",
    hazard="E2",
    title="A new enum value has no place in the order",
    explanation="Values compare and sort in the order of the type. Without BEFORE or AFTER a new one is the greatest, "
    "and no statement moves it afterwards.",
    on=(AddEnumValue,),
    find=find,
    confidence=Confidence.POSSIBLE,
    default=False,
    aliases=("require-enum-value-ordering", "alter-enum-no-ordering"),
    claims=(Answers("SELECT ('medium'::size < 'large')::text", before="22P02", after="false"),),
    given="CREATE TYPE size AS ENUM ('small', 'large');",
    bad="ALTER TYPE size ADD VALUE 'medium';",
    good="ALTER TYPE size ADD VALUE 'medium' AFTER 'small';",
)
