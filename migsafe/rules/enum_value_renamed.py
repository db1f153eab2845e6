"""RENAME VALUE of an enum that is in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import RenameEnumValue

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: RenameEnumValue, context: Context) -> Iterator[Match]:
    known = context.catalog.type(action.type)
    if known and known.made_in == context.catalog.script:
        return
    old, new = (each.replace("'", "''") for each in (action.value, action.new_value))
    yield Match(
        f"Renaming the value '{old}' of {action.type} breaks the application that still runs: it fails where it "
        f"writes or compares with '{old}'.",
        f"ALTER TYPE {action.type} ADD VALUE '{new}' AFTER '{old}';\n"
        f"-- in later steps: accept both, write '{new}', and change the rows that hold '{old}'",
        action.type,
    )


RULE = Rule(
    id="enum-value-renamed",
    hazard="E4",
    title="An enum value gets another name under the application",
    explanation="Every row shows the new name at once, and the old one is no value any more: a release that writes it "
    "or compares with it is refused (SQLSTATE 22P02), one that reads meets a value that it doesn't know.",
    on=(RenameEnumValue,),
    find=find,
    confidence=Confidence.LIKELY,
    aliases=("renaming-object", "rename_enum_value", "MP060"),
    claims=(Answers("SELECT 'happy'::mood", after="22P02"),),
    given="CREATE TYPE mood AS ENUM ('sad', 'happy');",
    bad="ALTER TYPE mood RENAME VALUE 'happy' TO 'glad';",
    good="ALTER TYPE mood ADD VALUE 'glad' AFTER 'happy';\n"
    "CREATE TYPE size AS ENUM ('s', 'm');\nALTER TYPE size RENAME VALUE 's' TO 'small';",
)
