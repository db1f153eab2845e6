"""DROP CONSTRAINT with nothing in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AddConstraint, ConstraintKind, DropConstraint
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: DropConstraint, context: Context) -> Iterator[Match]:
    table = context.table(action.table)
    known = table.constraints.get(action.name) if table else None
    if known is None or known.kind not in _GUARDS or context.is_new(action.table):
        return
    if known.made_in == context.catalog.script or _replaced(action, known.kind, context):
        return
    yield Match(
        f"Without the {known.kind} {quoted(action.name)}, {action.table} takes rows that it refused, and the "
        "constraint doesn't come back while there is one.",
        None,
        action.table,
    )


_GUARDS = (ConstraintKind.FOREIGN_KEY, ConstraintKind.UNIQUE, ConstraintKind.CHECK, ConstraintKind.EXCLUSION)


def _replaced(action: DropConstraint, kind: ConstraintKind, context: Context) -> bool:
    """Whether the script gives the table another constraint of the kind."""
    table = context.catalog.qualified(action.table)
    return any(
        isinstance(step.action, AddConstraint)
        and step.action.constraint.kind is kind
        and context.catalog.qualified(step.action.table) == table
        for step in context.steps
    )


RULE = Rule(
    id="constraint-dropped",
    hazard="B10",
    title="A constraint goes with nothing in its place",
    explanation="DROP CONSTRAINT is quick, under ACCESS EXCLUSIVE, of a foreign key on both tables. What it kept out "
    "can come in from then on, and is only found when somebody relies on it.",
    on=(DropConstraint,),
    find=find,
    confidence=Confidence.POSSIBLE,
    default=False,
    aliases=("ban-drop-constraint", "CD101", "drop-constraint"),
    claims=(Answers("INSERT INTO orders VALUES (0, -1)", before="23503"),),
    given="CREATE TABLE customers (id bigint PRIMARY KEY);\n"
    "CREATE TABLE orders (id bigint, customer bigint CONSTRAINT known REFERENCES customers);",
    bad="ALTER TABLE orders DROP CONSTRAINT known;",
    good="ALTER TABLE orders DROP CONSTRAINT known;\n"
    "ALTER TABLE orders ADD CONSTRAINT known FOREIGN KEY (customer) REFERENCES customers ON DELETE CASCADE NOT VALID;",
)
