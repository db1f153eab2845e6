"""A sample of rows that is closed under foreign keys: whatever a row in it names is in it too.

First a share of every table, chosen by the hash of the primary key (of the whole row where there is none), so that the
same rows are chosen every time. Then, for each foreign key, the rows that the chosen ones name and that are not there
yet; and again, since those name others, until a round finds nothing. Each round brings rows that were missing and none
twice, so that it ends, also where references go in circles.

The target is asked only for rows by key, which a referenced key's index finds unless the key is masked. What is missing
is worked out on the throwaway server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from psycopg import sql

from migsafe.rehearsal.masks import Masks
from migsafe.rehearsal.tables import Reference, SourceTable

if TYPE_CHECKING:
    import psycopg

    from migsafe.rehearsal.copying import RowCopier

SMALL_TABLE = 1000
"""Rows up to which a table is taken whole: a share of a few rows is often none."""

KEYS_PER_QUERY = 5000

_PARTS = 1_000_000
"""Into which the hashes are divided: shares are exact to a ten-thousandth of a percent."""


def copy_sample(
    copier: RowCopier, tables: Sequence[SourceTable], whole: Collection[str], percent: float
) -> Mapping[SourceTable, int]:
    """Copy ``percent`` of the rows of each table, all of those in ``whole``; returns how many rows each table has."""
    counts: dict[SourceTable, int] = {}
    for table in tables:
        counts[table] = copier.count(table)
        everything = counts[table] <= SMALL_TABLE or table.printed in whole
        copier.copy(table, None if everything else _share(table, percent))
    return counts


def _share(table: SourceTable, percent: float) -> sql.Composed:
    key = sql.SQL(", ").join(sql.Identifier("t", column) for column in table.key or table.columns)
    hashed = sql.SQL('hashtextextended(ROW({})::text COLLATE "C", 0)').format(key)
    return sql.SQL("abs({} % {}) < {}").format(hashed, _PARTS, round(percent / 100 * _PARTS))


def copy_referenced(copier: RowCopier, references: Sequence[Reference]) -> None:
    """Add what the copied rows name, until nothing is missing that is there."""
    while sum(_add_missing(copier, reference) for reference in references):
        pass


def _add_missing(copier: RowCopier, reference: Reference) -> int:
    """How many rows of the referenced table were missing and were found."""
    with copier.into.transaction():
        missing = _missing(copier.into, reference)
        return sum(copier.copy(reference.parent, _named_by(reference, copier.masks, keys)) for keys in missing)


def _missing(into: psycopg.Connection, reference: Reference) -> Iterator[list[tuple[str, ...]]]:
    """The keys that rows name and that aren't there, as text, so many at a time, each once."""
    columns: list[sql.Composable] = [sql.Identifier("c", column) for column in reference.columns]
    query = sql.SQL(
        "SELECT {texts} FROM (SELECT DISTINCT {columns} FROM {child} AS c"
        " WHERE {given} AND NOT EXISTS (SELECT FROM {parent} AS t WHERE {named})) AS c"
    ).format(
        texts=sql.SQL(", ").join(sql.SQL("{}::text").format(column) for column in columns),
        columns=sql.SQL(", ").join(columns),
        child=reference.child.source,
        given=sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(column) for column in columns),
        parent=reference.parent.source,
        named=_equal(reference, Masks(), columns),
    )
    with into.cursor(name="migsafe_missing") as cursor:
        cursor.execute(query)
        while keys := cursor.fetchmany(KEYS_PER_QUERY):
            yield keys


def _named_by(reference: Reference, masks: Masks, keys: Sequence[tuple[str, ...]]) -> sql.Composed:
    """The condition that a row of the referenced table (``t``) on the target has one of these keys.

    They are as they were copied. What a masked key was is only known there, and by reading every row.
    """
    arrays = (
        sql.SQL("{}::{}[]").format(sql.Literal(list(values)), sql.SQL(type_name))
        for values, type_name in zip(zip(*keys, strict=True), reference.types, strict=True)
    )
    names = [f"k{number}" for number, _ in enumerate(reference.keys)]
    return sql.SQL("EXISTS (SELECT FROM unnest({}) AS k ({}) WHERE {})").format(
        sql.SQL(", ").join(arrays),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        _equal(reference, masks, [sql.Identifier("k", name) for name in names]),
    )


def _equal(reference: Reference, masks: Masks, values: Sequence[sql.Composable]) -> sql.Composed:
    """That the key of ``t`` is these values, by the foreign key's own operators."""
    return sql.SQL(" AND ").join(
        sql.SQL("{} OPERATOR({}.{}) {}").format(
            masks.column(reference.parent, key), sql.Identifier(schema), sql.SQL(operator), value
        )
        for key, (schema, operator), value in zip(reference.keys, reference.operators, values, strict=True)
    )
