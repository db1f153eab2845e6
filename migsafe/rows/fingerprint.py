"""Reads the contents of a database: a count and a digest for every column of every table, one pass a table.

Many tables share one query, so that five thousand small ones don't need a round trip each. A table that can't be read
(no privilege, row-level security that would hide rows, a timeout) is named with the server's reason, and the others
are read all the same. Partitions are read each by itself, and so is each table of an inheritance tree, so that no row
counts twice; the digests of partitions add up to that of the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import sql

from migsafe.rows.batches import COLUMNS_PER_QUERY, Reading, read_all
from migsafe.rows.contents import MODULUS, Bucket, ColumnContents, Contents, TableContents
from migsafe.rows.digest import ACROSS_TYPES, Algorithm, Column, Table, mixed, place, value_digest
from migsafe.rows.sequences import read_sequences
from migsafe.rows.tables import find_tables

_PLACE = "migsafe: hash of the key"
"""How the place of a row is called beside its columns, unless one of these is called so."""


def read_contents(connection: psycopg.Connection, *, ignore: Collection[str] = (), digest: bool = True) -> Contents:
    """Read all tables and sequences within :func:`migsafe.postgres.reading.consistent_reading`.

    ``ignore`` are printed names of tables that are left out with the sequences they own. Without ``digest`` only rows
    are counted. Locks: ACCESS SHARE on the tables of one query at a time.
    """
    not_checked: dict[str, str] = {}
    tables = {name: table for name, table in find_tables(connection, not_checked).items() if name not in ignore}
    read = dict(read_tables(connection, tables, not_checked, digest=digest))
    sequences = read_sequences(connection, not_checked, ignore=ignore)
    return Contents(
        tables=dict(sorted(read.items())),
        sequences={sequence.name: sequence.position for sequence in sequences},
        not_checked={name: reason for name, reason in sorted(not_checked.items()) if name not in ignore},
    )


def read_tables(
    connection: psycopg.Connection,
    tables: Mapping[str, Table],
    not_checked: dict[str, str],
    *,
    algorithm: Algorithm = ACROSS_TYPES,
    buckets: Mapping[str, int] | None = None,
    digest: bool = True,
) -> Iterator[tuple[str, TableContents]]:
    """Read these tables by name; ``buckets`` says into how many parts, a power of two (else 1), each is divided."""
    numbers = buckets or {}
    readings = (
        Reading(name, _select(table, algorithm, numbers.get(name, 1), digest=digest), _width(table, numbers.get(name)))
        for name, table in tables.items()
    )
    for name, rows in read_all(connection, readings, not_checked):
        yield name, _contents(tables[name], rows, algorithm, numbers.get(name, 1))


def _width(table: Table, buckets: int | None) -> int:
    """A table that is worth dividing is worth a query of its own."""
    return COLUMNS_PER_QUERY if buckets and buckets > 1 else len(table.columns) + 1


def _select(table: Table, algorithm: Algorithm, buckets: int, *, digest: bool) -> sql.Composed:
    """The place of each row is computed once, in a subquery that the planner leaves alone (``OFFSET 0``).

    It also keeps the planner from taking every place for a group of its own, and sorting them. Where a column stands
    among the others says nothing: without a key the place is of the columns by name.
    """
    by_name = replace(table, columns=tuple(sorted(table.columns, key=lambda column: column.name)))
    name = _PLACE
    while name in {column.name for column in table.columns}:
        name += "'"
    at = sql.Identifier("t", name)
    columns = [_aggregates(c, algorithm, name if table.key else None) for c in table.columns] if digest else []
    of_rows = mixed(at, sql.Literal(1), algorithm) if digest and not table.key else None
    return sql.SQL(
        "{bucket}, count(*), ARRAY[{counts}]::bigint[], ARRAY[{digests}]::numeric[], {rows} FROM {rows_of}{group}"
    ).format(
        bucket=sql.SQL("{} & {}").format(at, buckets - 1) if buckets > 1 else sql.SQL("0::bigint"),
        counts=sql.SQL(", ").join(count for count, _ in columns),
        digests=sql.SQL(", ").join(total for _, total in columns),
        rows=sql.SQL("sum({})").format(of_rows) if of_rows else sql.SQL("NULL::numeric"),
        rows_of=sql.SQL("(SELECT {} AS {}, t.* FROM {} OFFSET 0) AS t").format(
            place(by_name, algorithm), sql.Identifier(name), table.source
        )
        if digest
        else table.source,
        group=sql.SQL(" GROUP BY 2" if buckets > 1 else ""),
    )


@lru_cache(maxsize=4096)
def _aggregates(column: Column, algorithm: Algorithm, seed_name: str | None) -> tuple[sql.SQL, sql.SQL]:
    """A column's count of values and sum of digests, written out once: among many tables most columns have a like."""
    seed = sql.Identifier("t", seed_name) if seed_name else sql.SQL("0::bigint")
    total = sql.SQL("sum({})").format(value_digest(column, seed, algorithm))
    return sql.SQL(sql.SQL("count({})").format(column.value).as_string()), sql.SQL(total.as_string())


def _contents(table: Table, rows: Iterable[Sequence[Any]], algorithm: Algorithm, buckets: int) -> TableContents:
    parts = {number: part for number, *part in rows}
    return TableContents(
        rows=sum(count for count, *_ in parts.values()),
        columns={
            column.name: ColumnContents(
                sum(counts[i] for _, counts, *_ in parts.values() if counts),
                _sum(digests[i] for _, _, digests, _ in parts.values() if digests),
                algorithm.method(column),
                column.number,
            )
            for i, column in enumerate(table.columns)
            if not parts or any(counts for _, counts, *_ in parts.values())
        },
        key=tuple((column.name, algorithm.key_method(column)) for column in table.key),
        row_digest=None if table.key else _row_digest(of_rows for *_, of_rows in parts.values()),
        buckets=tuple(_part(parts.get(number), table) for number in range(buckets)) if buckets > 1 else (),
        materialized=table.materialized,
    )


def _part(part: Sequence[Any] | None, table: Table) -> Bucket:
    count, _, digests, _ = part or (0, (), (0,) * len(table.columns), 0)
    return Bucket(count, tuple(int(digest or 0) % MODULUS for digest in digests))


def _row_digest(sums: Iterable[Any]) -> int | None:
    known = [each for each in sums if each is not None]
    return _sum(known) if known else None


def _sum(digests: Iterable[Any]) -> int:
    return sum(int(digest or 0) for digest in digests) % MODULUS
