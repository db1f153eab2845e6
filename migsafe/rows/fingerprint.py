"""Reads the contents of a database: a count and a digest for every column of every table, one pass a table.

Many tables share one query, so that five thousand small ones don't need a round trip each. A table that can't be read
(no privilege, row-level security that would hide rows, a timeout) is named with the server's reason, and the others
are read all the same. Partitions are read each by itself, and so is each table of an inheritance tree, so that no row
counts twice; the digests of partitions with the same key add up to that of the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.postgres.catalogs import contents_query
from migsafe.rows.contents import ColumnContents, Contents, SequencePosition, TableContents
from migsafe.rows.digest import Column, Table, key_hash, row_digest, value_digest

COLUMNS_PER_QUERY = 400
"""Enough to make round trips cheap, few enough to keep a query's plan small."""

_Reading = tuple[str, sql.Composed, int]
"""What is read, by its printed name; the SELECT that reads it, but for its number; how many columns that has."""


def read_contents(connection: psycopg.Connection, *, ignore: Collection[str] = (), digest: bool = True) -> Contents:
    """Read all tables and sequences within :func:`migsafe.postgres.reading.consistent_reading`.

    ``ignore`` are printed names of tables that are left out with the sequences they own. Without ``digest`` only rows
    are counted. Locks: ACCESS SHARE on the tables of one query at a time.
    """
    not_checked: dict[str, str] = {}
    tables = {name: table for name, table in find_tables(connection, not_checked).items() if name not in ignore}
    selects = ((name, _table_select(table, digest=digest), len(table.columns) + 1) for name, table in tables.items())
    read = {name: _table_contents(tables[name], row) for name, row in _read(connection, selects, not_checked)}
    positions = _read(connection, _sequence_selects(connection, ignore), not_checked)
    return Contents(
        tables=dict(sorted(read.items())),
        sequences={name: SequencePosition(*row) for name, row in sorted(positions)},
        not_checked={name: reason for name, reason in sorted(not_checked.items()) if name not in ignore},
    )


def find_tables(connection: psycopg.Connection, not_checked: dict[str, str]) -> dict[str, Table]:
    """Every table that holds rows, by its printed name; those that can't be read are named in ``not_checked``."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(contents_query("tables")).fetchall()
    tables = {}
    for printed_name, schema, name, reason, columns, key in rows:
        if reason:
            not_checked[printed_name] = reason
        else:
            by_name = {column[0]: Column(*column) for column in columns}
            tables[printed_name] = Table(schema, name, tuple(by_name.values()), tuple(by_name[part] for part in key))
    return tables


def _table_select(table: Table, *, digest: bool) -> sql.Composed:
    seed = key_hash(table.key)
    columns = table.columns if digest else ()
    return sql.SQL(
        "count(*), ARRAY[{counts}]::bigint[], ARRAY[{digests}]::numeric[], {row} FROM ONLY {table} AS t"
    ).format(
        counts=sql.SQL(", ").join(sql.SQL("count({})").format(column.value) for column in columns),
        digests=sql.SQL(", ").join(sql.SQL("sum({})").format(value_digest(column, seed)) for column in columns),
        row=sql.SQL("sum({})").format(row_digest(columns)) if digest and not table.key else sql.SQL("NULL::numeric"),
        table=table.identifier,
    )


def _table_contents(table: Table, row: Sequence[Any]) -> TableContents:
    rows, counts, digests, of_rows = row
    return TableContents(
        rows=rows,
        columns={
            column.name: ColumnContents(values, int(digest or 0), column.method, column.number)
            for column, values, digest in zip(table.columns, counts, digests, strict=False)
        },
        key=tuple((column.name, column.key_method) for column in table.key),
        row_digest=None if of_rows is None else int(of_rows),
    )


def _sequence_selects(connection: psycopg.Connection, ignore: Collection[str]) -> Iterator[_Reading]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(contents_query("sequences")).fetchall()
    for printed_name, schema, name, owner in rows:
        if owner not in ignore:
            sequence = sql.Identifier(schema, name)
            yield printed_name, sql.SQL("last_value, is_called FROM {}").format(sequence), 2


def _read(
    connection: psycopg.Connection, readings: Iterable[_Reading], not_checked: dict[str, str]
) -> Iterator[tuple[str, Sequence[Any]]]:
    for batch in _batches(readings):
        try:
            yield from _read_batch(connection, batch)
        except psycopg.Error:
            if connection.broken:
                raise
            for reading in batch:
                try:
                    yield from _read_batch(connection, [reading])
                except psycopg.Error as error:
                    if connection.broken:
                        raise
                    not_checked[reading[0]] = error.diag.message_primary or str(error)


def _read_batch(connection: psycopg.Connection, batch: Sequence[_Reading]) -> list[tuple[str, Sequence[Any]]]:
    """Read in a savepoint and roll it back: that gives the locks back, which thousands of tables would run out of."""
    selects = (sql.SQL("SELECT {}, {}").format(number, select) for number, (_, select, _) in enumerate(batch))
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(sql.SQL("\nUNION ALL\n").join(selects))
        return [(batch[number][0], row) for number, *row in sorted(cursor.fetchall())]


def _batches(readings: Iterable[_Reading]) -> Iterator[list[_Reading]]:
    batch: list[_Reading] = []
    for reading in readings:
        if batch and sum(columns for _, _, columns in (*batch, reading)) > COLUMNS_PER_QUERY:
            yield batch
            batch = []
        batch.append(reading)
    if batch:
        yield batch
