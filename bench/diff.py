"""What does it cost to tell what differs between two schemas of many tables, and does the number of queries grow?

Prints seconds for each part (the best of three runs), and the number of catalog queries that one side takes, for a few
tables and for many.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import click
import psycopg
from psycopg import sql

from migsafe.differences.reading import read_catalog
from migsafe.postgres import databases
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.schema.catalog import Catalog
from migsafe.schema.compatibility.judge import judge
from migsafe.schema.diff import compare_schemas
from migsafe.schema.statements.script import write_script

TABLES = """
DO $$ BEGIN
    FOR n IN 1..{tables} LOOP
        EXECUTE format(
            'CREATE TABLE t%s (id serial PRIMARY KEY, a text DEFAULT %L, b integer NOT NULL, c timestamptz, '
            'd numeric(10, 2) CHECK (d > 0), e varchar(40), f jsonb, other integer REFERENCES t%s)', n, 'x', n
        );
        EXECUTE format('CREATE INDEX ON t%s (a, b)', n);
        IF n % 10 = 0 THEN EXECUTE format('CREATE VIEW v%s AS SELECT id, a, b FROM t%s', n, n); END IF;
        IF n % 200 = 0 THEN COMMIT; END IF;
    END LOOP;
END $$
"""

CHANGES = """
DO $$ BEGIN
    FOR n IN 1..{tables} BY 20 LOOP
        EXECUTE format('ALTER TABLE t%s ADD COLUMN g text, DROP COLUMN c, ALTER COLUMN e TYPE text', n);
        IF n % 200 = 1 THEN COMMIT; END IF;
    END LOOP;
END $$
"""


class Counting(psycopg.Cursor[Any]):
    """Counts the queries of all connections that use it."""

    queries = 0

    def execute(self, *arguments: Any, **keywords: Any) -> Any:
        Counting.queries += 1
        return super().execute(*arguments, **keywords)


@click.command(help=__doc__)
@click.option("--tables", default=2_000, show_default=True, help="Tables of eight columns and two indexes each.")
def main(tables: int) -> None:
    with servers.start(ServerSettings()) as server:
        click.echo(f"PostgreSQL {server.version}, {server.kind}")
        with _database(server, 10) as few:
            _read(few)
        with _database(server, tables) as old, _database(server, tables) as new:
            new.execute(sql.SQL(CHANGES).format(tables=tables))
            for connection in (old, new):
                connection.execute("ANALYZE")
            _read(old)
            _measure(old, new)


def _measure(old: psycopg.Connection, new: psycopg.Connection) -> None:
    (before, after), reading = _timed(lambda: _both(old, new))
    _, comparing = _timed(lambda: compare_schemas(before.schema, after.schema))
    script, writing = _timed(lambda: write_script(_again(before), _again(after)))
    _, judging = _timed(lambda: judge(_again(before), _again(after)))
    click.echo(f"reading both sides   {reading:6.2f} s")
    click.echo(f"comparing            {comparing:6.2f} s")
    click.echo(f"writing the SQL      {writing:6.2f} s, {len(script.statements)} statements")
    click.echo(f"judging who breaks   {judging:6.2f} s")
    click.echo(f"all                  {reading + comparing + writing + judging:6.2f} s")


def _both(old: psycopg.Connection, new: psycopg.Connection) -> tuple[Catalog, Catalog]:
    with ThreadPoolExecutor(2) as pool:
        before, after = pool.map(read_catalog, (old, new))
    return before, after


def _again(catalog: Catalog) -> Catalog:
    """Without what was computed before."""
    return Catalog(catalog.schema, catalog.needs, catalog.identities, catalog.version)


def _read(connection: psycopg.Connection) -> Catalog:
    Counting.queries = 0
    catalog = read_catalog(connection)
    click.echo(f"{len(catalog.schema):6} objects: {Counting.queries} queries")
    return catalog


@contextmanager
def _database(server: Server, tables: int) -> Iterator[psycopg.Connection]:
    name = databases.name_for(server, f"tables_{tables}_{time.monotonic_ns()}")
    databases.create(server, name)
    with databases.connect(server, name) as connection:
        connection.cursor_factory = Counting
        connection.execute(sql.SQL(TABLES).format(tables=tables))
        yield connection
    databases.drop(server, name)


def _timed(action: Callable[[], Any]) -> tuple[Any, float]:
    results = []
    for _ in range(3):
        start = time.perf_counter()
        result = action()
        results.append(time.perf_counter() - start)
    return result, min(results)


if __name__ == "__main__":
    main()
