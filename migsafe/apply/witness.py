"""Whether anybody else may have written to a database since a moment.

Every write needs a session. A session that is there now has done nothing since the moment if it is idle and was so
before it; one that was there at the beginning and has left may have done anything. Sessions that came and went are
counted by the server (``pg_stat_database.sessions``, from 14 on; a session is counted before it can run its first
statement), and ours are taken off. So a client that writes is never missed, and a reader is taken for one. Limits:
background workers that came and went are not counted, nor is any session before PostgreSQL 14.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from migsafe.plain import many
from migsafe.snapshots.sessions import OtherSession, others

if TYPE_CHECKING:
    import psycopg

OUR_PROGRAMS = ("migsafe", "pg_dump")
PATIENCE = 1.0
"""Seconds that sessions of our own, which we have closed, are given to vanish from the server's list."""


@dataclass(slots=True)
class Witness:
    """Watches over ``connection``, an autocommit connection to the database that stays open all the time."""

    connection: psycopg.Connection
    counted: int | None = None
    ours: int = 0
    there: dict[int, OtherSession] = field(default_factory=dict)

    def begin(self) -> None:
        """From now on every session counts but this one's."""
        self.there = {other.pid: other for other in self._others(())}
        self.counted = self._sessions()
        self.ours = 0

    def add_ours(self, sessions: int) -> None:
        """So many sessions were made by ourselves."""
        self.ours += sessions

    def seen(self, since: datetime, our_backends: Collection[int] = ()) -> tuple[str, ...]:
        """Who may have written since that time, by the server's clock, one line each; empty if nobody can have."""
        now = {other.pid: other for other in self._others(our_backends)}
        active = [each for each in now.values() if each.state != "idle" or each.since is None or each.since >= since]
        left = [each for pid, each in self.there.items() if pid not in now or now[pid].started != each.started]
        lines = (*map(str, active), *(f"{each}; it has left meanwhile" for each in left))
        return (*lines, *self._came_and_went(sum(1 for pid in now if pid not in self.there)))

    def _came_and_went(self, still_here: int) -> tuple[str, ...]:
        sessions = self._sessions()
        if sessions is None or self.counted is None:
            return ()
        gone = sessions - self.counted - self.ours - still_here
        if gone < 0:
            return ("the server's statistics were reset, so that nobody knows",)
        return (f"{many(gone, 'session')} that came and went",) if gone else ()

    def _others(self, our_backends: Collection[int]) -> tuple[OtherSession, ...]:
        deadline = time.monotonic() + PATIENCE
        while True:
            found = others(self.connection, self.connection.info.dbname)
            found = tuple(other for other in found if other.pid not in our_backends)
            closing = any(other.application in OUR_PROGRAMS for other in found)
            if not closing or time.monotonic() > deadline:
                return found
            time.sleep(0.02)  # nothing tells when the server has noticed

    def _sessions(self) -> int | None:
        if self.connection.info.server_version < 140000:
            return None
        row = self.connection.execute(
            "SELECT sessions FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()"
        ).fetchone()
        return int(row[0]) if row else None
