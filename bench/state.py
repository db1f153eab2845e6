"""What does reading a state cost, against ``count(*)`` and ``COPY`` of the same rows, and how does it grow with tables?

Prints seconds (the best of three runs) and their ratio to COPY. One worker on the server: no parallel query.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import click
from psycopg import sql

from migsafe.postgres import databases
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.rows.compare import compare_rows
from migsafe.state import read_state

ROWS = """
CREATE TABLE sample AS
SELECT i AS id, i * 1000003::bigint AS big, md5(i::text) || md5((i + 1)::text) AS words,
    '2020-01-01'::timestamptz + i * interval '61.37 s' AS at, (i::bigint * 7919 % 1000000) / 100.0 AS amount,
    i % 3 = 0 AS flag, jsonb_build_object('a', i, 'b', 'x' || i) AS document, md5(i::text)::uuid AS code
FROM generate_series(1, {rows}) i;
ALTER TABLE sample ADD PRIMARY KEY (id);
"""

TABLES = """
DO $$ BEGIN
    FOR n IN 1..{tables} LOOP
        EXECUTE format(
            'CREATE TABLE t%s (id integer PRIMARY KEY, a text DEFAULT %L, b integer, c timestamptz, d numeric)',
            n, 'x'
        );
        EXECUTE format('CREATE INDEX ON t%s (a)', n);
        EXECUTE format('INSERT INTO t%s VALUES (1, %L, 1, now(), 1.5)', n, 'x');
        IF n % 500 = 0 THEN COMMIT; END IF;
    END LOOP;
END $$
"""


@click.command(help=__doc__)
@click.option("--rows", default=1_000_000, show_default=True, help="Rows of the one large table.")
@click.option("--tables", default=2_000, show_default=True, help="Small tables, of five columns and two indexes each.")
@click.option("--differing", default=1_000, show_default=True, help="Rows that differ, for the comparison of rows.")
def main(rows: int, tables: int, differing: int) -> None:
    with servers.start(ServerSettings()) as server:
        click.echo(f"PostgreSQL {server.version}, {server.kind}")
        _measure_rows(server, rows, differing)
        _measure_tables(server, tables)


def _measure_rows(server: Server, rows: int, differing: int) -> None:
    name, copy = (databases.name_for(server, label) for label in ("rows", "rows_copy"))
    databases.create(server, name)
    with databases.connect(server, name) as connection:
        connection.execute(sql.SQL(ROWS).format(rows=rows))
        connection.execute("VACUUM ANALYZE sample")
    databases.create(server, copy, name)
    with databases.connect(server, name) as one, databases.connect(server, copy) as other:
        for connection in (one, other):
            connection.execute("SET max_parallel_workers_per_gather = 0")
        other.execute("UPDATE sample SET flag = NOT flag WHERE id %% (%s / %s) = 0", (rows, differing))
        other.execute("VACUUM sample")
        copied = _best(lambda: one.execute("COPY sample TO '/dev/null'"))
        click.echo(f"{rows} rows, 8 columns")
        _show("COPY TO /dev/null", copied, copied)
        _show("count(*)", _best(lambda: one.execute("SELECT count(*) FROM sample")), copied)
        checksum = "SELECT md5(string_agg(md5(sample::text), '' ORDER BY id)) FROM sample"
        _show("md5(string_agg(md5(…)))", _best(lambda: one.execute(checksum)), copied)
        _show("read_state", _best(lambda: read_state(one)), copied)
        _show("read_state(digest=False)", _best(lambda: read_state(one, digest=False)), copied)
        _show(f"compare_rows, {differing} differ", _best(lambda: compare_rows(one, other, "public.sample")), copied)


def _measure_tables(server: Server, tables: int) -> None:
    name = databases.name_for(server, "tables")
    databases.create(server, name)
    with databases.connect(server, name) as connection:
        for number in (tables // 4, tables):
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            connection.execute(sql.SQL(TABLES).format(tables=number))
            connection.execute("VACUUM ANALYZE")
            click.echo(f"{number} tables")
            _show("read_state", _best(lambda: _reread(server, name)))


def _reread(server: Server, name: str) -> None:
    with databases.connect(server, name) as connection:
        read_state(connection)


def _best(action: Callable[[], object]) -> float:
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _show(label: str, seconds: float, reference: float | None = None) -> None:
    ratio = f"{seconds / reference:8.2f} × COPY" if reference else ""
    click.echo(f"  {label:<28}{seconds:8.3f} s{ratio}")


if __name__ == "__main__":
    sys.exit(main())
