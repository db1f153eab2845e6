"""A statement that a second run is refused, where IF EXISTS or IF NOT EXISTS would let it pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.edits import Fix, behind, edited
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import (
    Action,
    AddColumn,
    AddConstraint,
    AddEnumValue,
    Create,
    CreateFunction,
    CreateIndex,
    CreateSequence,
    CreateTable,
    CreateType,
    CreateView,
    Drop,
    DropColumn,
    DropConstraint,
    Kind,
    Rename,
)
from migsafe.sql.parsing import Within
from migsafe.sql.words import words

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Action, context: Context) -> Iterator[Match]:
    """Nothing in a transaction, which leaves nothing behind when it is cut off, nor in a condition."""
    if context.in_transaction or context.statement.within is not Within.SCRIPT or context.statement.conditional:
        return
    guard = _missing_guard(action)
    if guard and not _is_dropped_first(action, context):
        fixes = tuple(_fixes(action, guard, context))
        yield Match(
            f"A second run is refused here, so that a migration that was cut off behind it can't be run again: "
            f"{guard} is missing.",
            f"{edited(context.statement.text, fixes[0])};" if fixes else f"-- write {guard}",
            getattr(action, "table", None) or getattr(action, "name", None) or getattr(action, "type", None),
            fixes=fixes,
        )


def _fixes(action: Action, guard: str, context: Context) -> Iterator[Fix]:
    """The guard where it is surely meant: OR REPLACE would take another's place, and a drop what comes after it."""
    text = context.statement.text
    there = {word.text.upper() for word in words(text) if word.depth == 0}
    keyword = next((each for each in _in_front_of_guard(action) if each in there), None)
    if keyword and guard != "OR REPLACE" and getattr(action, "alone", True) and not _is_made_anew(action, context):
        yield (behind(text, keyword, text=guard),)


def _in_front_of_guard(action: Action) -> tuple[str, ...]:
    """The keyword behind which the guard is written; a second one where the first may be left out."""
    match action:
        case AddColumn():
            return ("COLUMN", "ADD")
        case DropColumn():
            return ("COLUMN", "DROP")
        case AddEnumValue():
            return ("VALUE",)
        case Drop(concurrently=True):
            return ("CONCURRENTLY",)
        case Drop() | Create():
            return (action.kind.value.split()[-1].upper(),)
        case _:
            return (_NOUNS[type(action)],)


_NOUNS: dict[type[Action], str] = {
    CreateTable: "TABLE",
    CreateIndex: "INDEX",
    CreateSequence: "SEQUENCE",
    CreateView: "VIEW",
    CreateFunction: "FUNCTION",
    DropConstraint: "CONSTRAINT",
}


def _is_made_anew(action: Action, context: Context) -> bool:
    """Whether the script makes something that a second run might then drop for being there."""
    made = {
        Drop: (Create, CreateFunction, CreateIndex, CreateSequence, CreateTable, CreateType, CreateView, Rename),
        DropColumn: (AddColumn, CreateTable, Rename),
        DropConstraint: (AddColumn, AddConstraint, CreateTable, Rename),
    }.get(type(action), ())
    return any(isinstance(step.action, made) for step in context.steps)


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
