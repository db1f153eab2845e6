"""DISABLE TRIGGER that the script doesn't take back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AlterTableOther
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AlterTableOther, context: Context) -> Iterator[Match]:
    if not action.what.startswith("DisableTrig") or context.is_new(action.table):
        return
    back = action.what.replace("Disable", "Enable")
    later = (step.action for step in context.later if isinstance(step.action, AlterTableOther))
    if any((each.table, each.what, each.name) == (action.table, back, action.name) for each in later):
        return
    which = f"The trigger {quoted(action.name)}" if action.name else "Every trigger"
    keys = ", those that check foreign keys too," if action.what == "DisableTrigAll" else ""
    yield Match(
        f"{which} of {action.table}{keys} stays off for everybody when this is done.",
        f"{context.statement.text};\n-- … and in the same transaction\n"
        f"ALTER TABLE {action.table} ENABLE TRIGGER {quoted(action.name) if action.name else _ALL[action.what]};",
        action.table,
    )


_ALL = {"DisableTrigAll": "ALL", "DisableTrigUser": "USER"}

RULE = Rule(
    id="triggers-disabled",
    hazard="D14",
    title="Triggers are switched off and stay off",
    explanation="DISABLE TRIGGER holds for all sessions, under SHARE ROW EXCLUSIVE, and lasts. ALL switches off what "
    "checks foreign keys as well: rows that refer to nothing come in, and no later statement looks for them.",
    on=(AlterTableOther,),
    find=find,
    aliases=("ban-disable-trigger", "enable-disable-trigger"),
    claims=(Answers("INSERT INTO orders VALUES (0, -1)", before="23503"),),
    given="CREATE TABLE customers (id bigint PRIMARY KEY);\n"
    "CREATE TABLE orders (id bigint, customer bigint REFERENCES customers);",
    bad="ALTER TABLE orders DISABLE TRIGGER ALL;",
    good="BEGIN;\nALTER TABLE orders DISABLE TRIGGER ALL;\nALTER TABLE orders ENABLE TRIGGER ALL;\nCOMMIT;",
)
