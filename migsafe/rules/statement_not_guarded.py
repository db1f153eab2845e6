"""A statement that a second run is refused, where IF EXISTS or IF NOT EXISTS would let it pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import (
    Action,
    AddColumn,
    AddEnumValue,
    Create,
    CreateFunction,
    CreateIndex,
    CreateSequence,
    CreateTable,
    CreateView,
    Drop,
    DropColumn,
    DropConstraint,
    Kind,
)
from migsafe.sql.parsing import Within

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Action, context: Context) -> Iterator[Match]:
    """Nothing in a transaction, which leaves nothing behind when it is cut off, nor in a condition."""
    if context.in_transaction or context.statement.within is not Within.SCRIPT or context.statement.conditional:
        return
    guard = _missing_guard(action)
    if guard and not _is_dropped_first(action, context):
        yield Match(
            f"A second run is refused here, so that a migration that was cut off behind it can't be run again: "
            f"{guard} is missing.",
            f"-- write {guard}",
            getattr(action, "table", None) or getattr(action, "name", None) or getattr(action, "type", None),
        )


def _missing_guard(action: Action) -> str | None:
    """The words that would let the statement pass where it was run before; none where it has them or there are none.

    An index that is built CONCURRENTLY needs more: IF NOT EXISTS keeps an invalid one.
    """
    match action:
        case CreateTable(temporary=False) | CreateSequence() | AddColumn() | AddEnumValue():
            return None if action.if_not_exists else "IF NOT EXISTS"
        case CreateIndex(concurrently=False, name=str()):
            return None if action.if_not_exists else "IF NOT EXISTS"
        case Create(kind=Kind.SCHEMA | Kind.EXTENSION):
            return None if action.if_not_exists else "IF NOT EXISTS"
        case CreateView():
            if action.or_replace or action.if_not_exists:
                return None
            return "IF NOT EXISTS" if action.materialized else "OR REPLACE"
        case CreateFunction():
            return None if action.or_replace else "OR REPLACE"
        case Drop():
            return None if action.if_exists else "IF EXISTS"
        case DropColumn():
            return None if action.column_if_exists else "IF EXISTS"
        case DropConstraint():
            return None if action.constraint_if_exists else "IF EXISTS"
        case _:
            return None


def _is_dropped_first(action: Action, context: Context) -> bool:
    """Whether the script drops it beforehand, if it is there."""
    name = getattr(action, "name", None)
    dropped = (step.action for step in context.earlier if isinstance(step.action, Drop))
    return any(each.if_exists and name in (each.name, each.name.name) for each in dropped)


RULE = Rule(
    id="statement-not-guarded",
    hazard="G1",
    title="A second run is refused",
    explanation="Outside of a transaction a migration that was cut off has done its first statements. Run again, it is "
    "refused at what is there already, or gone, and what comes behind is never done. The report's second run says the "
    "same of every statement, guarded or not, so that this is for teams that want the words.",
    on=(
        AddColumn,
        AddEnumValue,
        Create,
        CreateFunction,
        CreateIndex,
        CreateSequence,
        CreateTable,
        CreateView,
        Drop,
        DropColumn,
        DropConstraint,
    ),
    find=find,
    severity=Severity.NOTE,
    default=False,
    aliases=(
        "prefer-robust-stmts",
        "require-if-exists",
        "prefer-robust-create-table",
        "prefer-robust-create-index",
        "prefer-robust-drop-table",
        "prefer-robust-drop-index",
        "MP023",
    ),
    claims=(Answers("SELECT count(*) FROM orders", before="2000", after="2001", runs=2),),
    given="CREATE TABLE orders (id bigint);",
    bad="CREATE TABLE fresh (id bigint);\nINSERT INTO orders VALUES (2001);",
    good="CREATE TABLE IF NOT EXISTS fresh (id bigint);\nINSERT INTO orders VALUES (2001);",
)
