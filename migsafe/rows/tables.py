"""Finds the tables that hold rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from psycopg.rows import tuple_row

from migsafe.postgres.catalogs import contents_query
from migsafe.rows.digest import Column, Table

if TYPE_CHECKING:
    import psycopg


def find_tables(connection: psycopg.Connection, not_checked: dict[str, str]) -> dict[str, Table]:
    """Every table that holds rows of its own, by its printed name; a partitioned table has none, its partitions have.

    Those that can't be read are named in ``not_checked`` with the reason.
    """
    return {name: table for name, table in find_all(connection, not_checked).items() if not table.partitioned}


def find_wholes(connection: psycopg.Connection, not_checked: dict[str, str]) -> dict[str, Table]:
    """As :func:`find_tables`, with partitioned tables in place of their partitions.

    But not where a partition can't be read, such as a foreign table: then the other partitions are there by themselves.
    """
    divided: set[str] = set()
    tables = find_all(connection, not_checked, divided)
    roots = {name for name, table in tables.items() if table.partitioned} - divided
    return {
        name: table
        for name, table in tables.items()
        if (name in roots if table.partitioned else table.root not in roots)
    }


def find_all(
    connection: psycopg.Connection, not_checked: dict[str, str], divided: set[str] | None = None
) -> dict[str, Table]:
    """As :func:`find_tables`, with the partitioned tables that aren't partitions themselves.

    To ``divided`` are added those of which a partition can't be read.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(contents_query("tables")).fetchall()
    tables = {}
    for printed_name, schema, name, reason, columns, key, partitioned, root, size in rows:
        if reason:
            not_checked[printed_name] = reason
            if divided is not None and root:
                divided.add(root)
        elif not (partitioned and root):
            by_name = {column[0]: Column(*column) for column in columns}
            keys = tuple(by_name[part] for part in key)
            tables[printed_name] = Table(schema, name, tuple(by_name.values()), keys, partitioned, root, size)
    return {name: _of_root(table, tables) for name, table in tables.items()}


def _of_root(table: Table, tables: Mapping[str, Table]) -> Table:
    """The table as it is read: a partition with the key of the whole, so that their digests add up to the whole's."""
    if table.partitioned:
        parts = (part.bytes for part in tables.values() if part.root and tables.get(part.root) is table)
        return replace(table, bytes=sum(parts))
    if table.root is None or table.root not in tables:
        return table
    names = [column.name for column in tables[table.root].key]
    by_name = {column.name: column for column in table.columns}
    return replace(table, key=tuple(by_name[name] for name in names))
