"""Instruments in the database of a traced run: put in before it, read while it goes on, gone before a state is read.

Only a superuser may make event triggers. Read besides, from another session: the locks of a transaction that is still
open, before its client knows that the statement is done.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import OperationalError, errors, sql

from migsafe.errors import MigsafeError
from migsafe.postgres import databases
from migsafe.postgres.tables import find_tables
from migsafe.tracing.drafts import Before
from migsafe.tracing.relations import read_relations
from migsafe.tracing.scans import SHARED_SINCE, Counters, Patience, counters_query, has_read, read_counters
from migsafe.wire.instruments import Answer, Reading

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import psycopg

    from migsafe.postgres.names import TableName
    from migsafe.postgres.server import Server

ALONE = {"max_parallel_maintenance_workers": "0", "max_parallel_workers_per_gather": "0"}
"""For every session of a traced run: what parallel workers read is in no counter of the session."""

READINGS_OF_ONE_KIND = 20
"""So often the locks are looked at after statements in a row that begin alike and insert one row each."""

_INSTALL = files(__package__).joinpath("install.sql").read_text(encoding="utf-8")

OTHERS_LEAVE_WITHIN = 5.0
_POLL_SECONDS = 0.002

NO_SCANS = "the server counts no scans: its setting track_counts is off"

_TRIGGERS = ("migsafe_start", "migsafe_end", "migsafe_rewrite")

_LOCKS = """
SELECT pg_catalog.pg_current_wal_insert_lsn() - '0/0', pg_catalog.array_agg(array[relation::bigint::text, mode])
FROM pg_catalog.pg_locks
WHERE pid = %s AND locktype = 'relation' AND granted AND mode <> 'SIReadLock' AND database = %s
    AND relation::bigint >= 16384
"""

BEFORE_15 = "a server before 15 tells what was read only inside a transaction"
NO_SNAPSHOT = "the transaction had no snapshot yet, or no more"
ENOUGH = "of many statements that begin alike, not each is counted by itself"
"""Why a session is not asked what it read."""

_OTHERS = """
SELECT FROM pg_catalog.pg_stat_activity
WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
    AND coalesce(backend_type, 'client backend') = 'client backend'
"""

_POSITION = "SELECT pg_catalog.pg_current_wal_insert_lsn() - '0/0'"


class NotTraced(MigsafeError):
    """The instruments can't be put into this database."""


@dataclass(slots=True)
class ServerInstruments:
    """What is known of the database before the run, and the session that reads while it goes on.

    ``lost`` says, once they were taken out, what is missing of what they tell, and why; empty where nothing is.
    """

    mark: bytes
    before: Before
    _database: int
    _server: Server
    _connection: psycopg.Connection
    _question: str
    lost: str = ""
    _turn: Lock = field(default_factory=Lock)
    _read: dict[int, tuple[str, int]] = field(default_factory=dict)
    _patience: dict[int, Patience] = field(default_factory=dict)

    def read(self, backend: int, state: str, sql: str, command_tag: str | None) -> Reading | None:
        """The locks of a transaction that is open, and the position; none for what was read often enough."""
        with self._turn:
            if self._is_known(backend, sql[:60], command_tag):
                return None
            if state != "T":
                return Reading(int(self._ask(_POSITION)[0]), None)
            row = self._ask(_LOCKS, (backend, self._database))
            return Reading(int(row[0]), frozenset((int(relation), mode) for relation, mode in row[1] or ()))

    def question(self, backend: int, state: str, sql: str, command_tags: Sequence[str | None]) -> str | Answer:
        """The counters of scans, where a question disturbs nothing and they tell something."""
        now = time.monotonic()
        if state != "T" and self.before.counters is None:
            return Answer(now, now, None, BEFORE_15)
        if state == "E" or (state == "T" and not has_read(command_tags)):
            return Answer(now, now, None, NO_SNAPSHOT)
        with self._turn:
            if not self._patience.setdefault(backend, Patience()).is_left(sql):
                return Answer(now, now, None, ENOUGH)
        return self._question

    def close(self) -> None:
        """End the session that reads."""
        self._connection.close()

    def _ask(self, query: LiteralString, parameters: tuple[int, ...] = ()) -> tuple[Any, ...]:
        """The one row that answers, from a new session where the migration has ended the one that there was."""
        try:
            row = self._connection.execute(query, parameters).fetchone()
        except OperationalError:
            if not self._connection.broken:
                raise
            self._connection = databases.connect_to(self._server.address)
            row = self._connection.execute(query, parameters).fetchone()
        assert row is not None
        return row

    def _is_known(self, backend: int, beginning: str, command_tag: str | None) -> bool:
        """Whether it is one more of many statements that insert a row each, which lock what the others locked."""
        if command_tag != "INSERT 0 1":
            self._read.pop(backend, None)
            return False
        known, count = self._read.get(backend, ("", 0))
        self._read[backend] = beginning, (count + 1 if known == beginning else 1)
        return self._read[backend][1] > READINGS_OF_ONE_KIND


