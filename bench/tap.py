"""What the tap costs: the same work straight to the server and through the tap, as a ratio.

    python bench/tap.py --statements 100000 --ddl 2000 --rows 3000000

Each work runs in a process of its own, as a migration tool would, in turn direct and through the tap; the medians of
``--repeat`` runs are compared. ``statements`` are SELECT 1 in autocommit, the worst case: nothing but round trips.
``ddl`` is what a history is made of. The copies move ``rows`` rows of about 100 bytes in and out again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable

import psycopg

from migsafe.postgres.address import Address
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.wire.tap import Tap

Work = Callable[[psycopg.Connection, int], None]


def statements(connection: psycopg.Connection, count: int) -> None:
    for _ in range(count):
        connection.execute("SELECT 1")


def ddl(connection: psycopg.Connection, count: int) -> None:
    for number in range(count // 4):
        connection.execute(f"CREATE TABLE t{number} (id bigint PRIMARY KEY, name text)")
        connection.execute(f"ALTER TABLE t{number} ADD COLUMN born date NOT NULL DEFAULT current_date")
        connection.execute(f"CREATE INDEX ON t{number} (name)")
        connection.execute(f"DROP TABLE t{number}")


def copy_in(connection: psycopg.Connection, count: int) -> None:
    line = f"{'x' * 99}\n".encode()
    connection.execute("DROP TABLE IF EXISTS copied")
    connection.execute("CREATE TABLE copied (name text)")
    with connection.cursor().copy("COPY copied FROM STDIN") as copy:
        for _ in range(count // 1000):
            copy.write(line * 1000)


def copy_out(connection: psycopg.Connection, count: int) -> None:
    with connection.cursor().copy(f"COPY (SELECT repeat('x', 99) FROM generate_series(1, {count})) TO STDOUT") as copy:
        while copy.read():
            pass


def run(work: Work, address: Address, count: int) -> float:
    """Seconds the work takes in a process of its own, without the time to connect."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_timed, (work, address, count))


def _timed(work: Work, address: Address, count: int) -> float:
    with psycopg.connect(**address.keywords(), autocommit=True) as connection:
        started = time.perf_counter()
        work(connection, count)
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--statements", type=int, default=100_000)
    parser.add_argument("--ddl", type=int, default=2_000)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    works = [(statements, options.statements), (ddl, options.ddl), (copy_in, options.rows), (copy_out, options.rows)]
    with servers.start(ServerSettings()) as server:
        print(f"{server.kind} PostgreSQL {server.version}, median of {options.repeat}")
        for work, count in works:
            direct, tapped = [], []
            for _ in range(options.repeat):
                direct.append(run(work, server.address, count))
                with Tap(server.address) as tap:
                    tapped.append(run(work, tap.address, count))
            seconds, through = statistics.median(direct), statistics.median(tapped)
            print(
                f"{work.__name__:10} {count:>9}: {seconds:6.2f} s direct, {through:6.2f} s through the tap,"
                f" ratio {through / seconds:.2f}"
            )


if __name__ == "__main__":
    main()
