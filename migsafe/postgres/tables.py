"""Single tables by name: find them, keep their rows aside, put them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from migsafe.postgres.names import TableName

if TYPE_CHECKING:
    import psycopg


def find_tables(connection: psycopg.Connection, names: Iterable[TableName]) -> tuple[TableName, ...]:
    """Those of ``names`` that exist, with their schemas; a name without one is found in whichever schema has it."""
    wanted = list(names)
    if not wanted:
        return ()
    rows = connection.execute(
        """
        SELECT DISTINCT relname, nspname
        FROM pg_catalog.pg_class
        JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
        JOIN unnest(%s::text[], %s::text[]) AS wanted (name, schema)
          ON relname = wanted.name AND nspname = coalesce(wanted.schema, nspname)
        WHERE relkind IN ('r', 'p') AND relpersistence <> 't'
        ORDER BY nspname, relname
        """,
        ([table.name for table in wanted], [table.schema for table in wanted]),
    )
    return tuple(TableName(name, schema) for name, schema in rows)


TABLES_PER_LOCK = 200


def _identifier(table: TableName) -> sql.Identifier:
    return sql.Identifier(table.schema, table.name) if table.schema else sql.Identifier(table.name)


@dataclass(frozen=True, slots=True)
class KeptRows:
    """The rows of some tables, as ``COPY`` wrote them. Meant for the few rows of a version table: all in memory."""

    rows: tuple[tuple[TableName, bytes], ...]

    @property
    def last_rows(self) -> dict[str, str]:
        """By table the last row, with commas; most tools only add to their version table."""
        lines = {str(table): rows.decode().rstrip("\n").rpartition("\n")[2] for table, rows in self.rows}
        return {table: line.replace("\t", ", ") for table, line in lines.items()}


def keep_rows(connection: psycopg.Connection, tables: Iterable[TableName]) -> KeptRows:
    """Read all rows of ``tables``. Locks: ACCESS SHARE."""
    kept = []
    for table in tables:
        with (
            connection.cursor() as cursor,
            cursor.copy(sql.SQL("COPY {} TO STDOUT").format(_identifier(table))) as copy,
        ):
            kept.append((table, b"".join(bytes(block) for block in copy)))
    return KeptRows(tuple(kept))


def lock_for_reading(connection: psycopg.Connection, tables: Sequence[sql.Composable]) -> None:
    """Lock tables in ACCESS SHARE, many in one statement, until the transaction ends."""
    for start in range(0, len(tables), TABLES_PER_LOCK):
        some = sql.SQL(", ").join(tables[start : start + TABLES_PER_LOCK])
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(some))


def put_back(connection: psycopg.Connection, kept: KeptRows, present: Sequence[TableName]) -> None:
    """Make the tables ``present`` hold what was kept, in one transaction; drop those that were not there then.

    Locks: ROW EXCLUSIVE on tables that stay, ACCESS EXCLUSIVE on those that go.
    """
    rows = dict(kept.rows)
    with connection.transaction(), connection.cursor() as cursor:
        for table in present:
            if table not in rows:
                cursor.execute(sql.SQL("DROP TABLE {}").format(_identifier(table)))
                continue
            cursor.execute(sql.SQL("DELETE FROM {}").format(_identifier(table)))
            with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(_identifier(table))) as copy:
                copy.write(rows[table])
