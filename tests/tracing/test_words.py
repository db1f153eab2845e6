"""The lock that the text of a statement tells of is the one it asks the server for: seen where it has to wait."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from migsafe.postgres import databases
from migsafe.postgres.server import Server
from migsafe.sql.lock_modes import lock_mode
from migsafe.tracing.grammar import locks_named
from tests.fix_server import wait_for

BEFORE = """
CREATE TABLE orders (id int PRIMARY KEY, note text);
CREATE INDEX orders_note ON orders (note);
CREATE TABLE events (at int) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (1) TO (2);
"""


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[str]:
    name = databases.name_for(server, "words")
    databases.create(server, name)
    with databases.connect(server, name) as connection:
        connection.execute(BEFORE.encode())
    yield name
    databases.drop(server, name)


@pytest.mark.parametrize(
    ("statement", "relation"),
    [
        ("INSERT INTO orders VALUES (1)", "orders"),
        ("UPDATE orders SET note = ''", "orders"),
        ("DELETE FROM orders", "orders"),
        ("COPY orders TO '/dev/null'", "orders"),
        ("TRUNCATE orders", "orders"),
        ("LOCK TABLE orders IN SHARE MODE", "orders"),
        ("VACUUM orders", "orders"),
        ("VACUUM FULL orders", "orders"),
        ("VACUUM (FULL, ANALYZE) orders", "orders"),
        ("CLUSTER orders USING orders_pkey", "orders"),
        ("REINDEX TABLE orders", "orders"),
        ("REINDEX TABLE CONCURRENTLY orders", "orders"),
        ("REINDEX INDEX orders_note", "orders_note"),
        ("CREATE INDEX CONCURRENTLY a ON orders (note)", "orders"),
        ("ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY", "events"),
    ],
)
def test_the_mode_that_the_text_tells_is_the_one_that_is_waited_for(
    server: Server, database: str, statement: str, relation: str
) -> None:
    (told,) = [named.mode for named in locks_named(statement) if named.name == relation]
    with (
        databases.connect(server, database) as holder,
        databases.connect(server, database) as waiting,
        ThreadPoolExecutor(1) as threads,
        holder.transaction(),
    ):
        _hold(holder, relation, statement)
        done = threads.submit(_send, waiting, statement)
        assert wait_for(lambda: _waits_for(holder, waiting) is not None)
        assert _waits_for(holder, waiting) == told
        waiting.cancel()
        assert isinstance(done.result(), psycopg.errors.QueryCanceled)


def _hold(holder: psycopg.Connection, relation: str, statement: str) -> None:
    """A lock that the statement must wait for, and nothing that comes before its own."""
    if relation == "orders_note":  # no statement locks an index by name: reading through it does
        holder.execute("SET LOCAL enable_seqscan = off")
        holder.execute("SELECT FROM orders WHERE note = 'x'")
        return
    looks_first = statement.startswith("VACUUM")  # at the table, in ACCESS SHARE
    mode = "SHARE UPDATE EXCLUSIVE" if looks_first else "ACCESS EXCLUSIVE"
    holder.execute(f"LOCK TABLE {relation} IN {mode} MODE".encode())


def _send(connection: psycopg.Connection, statement: str) -> Exception | None:
    try:
        connection.execute(f"BEGIN; {statement}" if statement.startswith("LOCK") else statement.encode())
    except psycopg.Error as error:
        return error
    return None


def _waits_for(holder: psycopg.Connection, waiting: psycopg.Connection) -> object:
    query = "SELECT mode FROM pg_locks WHERE pid = %s AND NOT granted AND locktype = 'relation'"
    row = holder.execute(query, (waiting.info.backend_pid,)).fetchone()
    return lock_mode(row[0]) if row else None
