"""What do a fingerprint and a comparison cost, against COPY, the textbook checksum and reladiff on the same rows?

Prints seconds (the median of some runs, taken in turn), ratios, and the memory of the process that compares. The server
uses no parallel query for the fingerprint, COPY and the checksum; compare and reladiff run as programs, as a user would
call them, with the server's own setting. For those two there are seconds of processor time as well, of the program and
the server together, which what else the machine does changes less. reladiff is named with --reladiff, or found on the
PATH (pip install reladiff psycopg2-binary); without it, it is left out.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Callable
from dataclasses import replace

import click
from measuring import Used, medians, postmaster, run
from psycopg import sql

from migsafe.fingerprints import take_fingerprint
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers

ROWS = """
CREATE TABLE sample AS
SELECT i AS id, i * 1000003::bigint AS big, md5(i::text) || md5((i + 1)::text) AS words,
    '2020-01-01'::timestamptz + i * interval '61.37 s' AS at,
    ((i::bigint * 7919 % 1000000) / 100.0)::numeric(12, 2) AS amount,
    i % 3 = 0 AS flag, jsonb_build_object('a', i, 'b', 'x' || i) AS document, md5(i::text)::uuid AS code
FROM generate_series(1, {rows}) i;
ALTER TABLE sample ADD PRIMARY KEY (id);
"""

TABLES = """
DO $$ BEGIN
    FOR n IN 1..{tables} LOOP
        EXECUTE format('CREATE TABLE t%s (id integer PRIMARY KEY, a text, b integer, c timestamptz, d numeric)', n);
        EXECUTE format('INSERT INTO t%s VALUES (1, %L, 1, now(), 1.5)', n, 'x');
        IF n % 500 = 0 THEN COMMIT; END IF;
    END LOOP;
END $$
"""

CHECKSUM = "SELECT md5(string_agg(md5(sample::text), '' ORDER BY id)) FROM sample"


@click.command(help=__doc__)
@click.option("--rows", default=4_000_000, show_default=True, help="Rows of the one large table of 8 columns.")
@click.option("--differing", default=5, show_default=True, help="Rows that differ in the copy.")
@click.option("--tables", default=5_000, show_default=True, help="Small tables; 0 leaves them out.")
@click.option("--runs", default=3, show_default=True, help="How often each thing is measured.")
@click.option("--checksum/--no-checksum", default=True, help="Measure the textbook checksum, too.")
@click.option("--reladiff", default=lambda: shutil.which("reladiff"), help="The program to compare with.")
def main(rows: int, differing: int, tables: int, runs: int, checksum: bool, reladiff: str | None) -> None:  # noqa: FBT001
    with servers.start(ServerSettings()) as server:
        click.echo(f"PostgreSQL {server.version}, {server.kind}")
        if rows:
            one, other = _copies(server, rows, differing)
            click.echo(f"{rows:,} rows, 8 columns, {differing:,} differ")
            _measure_fingerprint(one, runs, checksum=checksum)
            _measure_compare(one, other, runs, reladiff)
        if tables:
            _measure_tables(server, tables)


def _copies(server: Server, rows: int, differing: int) -> tuple[Address, Address]:
    names = [databases.name_for(server, label) for label in ("one", "other")]
    databases.create(server, names[0])
    with databases.connect(server, names[0]) as connection:
        connection.execute(sql.SQL(ROWS).format(rows=rows))
        connection.execute("VACUUM ANALYZE sample")
    databases.create(server, names[1], names[0])
    with databases.connect(server, names[1]) as connection:
        connection.execute("UPDATE sample SET flag = NOT flag WHERE id %% (%s / %s) = 1", (rows, max(differing, 1)))
        connection.execute("VACUUM ANALYZE sample")
    return server.address.on(names[0]), server.address.on(names[1])


def _measure_fingerprint(address: Address, runs: int, *, checksum: bool) -> None:
    serial = replace(address, parameters={"options": "-c max_parallel_workers_per_gather=0"})
    with databases.connect_to(serial) as connection:
        actions: dict[str, Callable[[], object]] = {
            "COPY TO /dev/null": lambda: connection.execute("COPY sample TO '/dev/null'"),
            "fingerprint, 1 worker": lambda: take_fingerprint(serial, workers=1),
        }
        if checksum:
            actions["md5(string_agg(md5(…)))"] = lambda: connection.execute(CHECKSUM.encode())
        median = medians(actions, runs)
    for label, seconds in median.items():
        click.echo(f"  {label:<28}{seconds:8.2f} s{seconds / median['COPY TO /dev/null']:8.2f} × COPY")


def _measure_compare(one: Address, other: Address, runs: int, reladiff: str | None) -> None:
    used: dict[str, list[Used]] = {"compare": [], "reladiff": []}
    program = [sys.executable, "-m", "migsafe", "compare", "--quiet", "env:ONE", "env:OTHER"]
    environment = {"ONE": one.url(), "OTHER": other.url()}
    with databases.connect_to(one) as connection:
        server = postmaster(connection)
        actions: dict[str, Callable[[], object]] = {
            "compare": lambda: used["compare"].append(run(program, environment, server))
        }
        if reladiff:
            rows = [reladiff, one.url(), "sample", other.url(), "sample", "-k", "id", "-c", "%"]
            actions["reladiff"] = lambda: used["reladiff"].append(run(rows, {}, server))
        median = medians(actions, runs)
    processor = {label: statistics.median(each.processor for each in used[label]) for label in actions}
    for label, seconds in median.items():
        click.echo(
            f"  {label:<28}{seconds:8.2f} s{seconds / median['compare']:8.2f} × compare"
            f"{processor[label]:8.2f} s of processors{processor[label] / processor['compare']:8.2f} × compare"
        )
    click.echo(f"  memory of migsafe compare   {max(each.memory for each in used['compare']) / 1024:8.0f} MB")


def _measure_tables(server: Server, tables: int) -> None:
    names = [databases.name_for(server, label) for label in ("tables", "tables_copy")]
    databases.create(server, names[0])
    with databases.connect(server, names[0]) as connection:
        connection.execute(sql.SQL(TABLES).format(tables=tables))
        connection.execute("VACUUM ANALYZE")
    databases.create(server, names[1], names[0])
    one, other = (server.address.on(name) for name in names)
    program = [sys.executable, "-m", "migsafe", "compare", "--quiet", "env:ONE", "env:OTHER"]
    environment = {"ONE": one.url(), "OTHER": other.url()}
    click.echo(f"{tables:,} tables of one row")
    actions = {"fingerprint": lambda: take_fingerprint(one), "compare": lambda: run(program, environment)}
    for label, seconds in medians(actions, 1).items():
        click.echo(f"  {label:<28}{seconds:8.2f} s{seconds / tables * 1000:8.2f} ms a table")


if __name__ == "__main__":
    sys.exit(main())
