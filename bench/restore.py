"""What does putting a state back cost: by a clone of a kept database, by ``pg_restore``, and by ``snapshot restore``?

Prints seconds (the median of some runs, taken in turn) and their ratio to the clone. A clone is what the checks use on
a throwaway server; a snapshot is what is left on a server that matters. The first clones try each way that the server
knows, and are not counted. Where the server's files can be reached, ``cp -r`` of the kept database's files, and their
removal, is the floor for a clone. ``snapshot restore`` includes the check of all files, the proof, and the change of
names.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
from measuring import medians
from psycopg import sql

from migsafe.postgres import databases
from migsafe.postgres.archive import restore_directory
from migsafe.postgres.cloning import ways
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.snapshots.restore import How, restore
from migsafe.snapshots.take import take
from migsafe.state import read_state

ROWS = """
CREATE TABLE {table} AS
SELECT i AS id, i * 1000003::bigint AS big, md5(i::text) || md5((i + 1)::text) AS words,
    '2020-01-01'::timestamptz + i * interval '61.37 s' AS at, (i::bigint * 7919 % 1000000) / 100.0 AS amount,
    i % 3 = 0 AS flag, jsonb_build_object('a', i, 'b', 'x' || i) AS document, md5(i::text)::uuid AS code
FROM generate_series(1, {rows}) i;
ALTER TABLE {table} ADD PRIMARY KEY (id);
CREATE INDEX ON {table} (code);
"""


@click.command(help=__doc__)
@click.option("--rows", default=1_000_000, show_default=True, help="Rows of each of the tables.")
@click.option("--tables", default=4, show_default=True)
@click.option("--jobs", default=2, show_default=True, help="Tables dumped and restored at once.")
@click.option("--runs", default=3, show_default=True, help="How often a clone and pg_restore are measured.")
@click.option("--server", "use", default="auto", show_default=True, help="Where PostgreSQL comes from.")
@click.option("--directory", type=click.Path(file_okay=False, path_type=Path), help="Where the server has its data.")
def main(rows: int, tables: int, jobs: int, runs: int, use: str, directory: Path | None) -> None:
    settings = ServerSettings(use=use, directory=directory)
    with servers.start(settings) as server, tempfile.TemporaryDirectory() as store:
        _measure(server, Path(store), rows, tables, jobs, runs)


def _measure(server: Server, store: Path, rows: int, tables: int, jobs: int, runs: int) -> None:
    kept = databases.name_for(server, "kept")
    databases.create(server, kept)
    address = server.address.on(kept)
    with databases.connect_to(address) as connection:
        for number in range(tables):
            connection.execute(sql.SQL(ROWS).format(table=sql.Identifier(f"sample_{number}"), rows=rows))
        connection.execute("VACUUM ANALYZE")
        row = connection.execute(
            "SELECT pg_database_size(oid), current_setting('data_directory'), oid::text FROM pg_database "
            "WHERE datname = current_database()"
        ).fetchone()
        reading = _seconds(lambda: read_state(connection))
    assert row
    click.echo(f"PostgreSQL {server.version}, {server.kind}; {tables} × {rows} rows, {row[0] / 1e6:.0f} MB")
    taking = _seconds(lambda: take(address, store, jobs=jobs))
    (path,) = store.iterdir()
    snapshot = take(address, store, jobs=jobs)
    copy = databases.name_for(server, "copy")

    def clone() -> None:
        databases.drop(server, copy)
        databases.create(server, copy, template=kept)

    def bare() -> None:
        databases.drop(server, copy)
        databases.create(server, copy)
        restore_directory(server.address.on(copy), server.major, path / "dump", jobs=jobs, privileges=False)

    files = Path(row[1], "base", row[2])

    def files_alone() -> None:
        subprocess.run(["cp", "-r", files, files.with_suffix(".copy")], check=True)
        shutil.rmtree(files.with_suffix(".copy"))

    with databases.connect(server, "postgres") as connection:
        for _ in ways(connection):
            clone()
    actions: dict[str, Callable[[], object]] = {"clone": clone, "bare": bare}
    if files.exists():
        actions["files"] = files_alone
    median = medians(actions, runs)
    whole = _seconds(lambda: restore(snapshot, address, How(jobs=jobs), lambda _: None))
    for taken in server.cloning.taken:
        click.echo(f"  {taken.databases} databases by {taken.way}, {taken.seconds:.2f} s")
    _show("clone (CREATE DATABASE … TEMPLATE)", median["clone"], median["clone"])
    if "files" in median:
        _show("cp -r of its files, and rm", median["files"], median["clone"])
    _show(f"pg_restore --jobs={jobs}", median["bare"], median["clone"])
    _show("snapshot restore, proven", whole, median["clone"])
    click.echo(f"  snapshot take {taking:.2f} s: pg_dump {snapshot.manifest.dump_seconds:.2f}, state {reading:.2f}")
    click.echo(f"  pg_restore / pg_dump {median['bare'] / snapshot.manifest.dump_seconds:.1f}")


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _show(label: str, seconds: float, reference: float) -> None:
    click.echo(f"  {label:<36}{seconds:8.2f} s{seconds / reference:8.1f} × clone")


if __name__ == "__main__":
    sys.exit(main())
