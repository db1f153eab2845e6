"""A question on the client's own connection is answered, and the client notices nothing of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pg8000.native
import psycopg
import pytest

from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.wire.instruments import Answer, Reading
from migsafe.wire.observer import Recording
from migsafe.wire.question import SERVER_LEFT, TransactionSpoiled
from migsafe.wire.session import NOT_WAITING
from migsafe.wire.statements import Seen
from migsafe.wire.tap import Tap
from tests.wire.test_upstream import in_mode, tls

__all__ = ["tls"]

PID = "SELECT pg_backend_pid()"


@dataclass
class Asking:
    """Instruments that ask the same after each statement that leaves the session idle or in a transaction."""

    sql: str
    mark: bytes = b"no notice begins so"
    states: list[str] = field(default_factory=list)

    def read(self, backend: int, state: str, sql: str, command_tag: str | None) -> Reading | None:
        return None

    def question(self, backend: int, state: str, sql: str, command_tags: Sequence[str | None]) -> str | Answer:
        self.states.append(state)
        return Answer(0, 0, None, "failed") if state == "E" else self.sql


@contextmanager
def asking(address: Address, sql: str) -> Iterator[tuple[Tap, psycopg.Connection]]:
    with Tap(address, instruments=Asking(sql)) as tap, databases.connect_to(tap.address) as connection:
        yield tap, connection


def answers(seen: Sequence[Seen]) -> list[str | None]:
    return [each.answer.text if each.answer else None for each in seen]


def reasons(seen: Sequence[Seen]) -> list[str]:
    return [each.answer.reason if each.answer else "" for each in seen]


def test_the_session_itself_answers_between_two_statements(tapped: Address) -> None:
    with asking(tapped, PID) as (tap, connection):
        connection.execute("SELECT 1")
        with connection.transaction():
            connection.execute("SELECT 2")
        seen = tap.take()
        assert [each.statement.sql for each in seen] == ["SELECT 1", "BEGIN", "SELECT 2", "COMMIT"]
        assert answers(seen) == [str(connection.info.backend_pid)] * 4


def test_over_tls_as_well(tls: tuple[Address, Path]) -> None:
    with asking(in_mode(tls[0], "require"), "SELECT repeat('x', 100000)") as (tap, connection):
        connection.execute("SELECT 1")
        assert answers(tap.take()) == ["x" * 100_000]


def test_notices_and_notifications_that_come_meanwhile_reach_the_client(
    tapped: Address, direct: psycopg.Connection
) -> None:
    direct.execute(
        "CREATE OR REPLACE FUNCTION loud() RETURNS int LANGUAGE plpgsql AS $$BEGIN "
        "RAISE NOTICE 'heard'; PERFORM pg_notify('news', 'told'); RETURN 7; END$$"
    )
    heard: list[str | None] = []
    with asking(tapped, "SELECT public.loud()") as (tap, connection):
        connection.add_notice_handler(lambda said: heard.append(said.message_primary))
        connection.execute("LISTEN news")
        told = next(connection.notifies(timeout=5))
        assert (told.payload, heard, answers(tap.take())) == ("told", ["heard"], ["7"])


def test_a_question_that_fails_leaves_the_transaction_as_it_was(tapped: Address, direct: psycopg.Connection) -> None:
    direct.execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept (a int)")
    with asking(tapped, "SELECT 1 / 0") as (tap, connection):
        with connection.transaction():
            connection.execute("INSERT INTO kept VALUES (1)")
            connection.execute("SAVEPOINT own")
            connection.execute("INSERT INTO kept VALUES (2)")
            connection.execute("ROLLBACK TO own")
        connection.execute("INSERT INTO kept VALUES (3)")
        assert set(reasons(tap.take())) == {"division by zero"}
        assert connection.execute("SELECT a FROM kept ORDER BY a").fetchall() == [(1,), (3,)]
        assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)


def test_a_statement_timeout_hits_the_question_alone(tapped: Address) -> None:
    with asking(tapped, "SELECT pg_sleep(5)") as (tap, connection):
        connection.autocommit = False
        connection.execute("SET statement_timeout = '300ms'")
        assert connection.execute("SELECT 1").fetchone() == (1,)
        connection.commit()
        assert "statement timeout" in reasons(tap.take())[-2]


def test_a_transaction_that_a_question_ended_all_the_same_ends_the_run(tapped: Address) -> None:
    with asking(tapped, "ROLLBACK") as (tap, connection):
        connection.autocommit = False
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        with pytest.raises(TransactionSpoiled, match="ended the transaction"):
            tap.take()


def test_a_server_that_leaves_during_the_question_leaves_the_client_too(tapped: Address) -> None:
    with asking(tapped, "SELECT pg_terminate_backend(pg_backend_pid())") as (tap, connection):
        assert connection.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 2")
        assert reasons(tap.take())[0] == SERVER_LEFT


def test_the_clients_unnamed_statement_and_its_portals_live_on(tapped: Address) -> None:
    with asking(tapped, PID) as (tap, connection):
        assert connection.pgconn.prepare(b"", b"SELECT 40 + $1::int").status == psycopg.pq.ExecStatus.COMMAND_OK
        found = [connection.pgconn.exec_prepared(b"", [b"%d" % n]).get_value(0, 0) for n in (1, 2)]
        assert found == [b"41", b"42"]

    async def cursor(address: Address) -> list[int]:
        connection = await asyncpg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=address.database,
        )
        try:
            async with connection.transaction():
                portal = await connection.cursor("SELECT n FROM generate_series(1, 6) AS n")
                fetched = []
                while rows := await portal.fetch(2):  # an Execute of two rows each, and a Sync
                    fetched += [row["n"] for row in rows]
                    await connection.execute("SELECT 1")
                return fetched
        finally:
            await connection.close()

    with Tap(tapped, instruments=Asking(PID)) as tap:
        assert asyncio.run(cursor(tap.address)) == [1, 2, 3, 4, 5, 6]


def test_a_driver_with_its_own_protocol_code_works(tapped: Address) -> None:
    with Tap(tapped, instruments=Asking(PID)) as tap:
        address = tap.address
        connection = pg8000.native.Connection(
            address.user, host=address.host, port=address.port, database=address.database, password=address.password
        )
        connection.run("BEGIN")
        assert [connection.run("SELECT CAST(:n AS int)", n=number) for number in range(3)] == [[[0]], [[1]], [[2]]]
        connection.run("COMMIT")
        connection.close()
        assert None not in answers(tap.take())


def test_a_client_that_pipelines_is_not_asked_before_it_waits(tapped: Address) -> None:
    with asking(tapped, PID) as (tap, connection):
        with connection.pipeline() as pipeline:
            cursors = []
            for number in range(200):
                cursors.append(connection.execute("SELECT %s::int", (number,)))
                pipeline.sync()
        assert [cursor.fetchone() for cursor in cursors] == [(number,) for number in range(200)]
        seen = tap.take()
        assert set(answers(seen)) <= {str(connection.info.backend_pid), None}
        assert answers(seen)[-1] == str(connection.info.backend_pid)


def test_a_second_query_that_was_sent_at_once_is_answered_first(tapped: Address) -> None:
    def query(sql: str) -> bytes:
        return b"Q" + (len(sql) + 5).to_bytes(4) + sql.encode() + b"\0"

    with asking(tapped, PID) as (tap, connection):
        os.set_blocking(connection.pgconn.socket, True)
        os.write(connection.pgconn.socket, query("SELECT 1") + query("SELECT 2"))
        answered = 0
        while answered < 2:
            answered += os.read(connection.pgconn.socket, 10_000).count(b"Z\0\0\0\5I")
        assert reasons(tap.take()) == [NOT_WAITING, ""]


def test_no_observer_sees_a_question(tapped: Address) -> None:
    recorded = Recording()
    with (
        Tap(tapped, instruments=Asking(PID), observer=recorded) as tap,
        databases.connect_to(tap.address) as connection,
    ):
        connection.execute("SELECT 1")
        assert answers(tap.take()) == [str(connection.info.backend_pid)]
    assert not [event for event in recorded.events if "pid" in getattr(event, "sql", "")]
