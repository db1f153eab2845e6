"""Digests of values and rows as SQL expressions, computed in the server.

A value's digest is a 64-bit hash seeded with the hash of its row's primary key, and a column's digest is the sum of
them: it doesn't depend on the order of rows, equal rows don't cancel, and a value that moves to another row counts.

What is hashed is the value's text, unless its type has a hash function that can be called from SQL, is cheaper, and
tells apart whatever the text tells apart. Few have: ``numeric`` 1.0 and 1.00, ``interval`` '1 month' and '30 days',
float zeros, ``citext`` in two cases and texts under a collation that ignores accents hash alike; ``bigint`` -1 and
4294967295 too; enums and ``regclass`` hash their oid, which is another in another database; ``json``, ``xml`` and
``point`` have no hash at all. The text also stays the same when a column goes from ``integer`` to ``bigint`` or from
``varchar`` to an enum, so that such a change of type can be seen to have kept every value. The price is that of
``COPY``, which makes the same texts.

The texts depend on the session's settings, which :func:`migsafe.postgres.reading.consistent_reading` fixes. The hash
functions are the same on all little-endian machines; digests are compared only between servers of the same kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

TEXT = "text"

_OWN_HASH = {
    "uuid": ("uuid", "uuid_hash_extended({value}, {seed})"),
    "timestamp without time zone": ("timestamp", "timestamp_hash_extended({value}, {seed})"),
    "timestamp with time zone": ("timestamptz", "timestamp_hash_extended({value} AT TIME ZONE 'UTC', {seed})"),
}
_INTEGER = ("integer", "hashint8extended({value}, {seed})")
_KEY_HASH = _OWN_HASH | {"smallint": _INTEGER, "integer": _INTEGER, "bigint": _INTEGER}
"""A seed need not tell all keys apart, so that integers, the usual keys, may use their own hash."""

_TEXT_HASH = 'hashtextextended({value}::text COLLATE "C", {seed})'


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name, unquoted, its type without modifiers, its attribute number."""

    name: str
    type: str
    number: int

    @property
    def method(self) -> str:
        return _OWN_HASH[self.type][0] if self.type in _OWN_HASH else TEXT

    @property
    def key_method(self) -> str:
        return _KEY_HASH[self.type][0] if self.type in _KEY_HASH else TEXT

    @property
    def value(self) -> sql.Composable:
        """The column, of a table that is called ``t`` in the query."""
        return sql.Identifier("t", self.name)


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be read: its columns in order, and those of its primary key in the key's order."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...] = ()

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


def value_digest(column: Column, seed: sql.Composable) -> sql.Composed:
    """The digest of one value; null for a null."""
    return _digest(_OWN_HASH, column, seed)


def key_hash(key: Sequence[Column]) -> sql.Composable:
    """The hash of a primary key, with which the digests of the row's values are seeded; a constant without a key."""
    seed: sql.Composable = sql.SQL("0::bigint")
    for column in key:
        seed = _digest(_KEY_HASH, column, seed)
    return seed


def row_digest(columns: Sequence[Column]) -> sql.Composed:
    """The digest of a whole row by the text of these columns."""
    row = sql.SQL("ROW({})").format(sql.SQL(", ").join(column.value for column in columns))
    return sql.SQL(_TEXT_HASH).format(value=row, seed=sql.SQL("0"))


def _digest(functions: Mapping[str, tuple[str, str]], column: Column, seed: sql.Composable) -> sql.Composed:
    _, function = functions.get(column.type, (TEXT, _TEXT_HASH))
    return sql.SQL(function).format(value=column.value, seed=seed)
