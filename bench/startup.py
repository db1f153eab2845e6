"""Start-up: ``migsafe --help`` against an empty Python, and the time to a first query on each kind of server."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

import psycopg

from migsafe.errors import MigsafeError
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers.kinds import KINDS, start


def median_of(rounds: int, *commands: list[str]) -> list[float]:
    """Seconds of each command, the median of ``rounds``, run in turn."""
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(rounds):
        for kept, command in zip(times, commands, strict=True):
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            kept.append(time.perf_counter() - started)
    return [statistics.median(kept) for kept in times]


def first_query(settings: ServerSettings) -> float:
    started = time.perf_counter()
    with start(settings) as server, psycopg.connect(**server.address.keywords()) as connection:
        connection.execute("SELECT 1")
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--image", help="the container image to start")
    arguments = parser.parse_args()
    python = [sys.executable, "-c", "pass"]
    empty, click, helped = median_of(
        arguments.rounds, python, [sys.executable, "-c", "import click"], [sys.executable, "-m", "migsafe", "--help"]
    )
    print(f"python -c pass     {empty * 1000:6.0f} ms")
    print(f"import click       {click * 1000:6.0f} ms  ratio {click / empty:.1f}")
    print(f"migsafe --help     {helped * 1000:6.0f} ms  ratio {helped / empty:.1f}")
    for kind in KINDS:
        settings = ServerSettings(use=kind, image=arguments.image)
        try:
            first_query(settings)  # fills the cache of initialised data directories
            times = [first_query(settings) for _ in range(arguments.rounds)]
        except MigsafeError as error:
            print(f"{kind:18} not measured: {error.message}")
            continue
        print(f"{kind:18} {statistics.median(times):6.2f} s  to the first query")


if __name__ == "__main__":
    main()
