"""What tells the rows of a table apart, before and after a migration that may have replaced its key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.errors import CannotCheck
from migsafe.rows.digest import Column
from migsafe.rows.survival import key_type

if TYPE_CHECKING:
    import psycopg

    from migsafe.rows.lineage import ColumnPair, Pair, Relation


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells rows apart: names of the key's columns, and types and expressions for both sides."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    old: tuple[sql.Composable, ...]
    new: tuple[sql.Composable, ...]
    columns: tuple[ColumnPair, ...]
    """Whose values need no comparing any more."""


def identify(before: psycopg.Connection, scratch: psycopg.Connection, pair: Pair) -> Identity | None:
    """By the old primary key if it still tells rows apart, otherwise by the columns that kept their values.

    Where these don't tell rows apart, whole rows are numbered; none where all rows are the same on both sides. Raises
    :class:`CannotCheck` where a part of the columns went to a table that doesn't have the key.
    """
    return _by_key(scratch, pair) or _by_kept_columns(before, scratch, pair)


def column_digests(
    connection: psycopg.Connection, relation: Relation, columns: Sequence[Column]
) -> tuple[int, int | None, list[int | None]]:
    """The count of rows, the digest of these columns together, and of each; none depends on a key."""
    query = sql.SQL("SELECT count(*), {}, ARRAY[{}]::numeric[] FROM {}").format(
        _digest(columns),
        join(_digest([column]) for column in columns),
        relation.source,
    )
    ((rows, together, each),) = fetch(connection, query)
    return rows, together, each


def _digest(columns: Iterable[Column]) -> sql.Composed:
    return sql.SQL("sum(hashtextextended({}, 0))").format(_row(columns))


def _by_key(scratch: psycopg.Connection, pair: Pair) -> Identity | None:
    if not pair.key:
        return None
    types = tuple(key_type(old, new) for old, new in pair.key)
    old, new = (
        tuple(cast(columns[side], kind) for columns, kind in zip(pair.key, types, strict=True)) for side in (0, 1)
    )
    identity = Identity(tuple(column.name for column, _ in pair.key), types, old, new, ())
    same_key = {column.number for _, column in pair.key} == {*pair.new.key}
    return identity if same_key or _tells_apart(scratch, pair.new, new) else None


def _by_kept_columns(before: psycopg.Connection, scratch: psycopg.Connection, pair: Pair) -> Identity | None:
    """By the columns that kept their values, or by whole rows; none where all rows are the same on both sides."""
    sides = (
        (before, pair.old, [old for old, _ in pair.columns]),
        (scratch, pair.new, [new for _, new in pair.columns]),
    )
    ours, theirs = (column_digests(*side) for side in sides)
    if ours == theirs:
        return None
    if not pair.whole:
        hint = "say in [checks] moved where the columns of its primary key went"
        raise CannotCheck(f"no key tells which row of {pair.old.name} went to which of {pair.new.name}; {hint}")
    kept = tuple(pair.columns[i] for i, digest in enumerate(ours[2]) if digest == theirs[2][i])
    for columns in (kept, pair.columns) if kept else (pair.columns,):
        old, new = ((_row(each[side] for each in columns),) for side in (0, 1))
        if _tells_apart(before, pair.old, old) and _tells_apart(scratch, pair.new, new):
            return Identity((), ("text",), old, new, columns)
    number = sql.SQL("row_number() OVER (PARTITION BY {})")
    return Identity((), ("text", "bigint"), (*old, number.format(*old)), (*new, number.format(*new)), pair.columns)


def _tells_apart(connection: psycopg.Connection, relation: Relation, key: Sequence[sql.Composable]) -> bool:
    query = sql.SQL("SELECT NOT EXISTS (SELECT FROM {} GROUP BY {} HAVING count(*) > 1)")
    ((unique,),) = fetch(connection, query.format(relation.source, join(key)))
    return bool(unique)


def cast(column: Column, kind: str) -> sql.Composed:
    """The column's value as this type; a text in the collation that tells all texts apart."""
    return sql.SQL("{}::{}").format(column.value, sql.SQL(kind + (' COLLATE "C"' if kind == "text" else "")))


def _row(columns: Iterable[Column]) -> sql.Composed:
    return sql.SQL('ROW({})::text COLLATE "C"').format(join(column.value for column in columns))


def join(parts: Iterable[sql.Composable]) -> sql.Composed:
    """The parts with commas between."""
    return sql.SQL(", ").join(parts)


def fetch(connection: psycopg.Connection, query: sql.Composed) -> list[Any]:
    """All rows of the query, as tuples."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query).fetchall()
