"""What rules share about values: which functions are volatile, which changes of type keep the rows as they are."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.catalog import Catalog
from migsafe.sql.actions import AddColumn, Column, CreateTable
from migsafe.sql.names import Expression, Name, Type


def volatile_functions(expression: Expression, catalog: Catalog) -> tuple[str, ...]:
    """The functions in an expression that are known to be volatile."""
    return tuple(name.name for name in expression.functions if catalog.is_volatile(name))


def written_columns(action: CreateTable | AddColumn) -> Iterator[tuple[Name, Column]]:
    """The columns that an action makes, each with its table."""
    if isinstance(action, AddColumn):
        yield action.table, action.column
    else:
        yield from ((action.name, column) for column in action.columns)


_TEXTS = ("text", "varchar")


def keeps_rows(old: Type, new: Type, *, utc: bool = False) -> bool:
    """Whether a change of type needs no rewrite (PostgreSQL manual, ALTER TABLE, Notes; binary coercible types).

    ``utc`` says that the session's time zone is known to be UTC, where timestamp and timestamptz are the same.
    """
    if old.array != new.array or old.schema != new.schema:
        return False
    if old == new:
        return True
    if old.name in _TEXTS and new.name in _TEXTS:
        return not new.modifiers or (bool(old.modifiers) and old.modifiers[0] <= new.modifiers[0])
    if old.name == new.name == "varbit" or (old.name == new.name and old.name in _PRECISION):
        return not new.modifiers or (bool(old.modifiers) and old.modifiers[-1] <= new.modifiers[-1])
    if old.name == new.name == "numeric":
        return not new.modifiers or (
            len(old.modifiers) > 0 and _scale(old) == _scale(new) and old.modifiers[0] <= new.modifiers[0]
        )
    if {old.name, new.name} == {"timestamp", "timestamptz"}:
        return utc and old.modifiers == new.modifiers
    return (old.name, new.name) in _COERCIBLE and not new.modifiers


_PRECISION = ("timestamp", "timestamptz", "time", "timetz", "interval")

_COERCIBLE = {
    ("cidr", "inet"),
    ("xml", "text"),
    ("xml", "varchar"),
    ("oid", "int4"),
    ("int4", "oid"),
    ("citext", "text"),
    ("text", "citext"),
    ("varchar", "citext"),
}
"""Types whose values are the same in both (``pg_cast.castmethod`` b)."""


def _scale(kind: Type) -> int:
    return kind.modifiers[1] if len(kind.modifiers) > 1 else 0