@contextmanager
def instruments(
    server: Server, database: str, rows: Mapping[str, int], books: Collection[TableName] = ()
) -> Iterator[ServerInstruments]:
    """Instruments in this database for the length of a ``with`` block; nothing of them is left afterwards.

    ``rows`` are the counts of the tables by printed name. ``books`` are the migration tool's own tables, of which
    nothing is told. Raises :class:`NotTraced` with the reason, on entering.
    """
    mark = f"migsafe {secrets.token_hex(16)} "
    with databases.connect(server, database) as connection:
        counters = counters_query(connection.info.server_version)
        relations = read_relations(connection, find_tables(connection, books))
        before, oid = _put_in(connection, mark, Before(relations, rows), counters)
        lost = "" if _counts_scans(connection) else NO_SCANS
    question = f"SELECT {counters}"
    put_in = ServerInstruments(mark.encode(), before, oid, server, databases.connect_to(server.address), question, lost)
    with closing(put_in):
        yield put_in
    with databases.connect(server, database) as connection:
        put_in.lost = _take_out(connection) or lost


def _put_in(connection: psycopg.Connection, mark: str, before: Before, counters: str) -> tuple[Before, int]:
    """All that is known of what was there before, and the database's oid."""
    try:
        with connection.transaction():
            connection.execute(_INSTALL.replace("{mark}", mark).replace("{counters}", counters).encode())
    except (errors.InsufficientPrivilege, errors.DuplicateSchema, errors.UndefinedObject) as error:
        raise NotTraced(f"event triggers can't be made: {error.diag.message_primary}") from error
    row = connection.execute(
        "SELECT pg_catalog.current_setting('lock_timeout'), pg_catalog.pg_current_wal_insert_lsn() - '0/0', "
        "oid::bigint FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
    ).fetchone()
    assert row is not None
    counted = _first_counters(connection, counters)
    return replace(before, lock_timeout=row[0], position=int(row[1]), counters=counted), row[2]


def _first_counters(connection: psycopg.Connection, counters: str) -> Counters | None:
    """The counters before the run, once every earlier session has left and told its own; none before 15."""
    if connection.info.server_version // 10000 < SHARED_SINCE:
        return None
    deadline = time.monotonic() + OTHERS_LEAVE_WITHIN
    while connection.execute(_OTHERS).rowcount and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)  # a session that was closed ends when the server gets to it, and tells nobody
    row = connection.execute(f"SELECT {counters}::text".encode()).fetchone()
    assert row is not None
    return read_counters(row[0])


def _counts_scans(connection: psycopg.Connection) -> bool:
    """Whether its sessions count what they read; up to 14 the server turns it off itself if it can't find localhost."""
    row = connection.execute("SELECT pg_catalog.current_setting('track_counts')").fetchone()
    return row == ("on",)


def _take_out(connection: psycopg.Connection) -> str:
    """What was wrong with them at the end; empty when they were there as they had been put in."""
    query = "SELECT FROM pg_catalog.pg_event_trigger WHERE evtname = ANY (%s) AND evtenabled = 'A'"
    whole = connection.execute(query, (list(_TRIGGERS),)).rowcount == len(_TRIGGERS)
    for trigger in _TRIGGERS:
        connection.execute(sql.SQL("DROP EVENT TRIGGER IF EXISTS {}").format(sql.Identifier(trigger)))
    connection.execute("DROP SCHEMA IF EXISTS migsafe_sandbox CASCADE")
    return "" if whole else "the migration drops or disables the event triggers that tell of its locks"
