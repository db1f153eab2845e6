"""What it costs to bring a database over: ``migsafe rehearse`` against pg_dump and pg_restore.

Run: ``python bench/rehearse.py [rows]``. Prints seconds, and the ratio to the plain dump and restore.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migsafe.history.kinds import open_history
from migsafe.history.model import HistorySettings
from migsafe.postgres import databases
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.rehearsal.bring_over import bring_over, read_wanted
from migsafe.rehearsal.likeness import make_likeness
from migsafe.rehearsal.profile import read_profile
from migsafe.rehearsal.target import open_target, read_only_session
from migsafe.sandbox import Sandbox

LIMITS = {"statement_timeout": 0, "lock_timeout": 5}

FILL = """
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
INSERT INTO customers SELECT n, format('c%%s@example.com', n) FROM generate_series(1, %(rows)s / 10) AS n;
CREATE TABLE orders (
    id bigint PRIMARY KEY, customer bigint NOT NULL REFERENCES customers, at timestamptz, cents numeric, note text,
    token uuid, paid boolean, tags text[]
);
INSERT INTO orders
SELECT n, 1 + n %% (%(rows)s / 10), timestamptz '2024-01-01' + n * interval '1 s', n / 7.0, repeat(md5(n::text), 3),
    md5(n::text)::uuid, n %% 2 = 0, ARRAY[md5(n::text)]
FROM generate_series(1, %(rows)s) AS n;
CREATE INDEX ON orders (customer);
"""


@contextmanager
def timed(label: str, times: dict[str, float]) -> Iterator[None]:
    started = time.monotonic()
    yield
    times[label] = time.monotonic() - started


def plain(source: Server, name: str, target: Server) -> None:
    databases.create(target, "plain")
    with tempfile.TemporaryFile() as file:
        source.client("pg_dump", ["--format=custom", "--compress=0"], name, stdout=file)
        file.seek(0)
        target.client("pg_restore", ["--dbname=plain"], "plain", stdin=file)
    databases.drop(target, "plain")


def rehearsed(source: Server, name: str, target: Server, rows: str, history_root: Path) -> None:
    history = open_history(HistorySettings(root=history_root, kind="plain", path=history_root))
    address = source.address.on(name)
    with read_only_session(address, **LIMITS) as connection:
        likeness = make_likeness(target, read_profile(connection, address.user))
    sandbox = Sandbox(target, history, empty=likeness.database)
    with open_target(address, **LIMITS) as opened:
        brought = bring_over(opened, sandbox, likeness, read_wanted(rows), {}, lambda _: None)
    sandbox.drop(brought.database, likeness.database)


def main(rows: int) -> None:
    times: dict[str, float] = {}
    with (
        servers.start(ServerSettings()) as source,
        servers.start(ServerSettings()) as target,
        tempfile.TemporaryDirectory() as folder,
    ):
        (Path(folder) / "1.sql").write_text("SELECT 1;\n")
        databases.create(source, "big")
        with databases.connect(source, "big") as connection:
            connection.execute(FILL % {"rows": rows})
            size = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
        with timed("pg_dump, pg_restore", times):
            plain(source, "big", target)
        for share in ("all", "10%", "1%", "none"):
            with timed(f"rehearse --rows {share}", times):
                rehearsed(source, "big", target, share, Path(folder))
    base = times["pg_dump, pg_restore"]
    print(f"{rows:,} rows, {size[0] if size else '?'}")
    for label, seconds in times.items():
        print(f"{label:<24} {seconds:7.1f} s  {seconds / base:5.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_500_000)
