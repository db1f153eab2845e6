"""ALTER COLUMN TYPE to a type that holds less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Says
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AlterColumnType
from migsafe.sql.names import Type, quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AlterColumnType, context: Context) -> Iterator[Match]:
    column = context.catalog.column(action.table, action.column)
    if column is None or context.is_new(action.table):
        return
    loss = narrowing(column.type, action.type)
    if loss:
        name = quoted(action.column)
        yield Match(
            f"{action.type} holds less than {column.type}: {loss} in {action.table}.{name}.",
            f"-- count first what doesn't fit: SELECT count(*) FROM {action.table} WHERE {name} IS DISTINCT FROM "
            f"{name}::{action.type}::{column.type};",
            action.table,
        )


_TEXTS = ("text", "varchar", "bpchar")
_BY_SIZE = (("int2", "int4", "int8"), ("float4", "float8"))
_MOMENTS = ("timestamp", "timestamptz")


def narrowing(old: Type, new: Type) -> str | None:
    """What becomes of values that don't fit; none where all do, or nothing is known of the types."""
    if old.array or new.array or old.schema or new.schema:
        return None
    for sizes in _BY_SIZE:
        if old.name in sizes and new.name in sizes and sizes.index(new.name) < sizes.index(old.name):
            return "PostgreSQL refuses values out of its range, and rounds" if "float4" in sizes else _REFUSED
    if old.name in _TEXTS and new.name in ("varchar", "bpchar") and new.modifiers:
        known = old.modifiers[0] if old.modifiers else None
        return _REFUSED if known is None or new.modifiers[0] < known else None
    if old.name in ("numeric", "float4", "float8") and new.name in _BY_SIZE[0]:
        return "fractions are rounded away"
    if old.name in _MOMENTS and new.name == "date":
        return "the time of day is lost"
    if old.name == new.name == "numeric" and new.modifiers:
        return _narrower_numeric(old.modifiers, new.modifiers)
    if old.name in _MOMENTS and new.name in _MOMENTS and new.modifiers:
        return "fractions of seconds are rounded away" if new.modifiers[0] < (*old.modifiers, 6)[0] else None
    return None


_REFUSED = "PostgreSQL refuses values that don't fit"


def _narrower_numeric(old: tuple[int, ...], new: tuple[int, ...]) -> str | None:
    scale = (*new, 0)[1]
    if not old or scale < (*old, 0)[1]:
        return "digits behind the point are rounded away"
    return _REFUSED if new[0] - scale < old[0] - (*old, 0)[1] else None


RULE = Rule(
    id="type-narrowed",
    hazard="C7",
    title="A type that holds less",
    explanation="A value that doesn't fit is refused, so that the migration fails on the rows of production, or it is "
    "rounded or cut without a word, as by a smaller scale or a cast in USING.",
    on=(AlterColumnType,),
    find=find,
    confidence=Confidence.LIKELY,
    aliases=("MP044",),
    claims=(Says("22001"),),
    given="CREATE TABLE orders (id bigint, number varchar(10));",
    bad="ALTER TABLE orders ALTER COLUMN number TYPE varchar(3);",
    good="ALTER TABLE orders ALTER COLUMN number TYPE varchar(20);",
)
