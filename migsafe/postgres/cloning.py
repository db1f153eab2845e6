"""How databases are made from a template: the ways that a server knows, and which of them is the fastest there.

What is fast depends on the server's version, its file system, its memory and the size of the template. So it is
measured with the databases that are made anyway: each way is tried once for templates of about one size, and from then
on the fastest is taken. All ways give the same database.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from psycopg import errors, sql

if TYPE_CHECKING:
    import psycopg

_SLOWER = 2.0
"""A way that took so many times as long as the fastest, for smaller templates, isn't tried for larger ones."""

_SMALLEST = 24
"""Templates of up to ``1 << 24`` bytes are of about one size; larger ones if none is four times as large."""


class Way(NamedTuple):
    """``STRATEGY`` of CREATE DATABASE (from 15 on), and ``file_copy_method`` (from 18 on)."""

    name: str
    strategy: str | None
    method: str | None = None


PLAIN = Way("plain", None)
FILE_COPY = Way("file_copy", "file_copy")
WAL_LOG = Way("wal_log", "wal_log")
FILE_CLONE = Way("file_clone", "file_copy", "clone")
"""The file system shares the blocks until one side changes them; few file systems can."""


class Taken(NamedTuple):
    """Databases that were made in one way, and the seconds that they took, all together."""

    way: str
    databases: int
    seconds: float


@dataclass(slots=True)
class Cloning:
    """What a run knows of one server. Safe for use by several threads."""

    _seconds: dict[tuple[int, Way], list[float]] = field(default_factory=dict)
    _impossible: set[Way] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @property
    def taken(self) -> tuple[Taken, ...]:
        """The ways that were taken, by name."""
        with self._lock:
            found: dict[str, list[float]] = {}
            for (_, way), seconds in self._seconds.items():
                found.setdefault(way.name, []).extend(seconds)
        return tuple(Taken(name, len(seconds), sum(seconds)) for name, seconds in sorted(found.items()))

    def create(self, connection: psycopg.Connection, name: str, template: str) -> None:
        """Make a database, over a connection to another one. Nobody may be connected to the template."""
        size = _size(connection, template)
        way = self.way(ways(connection), size)
        try:
            with self._measured(size, way), _method(connection, way):
                _create(connection, name, template, way)
        except errors.InternalError_:  # what PostgreSQL makes of EXDEV, EOPNOTSUPP and the like
            if way is not FILE_CLONE:
                raise
            with self._lock:
                self._impossible.add(way)
            self.create(connection, name, template)

    def way(self, known: tuple[Way, ...], size: int) -> Way:
        """The next to be tried, or the fastest, for a template of this size."""
        with self._lock:
            possible = [way for way in known if way not in self._impossible]
            best = {way: min(times) for way in possible if (times := self._seconds.get((size, way)))}
            for way in possible:
                if way not in best and not self._was_slow(way, possible, size):
                    return way
            return min(best or possible, key=lambda way: best.get(way, 0.0))

    def _was_slow(self, way: Way, possible: list[Way], size: int) -> bool:
        """For the next smaller templates that all the ways were tried for."""
        for smaller in range(size - 1, -1, -1):
            times = {each: min(self._seconds.get((smaller, each), [0.0])) for each in possible}
            if all(times.values()):
                return times[way] > _SLOWER * min(times.values())
        return False

    @contextmanager
    def _measured(self, size: int, way: Way) -> Iterator[None]:
        started = time.monotonic()
        yield
        with self._lock:
            self._seconds.setdefault((size, way), []).append(time.monotonic() - started)


def ways(connection: psycopg.Connection) -> tuple[Way, ...]:
    """What this server's version knows (manual, CREATE DATABASE), the likely fastest first."""
    version = connection.info.server_version
    if version < 150000:
        return (PLAIN,)
    if version < 180000:
        return (FILE_COPY, WAL_LOG)
    query = "SELECT 'clone' = ANY (enumvals) FROM pg_catalog.pg_settings WHERE name = 'file_copy_method'"
    row = connection.execute(query).fetchone()
    return (FILE_CLONE, FILE_COPY, WAL_LOG) if row and row[0] else (FILE_COPY, WAL_LOG)


def _size(connection: psycopg.Connection, database: str) -> int:
    """0 for small templates, one more for each four times as large."""
    if database == "template0":
        return 0
    row = connection.execute("SELECT pg_catalog.pg_database_size(%s)", (database,)).fetchone()
    return max((int(row[0]) >> _SMALLEST).bit_length() + 1, 0) // 2 if row else 0


@contextmanager
def _method(connection: psycopg.Connection, way: Way) -> Iterator[None]:
    if way.method is None:
        yield
        return
    connection.execute("SELECT pg_catalog.set_config('file_copy_method', %s, false)", (way.method,))
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("RESET file_copy_method")


def _create(connection: psycopg.Connection, name: str, template: str, way: Way) -> None:
    strategy = sql.SQL(f" STRATEGY {way.strategy}" if way.strategy else "")
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}{}")
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template), strategy))
