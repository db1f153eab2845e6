"""What the benchmarks measure with: the time, the processors and the memory that a program takes."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import psycopg


class Used(NamedTuple):
    """What a program took: seconds of processor time, the server's included where it was known, and kilobytes."""

    processor: float
    memory: int


def run(
    command: Sequence[str], environment: Mapping[str, str], server: int | None = None, directory: Path | None = None
) -> Used:
    """Run to the end. ``server`` is the pid of the server that it uses, on this machine."""
    before, others = _processor_time(server), _children(server)
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise click.ClickException(f"{command[0]} ended with exit code {process.returncode}: {said.decode()}")
    while _children(server) - others:
        time.sleep(0.01)
    own = usage.ru_utime + usage.ru_stime
    return Used(own + _processor_time(server) - before, usage.ru_maxrss)


def postmaster(connection: psycopg.Connection) -> int | None:
    """The pid of the server's first process, if it runs on this machine as a Linux process that we can see."""
    status = Path("/proc") / str(connection.info.backend_pid) / "status"
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("PPid:")), None)


def _children(server: int | None) -> set[str]:
    """The server's processes: what one of them has used is known when it has ended."""
    listed = Path("/proc") / str(server) / "task" / str(server) / "children"
    return set(listed.read_text().split()) if server and listed.exists() else set()


def _processor_time(server: int | None) -> float:
    """Seconds that the server and the sessions that ended have used (proc(5), stat); those that run aren't counted."""
    if server is None:
        return 0.0
    fields = (Path("/proc") / str(server) / "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def medians(actions: Mapping[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """The median time of each, all of them in turn, so that what else the machine does falls on all alike."""
    seconds: dict[str, list[float]] = {label: [] for label in actions}
    for _ in range(runs):
        for label, action in actions.items():
            started = time.perf_counter()
            action()
            seconds[label].append(time.perf_counter() - started)
    return {label: statistics.median(each) for label, each in seconds.items()}
