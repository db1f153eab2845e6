"""Digests of values and rows as SQL expressions, computed in the server.

A value's digest is a 64-bit hash seeded with the hash of its row's primary key, and a column's digest is the sum of
them: it doesn't depend on the order of rows, equal rows don't cancel, and a value that moves to another row counts.

What is hashed is the value's text, unless its type has a hash function that can be called from SQL, is cheaper, and
tells apart whatever the text tells apart. Few have: ``numeric`` 1.0 and 1.00, ``interval`` '1 month' and '30 days',
float zeros, ``citext`` in two cases and texts under a collation that ignores accents hash alike; enums and ``regclass``
hash their oid, which is another in another database; ``json``, ``xml`` and ``point`` have no hash at all. ``bigint`` -1
and 4294967295 hash alike too, so that what is folded away goes into the seed; it is nothing for what fits an
``integer``, and integers of all sizes hash alike. The price is below that of ``COPY``, which makes all the texts.
The text also stays the same when a column goes from ``integer`` to ``numeric`` or from ``varchar`` to an enum;
:data:`ACROSS_TYPES` hashes it for integers too, so that such a change of type can be seen to have kept every value.

The texts depend on the session's settings, which :func:`migsafe.postgres.reading.consistent_reading` fixes.
PostgreSQL's hash functions depend on the machine's byte order and hash the bytes of the database's encoding.
:data:`PORTABLE` doesn't: MD5 of the text in UTF-8, the same everywhere, at several times the price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from psycopg import sql

TEXT = "text"

_OWN_HASH = {
    "smallint": ("integer", "hashint8extended({value}, {seed})"),
    "integer": ("integer", "hashint8extended({value}, {seed})"),
    "bigint": ("integer", "hashint8extended({value}, {seed} # ({value} >> 31) # ({value} >> 63))"),
    "boolean": ("boolean", "hashint4extended({value}::integer, {seed})"),
}
_LASTING = {
    "uuid": ("uuid", "uuid_hash_extended({value}, {seed})"),
    "timestamp without time zone": ("timestamp", "timestamp_hash_extended({value}, {seed})"),
    "timestamp with time zone": ("timestamptz", "timestamp_hash_extended({value} AT TIME ZONE INTERVAL '0', {seed})"),
}
"""Of types that seldom change. A time is folded to 32 bits before hashing: good enough for values, not for keys."""


@dataclass(frozen=True, slots=True, eq=False)
class Algorithm:
    """A way to hash: by type, the method's name and its SQL; for all other types that of their text; that of a hash."""

    name: str
    of_text: str
    of_hash: str
    of_keys: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    of_values: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def method(self, column: Column) -> str:
        """How a value of this column is hashed; digests made by different methods say nothing about each other."""
        return self.of_values.get(column.type, (TEXT, ""))[0]

    def key_method(self, column: Column) -> str:
        return self.of_keys.get(column.type, (TEXT, ""))[0]


_TEXT_HASH = 'hashtextextended({value}::text COLLATE "C", {seed})'
_HASH_HASH = "hashint8extended({value}, {seed})"
_KEY_HASH = _OWN_HASH | {"uuid": _LASTING["uuid"]}

NATIVE = Algorithm("postgresql-extended-hash", _TEXT_HASH, _HASH_HASH, _KEY_HASH, _OWN_HASH | _LASTING)
ACROSS_TYPES = Algorithm("postgresql-extended-hash-across-types", _TEXT_HASH, _HASH_HASH, _KEY_HASH, _LASTING)
_MD5_HASH = "('x' || left(md5(convert_to(({seed})::text || ':' || ({value})::text, 'UTF8')), 16))::bit(64)::bigint"
PORTABLE = Algorithm("md5-of-text", _MD5_HASH, _MD5_HASH)
ALGORITHMS = {algorithm.name: algorithm for algorithm in (NATIVE, ACROSS_TYPES, PORTABLE)}

PROBE = """
SELECT hashtextextended('migsafe' COLLATE "C", 1) # hashint8extended(-1234567890123, 2)
    # uuid_hash_extended('6d696773-6166-6500-0000-000000000001', 3) # timestamp_hash_extended('2020-02-02 20:20:02', 4)
"""
"""One hash of every kind of :data:`NATIVE`: servers that give the same number hash alike."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name, unquoted, its type without modifiers, its attribute number."""

    name: str
    type: str
    number: int

    @property
    def value(self) -> sql.Composable:
        """The column, of a table that is called ``t`` in the query."""
        return sql.Identifier("t", self.name)


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be read: its columns in order, and those of its primary key in the key's order.

    ``partitioned``: it holds the rows of its partitions. ``root`` is the printed name of the partitioned table that it
    is a partition of. ``bytes`` is its size on disk, without TOAST and indexes. ``materialized``: it is a view.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...] = ()
    partitioned: bool = False
    root: str | None = None
    bytes: int = 0
    materialized: bool = False

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    @property
    def source(self) -> sql.Composed:
        """What stands after FROM: the table as ``t``, without tables that inherit from it, or with its partitions."""
        return sql.SQL("{} AS t" if self.partitioned else "ONLY {} AS t").format(self.identifier)


def value_digest(column: Column, seed: sql.Composable, algorithm: Algorithm = NATIVE) -> sql.Composed:
    """The digest of one value; null for a null."""
    return _digest(algorithm, algorithm.of_values, column, seed)


def key_hash(
    key: Sequence[Column],
    algorithm: Algorithm = NATIVE,
    seed: sql.Composable = sql.SQL("0::bigint"),  # noqa: B008  frozen
) -> sql.Composable:
    """The hash of a primary key, with which the digests of the row's values are seeded; the seed without a key."""
    for column in key:
        seed = _digest(algorithm, algorithm.of_keys, column, seed)
    return seed


def row_digest(columns: Sequence[Column], algorithm: Algorithm = NATIVE) -> sql.Composable:
    """One hash of these columns, each seeded with its place among them, so that equal values don't cancel."""
    parts = (_part(column, number, algorithm) for number, column in enumerate(columns, start=1))
    return sql.SQL("({})").format(sql.SQL(" # ").join([sql.SQL("0::bigint"), *parts]))


def place(table: Table, algorithm: Algorithm = NATIVE) -> sql.Composable:
    """The hash that a row is found by: that of its primary key, or of the whole row in a table without one."""
    return key_hash(table.key, algorithm) if table.key else row_digest(table.columns, algorithm)


def mixed(digest: sql.Composable, with_: sql.Composable, algorithm: Algorithm = NATIVE) -> sql.Composed:
    """A hash of two hashes. The first is in the seed too, as PostgreSQL folds what it hashes to 32 bits."""
    seed = sql.SQL("({} # {})").format(digest, with_)
    return sql.SQL(algorithm.of_hash).format(value=digest, seed=seed)


@lru_cache(maxsize=10_000)
def _part(column: Column, number: int, algorithm: Algorithm) -> sql.SQL:
    """As text: both sides, and most of thousands of tables, have columns of the same name in the same place."""
    digest = value_digest(column, sql.Literal(number), algorithm)
    return sql.SQL(sql.SQL("coalesce({}, {})").format(digest, number).as_string())


def _digest(
    algorithm: Algorithm, functions: Mapping[str, tuple[str, str]], column: Column, seed: sql.Composable
) -> sql.Composed:
    _, function = functions.get(column.type, (TEXT, algorithm.of_text))
    return sql.SQL(function).format(value=column.value, seed=seed)
