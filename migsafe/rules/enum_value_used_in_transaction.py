"""A new enum value that is used before the transaction that adds it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from postgast import pg_query_pb2 as pb

from migsafe.findings import Severity
from migsafe.rules.claims import Says
from migsafe.rules.context import Step
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AddEnumValue
from migsafe.sql.names import nodes
from migsafe.sql.parsing import Within

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddEnumValue, context: Context) -> Iterator[Match]:
    known = context.catalog.type(action.type)
    if not context.in_transaction or (
        known and (known.made_in == context.catalog.script or action.value in known.values)
    ):
        return
    user = next((step for step in context.later if _uses(step, action.value, context)), None)
    if user is None:
        return
    value = action.value.replace("'", "''")
    yield Match(
        f"The new value '{value}' of {action.type} is used in the transaction that adds it, which PostgreSQL refuses.",
        f"{context.statement.text};\nCOMMIT; -- or in a migration of its own, before the one that uses the value",
        action.type,
    )


def _uses(step: Step, value: str, context: Context) -> bool:
    """Whether a later statement of the same transaction names the value as a constant."""
    if step.transaction != context.step.transaction or step.statement.within is Within.FUNCTION:
        return False
    return any(isinstance(each, pb.A_Const) and each.sval.sval == value for each in nodes(step.statement.node))


RULE = Rule(
    id="enum-value-used-in-transaction",
    hazard="E3",
    title="A new enum value is used before it is committed",
    explanation="A value that ALTER TYPE … ADD VALUE adds can't be used until its transaction has been committed "
    "(SQLSTATE 55P04), unless the type was made in the same transaction. The migration fails.",
    on=(AddEnumValue,),
    find=find,
    severity=Severity.ERROR,
    confidence=Confidence.LIKELY,
    in_transaction=True,
    aliases=("alter-enum-add-value", "MP012", "MP054"),
    claims=(Says("55P04"),),
    given="CREATE TYPE mood AS ENUM ('sad', 'happy');\nCREATE TABLE people (id bigint, mood mood);",
    bad="ALTER TYPE mood ADD VALUE 'calm';\nUPDATE people SET mood = 'calm' WHERE id = 1;",
    good="ALTER TYPE mood ADD VALUE 'calm';\nCOMMIT;\nUPDATE people SET mood = 'calm' WHERE id = 1;",
)
