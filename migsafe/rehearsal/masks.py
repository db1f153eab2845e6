"""Columns whose values are masked on the way: what leaves the target is the mask, never the value."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

import psycopg
from psycopg import sql

from migsafe.errors import SettingsError
from migsafe.rehearsal.tables import Reference, SourceTable

HASH_LENGTH = 32
"""Characters of a masked text: 128 bits, so that two values that differ stay different."""

SHORTEST_HASH = 16
"""Characters that a column must have room for; 64 bits are enough for the rows of one table."""


Place: TypeAlias = tuple[int, str]
"""A column: its table's oid, and its name."""


@dataclass(frozen=True, slots=True)
class Masks:
    """The expression that stands for each masked column."""

    expressions: Mapping[Place, sql.Composable] = field(default_factory=dict)

    def select(self, table: SourceTable) -> sql.Composed:
        """A query of what is copied of a table; the table is called ``t`` in it, and WHERE may follow."""
        columns = (self.column(table, column) for column in table.columns)
        return sql.SQL("SELECT {} FROM {} AS t").format(sql.SQL(", ").join(columns), table.source)

    def column(self, table: SourceTable, column: str) -> sql.Composable:
        """What is copied of a column, over the table as ``t``."""
        return self.expressions.get((table.oid, column), sql.Identifier("t", column))

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


@dataclass(frozen=True, slots=True)
class _Masked:
    """A column that is to be masked, as the settings name it and as it is.

    ``room`` is how many characters it has room for, as far as that is bounded.
    """

    setting: str
    mask: str
    column: str
    category: str
    kind: str
    room: int | None


def find_masks(
    connection: psycopg.Connection,
    settings: Mapping[str, str],
    tables: Sequence[SourceTable],
    references: Sequence[Reference],
) -> Masks:
    """The masks that the settings name (``schema.table.column``: ``hash``, ``null`` or an SQL expression).

    Raises :class:`SettingsError` when a column isn't there, is generated or part of a partition key, or the mask would
    not keep it unique, not null or equal to what a foreign key says it is. A mask that hits nothing is an error too:
    the column would go unmasked.
    """
    copied = {(table.oid, column) for table in tables for column in table.columns}
    masked: dict[Place, _Masked] = {}
    for name, mask in settings.items():
        for oid, column, required, category, kind, room, divides in _find(connection, name):
            if (oid, column) not in copied:
                _refuse(name, "it is generated from others: mask those")
            if divides:
                _refuse(name, "it is part of a partition key, and its rows would belong into other partitions")
            if mask == "null" and required:
                _refuse(name, "it may not be null")
            masked[oid, column] = _Masked(name, mask, column, category, kind, room)
    salt, lengths = secrets.token_hex(16), _lengths(masked, _pairs(masked, references))
    return Masks({place: _expression(each, lengths[place], salt) for place, each in masked.items()})


def _pairs(masked: Mapping[Place, _Masked], references: Sequence[Reference]) -> list[tuple[Place, Place]]:
    """The masked columns that foreign keys say are equal, which hashes keep equal; a null is equal to nothing.

    A column of a partitioned table and those of its partitions are one.
    """
    first: dict[str, Place] = {}
    pairs = [(first.setdefault(each.setting, place), place) for place, each in masked.items()]
    for reference in references:
        for column, key in zip(reference.columns, reference.keys, strict=True):
            sides = (reference.child.oid, column), (reference.parent.oid, key)
            ours, theirs = (masked.get(side) for side in sides)
            one = ours or theirs
            if one is None or (ours and ours.mask == "null"):
                continue
            if not (ours and theirs and ours.mask == theirs.mask == "hash"):
                other = f"{reference.parent.printed}.{key}" if ours else f"{reference.child.printed}.{column}"
                _refuse(
                    one.setting,
                    f"it is part of the foreign key {reference.name}, which holds only if {other} is masked too, and "
                    "both by hash",
                )
            pairs.append(sides)
    return pairs


def _lengths(masked: Mapping[Place, _Masked], pairs: Sequence[tuple[Place, Place]]) -> dict[Place, int]:
    """How many characters a hash in each column has: columns that foreign keys tie together have the same."""
    lengths = {place: min(each.room or HASH_LENGTH, HASH_LENGTH) for place, each in masked.items()}
    while True:
        shorter = {
            side: min(lengths[one], lengths[other])
            for one, other in pairs
            for side in (one, other)
            if lengths[one] != lengths[other]
        }
        if not shorter:
            return lengths
        lengths |= shorter


def _find(connection: psycopg.Connection, name: str) -> list[tuple[int, str, bool, str, str, int | None, bool]]:
    try:
        found = connection.execute(_RESOLVED, {"name": name}).fetchall()
    except psycopg.errors.InvalidParameterValue:
        _refuse(name, "this is not the name of a column")
    if not found:
        _refuse(name, "the target has no such column")
    return found


def _expression(masked: _Masked, length: int, salt: str) -> sql.Composable:
    if masked.mask == "null":
        return sql.SQL("NULL")
    if masked.mask != "hash":
        return sql.SQL("({})").format(sql.SQL(masked.mask))
    digest = sql.SQL("encode(sha256(convert_to({} || {}::text, 'UTF8')), 'hex')").format(
        sql.Literal(salt), sql.Identifier("t", masked.column)
    )
    if masked.kind == "uuid":
        return sql.SQL("left({}, 32)::uuid").format(digest)
    if masked.category != "S":
        _refuse(masked.setting, "only texts and uuid can be masked by hash: write an SQL expression of its type")
    if length < SHORTEST_HASH:
        _refuse(masked.setting, f"a hash needs {SHORTEST_HASH} characters to stay unique: write an SQL expression")
    return sql.SQL("left({}, {})").format(digest, length)


def _refuse(name: str, reason: str) -> NoReturn:
    raise SettingsError(
        f"{name} can't be masked: {reason}",
        where="[rehearse] mask",
        hint='Write "schema.table.column" = "hash", "null" or an SQL expression; quote what needs quoting.',
    )
