"""How does the cost of ``migsafe compare`` and of a fingerprint grow: with rows, columns, tables and differing rows?

Each series changes one number and keeps the others. Prints, for two copies, seconds, seconds of processor time of
migsafe and the server together, and the most memory that migsafe took; and the time of a fingerprint of one of them.
--large 10000000 measures that many rows, a hundredth of them differing, and nothing else.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from measuring import postmaster, run
from psycopg import sql

from migsafe.fingerprints import take_fingerprint
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers

TABLE = "CREATE TABLE {table} AS SELECT i AS id, {columns} FROM generate_series(1, {rows}) i"

COLUMNS = (
    "i * 1000003::bigint",
    "md5(i::text)",
    "'2020-01-01'::timestamptz + i * interval '61.37 s'",
    "((i::bigint * 7919 % 1000000) / 100.0)::numeric(12, 2)",
    "i % 3 = 0",
    "jsonb_build_object('a', i, 'b', 'x' || i)",
    "md5(i::text)::uuid",
)
"""Repeated where a table has more."""


@click.command(help=__doc__)
@click.option("--rows", default=400_000, show_default=True, help="Rows where something else grows.")
@click.option("--tables", default=5_000, show_default=True, help="The most small tables.")
@click.option("--large", default=0, help="Measure this many rows only, a hundredth of them differing.")
@click.option("--directory", type=click.Path(file_okay=False, path_type=Path), help="Where the server has its data.")
def main(rows: int, tables: int, large: int, directory: Path | None) -> None:
    with servers.start(ServerSettings(directory=directory)) as server:
        click.echo(f"PostgreSQL {server.version}, {server.kind}")
        click.echo(
            f"{'rows':>10}{'columns':>9}{'tables':>8}{'differing':>11}{'compare':>10}{'processors':>12}{'memory':>9}"
            f"{'fingerprint':>13}"
        )
        if large:
            _measure(server, large, 8, 1, large // 100)
            return
        for number in (rows // 4, rows, rows * 4):
            _measure(server, number, 8, 1, 5)
        for columns in (2, 32, 128):
            _measure(server, rows // 4, columns, 1, 5)
        for differing in (0, rows // 1000, rows // 10):
            _measure(server, rows, 8, 1, differing)
        for count in (tables // 25, tables // 5, tables):
            _measure(server, 10, 8, count, 1)


def _measure(server: Server, rows: int, columns: int, tables: int, differing: int) -> None:
    program = [sys.executable, "-m", "migsafe", "compare", "--quiet", "env:ONE", "env:OTHER"]
    with _copies(server, rows, columns, tables, differing) as (one, other), databases.connect(server, "postgres") as c:
        started = time.perf_counter()
        used = run(program, {"ONE": one.url(), "OTHER": other.url()}, postmaster(c))
        compared = time.perf_counter() - started
        started = time.perf_counter()
        take_fingerprint(one)
        seconds = time.perf_counter() - started
    click.echo(
        f"{rows:>10,}{columns:>9}{tables:>8,}{differing:>11,}{compared:>8.2f} s{used.processor:>10.2f} s"
        f"{used.memory / 1024:>6.0f} MB{seconds:>11.2f} s"
    )


@contextmanager
def _copies(server: Server, rows: int, columns: int, tables: int, differing: int) -> Iterator[tuple[Address, Address]]:
    names = [databases.name_for(server, label) for label in ("one", "other")]
    chosen = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(sql.SQL(COLUMNS[i % len(COLUMNS)]), sql.Identifier(f"c{i + 1}"))
        for i in range(columns - 1)
    )
    databases.create(server, names[0])
    with databases.connect(server, names[0]) as connection:
        for number in range(tables):
            name = sql.Identifier(f"t{number}")
            connection.execute(sql.SQL(TABLE).format(table=name, columns=chosen, rows=rows))
            connection.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (id)").format(name))
        connection.execute("VACUUM ANALYZE")
    databases.create(server, names[1], names[0])
    with databases.connect(server, names[1]) as connection:
        if differing:
            connection.execute("UPDATE t0 SET c1 = NULL WHERE id %% (%s / %s) = 1", (rows, differing))
            connection.execute("VACUUM ANALYZE t0")
    yield server.address.on(names[0]), server.address.on(names[1])
    for name in names:
        databases.drop(server, name)


if __name__ == "__main__":
    sys.exit(main())
