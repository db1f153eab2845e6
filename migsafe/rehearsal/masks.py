"""Columns whose values are masked on the way: what leaves the target is the mask, never the value."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import psycopg
from psycopg import sql

from migsafe.errors import SettingsError
from migsafe.rehearsal.tables import Reference, SourceTable

HASH_LENGTH = 32
"""Characters of a masked text: 128 bits, so that two values that differ stay different."""

SHORTEST_HASH = 16
"""Characters that a column must have room for; 64 bits are enough for the rows of one table."""


@dataclass(frozen=True, slots=True)
class Masks:
    """The expression that stands for each masked column, by the table's oid and the column's name."""

    expressions: Mapping[tuple[int, str], sql.Composable] = field(default_factory=dict)

    def select(self, table: SourceTable) -> sql.Composed:
        """A query of what is copied of a table; the table is called ``t`` in it, and WHERE may follow."""
        columns = (self.expressions.get((table.oid, column), sql.Identifier("t", column)) for column in table.columns)
        return sql.SQL("SELECT {} FROM {} AS t").format(sql.SQL(", ").join(columns), table.source)

    def hides(self, table: SourceTable) -> bool:
        """Whether any column of the table is masked."""
        return any(oid == table.oid for oid, _ in self.expressions)


_RESOLVED = """
WITH RECURSIVE
    named AS (
        SELECT parts, parts[cardinality(parts)] AS column_name, c.oid
        FROM (SELECT parse_ident(%(name)s) AS parts) AS identifier
        JOIN pg_class c ON c.relname = parts[cardinality(parts) - 1]
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE cardinality(parts) = 3 AND n.nspname = parts[1]
    ),
    ancestor AS (
        SELECT oid FROM named
        UNION
        SELECT inhparent FROM ancestor JOIN pg_inherits ON inhrelid = ancestor.oid
    ),
    related AS (
        SELECT oid FROM ancestor
        UNION
        SELECT inhrelid FROM related JOIN pg_inherits ON inhparent = related.oid
    )
SELECT
    related.oid::bigint,
    a.attname,
    a.attnotnull OR t.typnotnull,
    t.typcategory,
    coalesce(b.typname, t.typname),
    CASE
        WHEN coalesce(b.typname, t.typname) IN ('varchar', 'bpchar')
            THEN nullif(coalesce(nullif(a.atttypmod, -1), t.typtypmod), -1) - 4
    END,
    EXISTS (
        SELECT
        FROM pg_depend d
        JOIN pg_attribute k ON k.attrelid = d.objid AND k.attnum = d.objsubid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = d.classid AND d.refobjid = d.objid
            AND d.refobjsubid = 0 AND d.deptype = 'i' AND k.attname = named.column_name
            AND d.objid IN (SELECT oid FROM related)
    )
FROM related
JOIN named ON true
JOIN pg_attribute a ON a.attrelid = related.oid AND a.attname = named.column_name AND a.attnum > 0
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type b ON b.oid = t.typbasetype
"""
"""A column and the same one in the whole tree of partitions or children that its table is in.

The last says whether it is in a partition key: such a column depends on its own table (``StorePartitionKey``).
"""


def find_masks(
    connection: psycopg.Connection,
    settings: Mapping[str, str],
    tables: Sequence[SourceTable],
    references: Sequence[Reference],
) -> Masks:
    """The masks that the settings name (``schema.table.column``: ``hash``, ``null`` or an SQL expression).

    Raises :class:`SettingsError` when a column isn't there, is generated or part of a foreign or partition key, or the
    mask would not keep it unique or not null. A mask that hits nothing is an error too: the column would go unmasked.
    """
    salt = secrets.token_hex(16)
    copied = {(table.oid, column) for table in tables for column in table.columns}
    bound = set(_bound_columns(references))
    expressions: dict[tuple[int, str], sql.Composable] = {}
    for name, mask in settings.items():
        for oid, column, required, category, kind, length, divides in _find(connection, name):
            if (oid, column) not in copied:
                _refuse(name, "it is generated from others: mask those")
            if (oid, column) in bound:
                _refuse(name, "it is part of a foreign key, which would no longer hold: mask what it stands for")
            if divides:
                _refuse(name, "it is part of a partition key, and its rows would belong into other partitions")
            if mask == "null" and required:
                _refuse(name, "it may not be null")
            expressions[oid, column] = _expression(name, mask, column, category, kind, length, salt)
    return Masks(expressions)


def _find(connection: psycopg.Connection, name: str) -> list[tuple[int, str, bool, str, str, int | None, bool]]:
    try:
        found = connection.execute(_RESOLVED, {"name": name}).fetchall()
    except psycopg.errors.InvalidParameterValue:
        _refuse(name, "this is not the name of a column")
    if not found:
        _refuse(name, "the target has no such column")
    return found


def _bound_columns(references: Sequence[Reference]) -> Iterator[tuple[int, str]]:
    for reference in references:
        yield from ((reference.child.oid, column) for column in reference.columns)
        yield from ((reference.parent.oid, column) for column in reference.keys)


def _expression(
    name: str, mask: str, column: str, category: str, kind: str, length: int | None, salt: str
) -> sql.Composable:
    if mask == "null":
        return sql.SQL("NULL")
    if mask != "hash":
        return sql.SQL("({})").format(sql.SQL(mask))
    digest = sql.SQL("encode(sha256(convert_to({} || {}::text, 'UTF8')), 'hex')").format(
        sql.Literal(salt), sql.Identifier("t", column)
    )
    if kind == "uuid":
        return sql.SQL("left({}, 32)::uuid").format(digest)
    if category != "S":
        _refuse(name, "only texts and uuid can be masked by hash: write an SQL expression of its type")
    if length is not None and length < SHORTEST_HASH:
        _refuse(name, f"a hash needs {SHORTEST_HASH} characters to stay unique: write an SQL expression")
    return sql.SQL("left({}, {})").format(digest, min(length or HASH_LENGTH, HASH_LENGTH))


def _refuse(name: str, reason: str) -> NoReturn:
    raise SettingsError(
        f"{name} can't be masked: {reason}",
        where="[rehearse] mask",
        hint='Write "schema.table.column" = "hash", "null" or an SQL expression; quote what needs quoting.',
    )
