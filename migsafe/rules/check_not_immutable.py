"""A CHECK whose answer changes with time or chance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.constraints import added
from migsafe.rules.rule import Match, Rule
from migsafe.rules.values import volatile_functions
from migsafe.sql.actions import AddColumn, AddConstraint, ConstraintKind, CreateTable

if TYPE_CHECKING:
    from migsafe.rules.context import Context


_OF_THE_MOMENT = frozenset(
    (
        "now",
        "current_timestamp",
        "current_timestamp_n",
        "transaction_timestamp",
        "statement_timestamp",
        "localtimestamp",
        "localtimestamp_n",
        "current_date",
        "current_time",
        "localtime",
        "current_user",
        "session_user",
        "current_role",
        "current_setting",
    )
)


def find(action: CreateTable | AddConstraint | AddColumn, context: Context) -> Iterator[Match]:
    if isinstance(action, CreateTable):
        table = action.name
        checks = tuple(each for each in action.all_constraints if each.kind is ConstraintKind.CHECK)
    else:
        table, checks = action.table, added(action, ConstraintKind.CHECK, context)
    for check in checks:
        if check.expression is None:
            continue
        moment = [name.name for name in check.expression.functions if name.name in _OF_THE_MOMENT]
        if functions := [*volatile_functions(check.expression, context.catalog), *moment]:
            yield Match(
                f"A check of {table} asks {functions[0]}, whose answer changes: a row that passed can be refused when "
                "it is written again, or restored from a dump.",
                "-- compare with a column that is set when the row is made, or check in a trigger",
                table,
            )


RULE = Rule(
    id="check-not-immutable",
    hazard="B13",
    title="A check's answer changes while the row stays",
    explanation="PostgreSQL takes the condition of a CHECK for immutable. Where it asks the clock, the session or "
    "chance, an UPDATE of another column is refused later (23514), and pg_restore refuses the row.",
    on=(CreateTable, AddConstraint, AddColumn),
    find=find,
    aliases=("MP087",),
    claims=(
        Answers(
            "INSERT INTO offers VALUES (1, clock_timestamp() + interval '10 milliseconds'); SELECT pg_sleep(0.02); "
            "UPDATE offers SET id = 2",
            after="23514",
        ),
    ),
    given="CREATE TABLE offers (id bigint, ends timestamptz);",
    bad="ALTER TABLE offers ADD CONSTRAINT open CHECK (ends > clock_timestamp()) NOT VALID;",
    good="ALTER TABLE offers ADD COLUMN made timestamptz;\n"
    "ALTER TABLE offers ADD CONSTRAINT open CHECK (ends > made) NOT VALID;",
)
