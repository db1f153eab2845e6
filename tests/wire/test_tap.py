"""The tap stays out of the way: whatever a client does with PostgreSQL works through it as well."""

from __future__ import annotations

import hashlib
import threading
import tracemalloc
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from psycopg import errors, generators
from psycopg.pq import version as libpq_version

from migsafe.errors import ServerUnavailable
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.wire.tap import Tap
from tests.waiting import wait_until

MEGABYTE = 1024 * 1024


def test_the_address_is_the_servers_but_for_the_place(tap: Tap, tapped: Address) -> None:
    assert tap.address.host == "127.0.0.1"
    assert tap.address.port != tapped.port
    assert (tap.address.user, tap.address.database) == (tapped.user, tapped.database)
    assert tap.address.password == tapped.password


def test_an_sslmode_is_turned_off_and_other_parameters_are_kept() -> None:
    parameters = {"sslmode": "verify-full", "sslrootcert": "ca.pem", "options": "-c search_path=app"}
    with Tap(Address("localhost", 1, "u", "d", parameters=parameters)) as tap:
        assert tap.address.parameters == {"sslmode": "disable", "options": "-c search_path=app"}


def test_a_wrong_password_is_refused_by_the_server(tap: Tap) -> None:
    words = {**tap.address.keywords(), "password": "wrong"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**words)  # type: ignore[arg-type]
    assert tap.take_statements() == ()


def test_tls_is_declined(tap: Tap) -> None:
    with psycopg.connect(**tap.address.keywords(), sslmode="prefer") as connection:  # type: ignore[arg-type]
        assert not connection.pgconn.ssl_in_use
    with pytest.raises(psycopg.OperationalError, match="does not support SSL"):
        psycopg.connect(**tap.address.keywords(), sslmode="require")  # type: ignore[arg-type]


@pytest.mark.parametrize("binary", [False, True])
def test_copy_passes_both_ways(tap: Tap, through: psycopg.Connection, *, binary: bool) -> None:
    through.execute("CREATE TEMP TABLE t (a int, b text)")
    rows = [(number, f"line\n{number}" if number % 3 else None) for number in range(10_000)]
    options = "WITH (FORMAT binary)" if binary else ""
    with through.cursor() as cursor:
        with cursor.copy(f"COPY t FROM STDIN {options}") as copy:  # type: ignore[arg-type]
            copy.set_types(["int4", "text"])
            for row in rows:
                copy.write_row(row)
        with cursor.copy(f"COPY t TO STDOUT {options}") as copy:  # type: ignore[arg-type]
            copy.set_types(["int4", "text"])
            assert list(copy.rows()) == rows
    copied = [statement for statement in tap.take_statements() if statement.sql.startswith("COPY")]
    assert [(statement.command_tag, statement.rows) for statement in copied] == [("COPY 10000", 10_000)] * 2


def test_a_copy_in_that_fails_leaves_the_connection_usable(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("CREATE TEMP TABLE t (a int)")

    def copy(lines: Iterable[str]) -> None:
        with through.cursor().copy("COPY t FROM STDIN") as copying:
            for line in lines:
                copying.write(line)

    def break_off() -> Iterator[str]:
        yield "1\n"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        copy(break_off())
    through.execute("SELECT %s", (1,))
    with pytest.raises(errors.InvalidTextRepresentation):
        copy(["x\n"])
    through.execute("SELECT %s", (1,))
    failed = [s.error.sqlstate for s in tap.take_statements() if s.error]
    assert failed == ["57014", "22P02"]


def test_copy_in_the_extended_protocol_keeps_requests_and_answers_together(
    tap: Tap, through: psycopg.Connection
) -> None:
    """libpq sends a Sync right after the Execute, which the server swallows, and another one after the data."""
    through.execute("CREATE TEMP TABLE t (a int)")
    connection = through.pgconn
    for data in (b"1\n2\n", b"x\n"):
        connection.send_query_params(b"COPY t FROM STDIN", [])
        through.wait(generators.execute(connection))
        through.wait(generators.copy_to(connection, data))
        with suppress(errors.InvalidTextRepresentation):
            through.wait(generators.copy_end(connection, None))
    through.execute("SELECT %s", (1,))
    assert [(s.sql, s.command_tag) for s in tap.take_statements()][1:] == [
        ("COPY t FROM STDIN", "COPY 2"),
        ("COPY t FROM STDIN", None),
        ("SELECT $1", "SELECT 1"),
    ]


def test_server_side_cursors_pass(tap: Tap, through: psycopg.Connection) -> None:
    with through.transaction(), through.cursor('named "cursor"') as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT * FROM generate_series(1, %s)", (1000,))
        assert [number for (number,) in cursor] == list(range(1, 1001))
    assert sum(s.rows or 0 for s in tap.take_statements() if s.sql.startswith("FETCH")) == 1000


def test_notices_and_changed_parameters_pass(through: psycopg.Connection) -> None:
    notices: list[str | None] = []
    through.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    through.execute("DO $$ BEGIN RAISE NOTICE 'ä%', 1; END $$; SET application_name = 'renamed'")
    assert notices == ["ä1"]
    assert through.info.parameter_status("application_name") == "renamed"


def test_notifications_pass_while_the_client_is_idle(through: psycopg.Connection, direct: psycopg.Connection) -> None:
    through.execute("LISTEN channel")
    direct.execute("NOTIFY channel, 'payload'")
    (notification,) = through.notifies(timeout=5, stop_after=1)
    assert notification.payload == "payload"


def test_a_cancel_request_reaches_the_server(tap: Tap, through: psycopg.Connection, direct: psycopg.Connection) -> None:
    def cancel_once_it_runs() -> None:
        query = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
        wait_until(lambda: direct.execute(query, (through.info.backend_pid,)).rowcount == 1)
        through.cancel_safe()

    thread = threading.Thread(target=cancel_once_it_runs)
    thread.start()
    with pytest.raises(errors.QueryCanceled):
        through.execute("SELECT pg_sleep(60)")
    thread.join()
    (statement,) = tap.take_statements()
    assert statement.error is not None
    assert statement.error.sqlstate == "57014"


def test_several_connections_work_at_once(tap: Tap) -> None:
    def work(number: int) -> int:
        with databases.connect_to(tap.address) as connection:
            for _ in range(20):
                connection.execute("SELECT %s::int", (number,))
            return connection.info.backend_pid

    with ThreadPoolExecutor(8) as pool:
        backends = list(pool.map(work, range(8)))
    statements = tap.take_statements()
    assert len(statements) == 160
    assert {statement.backend for statement in statements} == set(backends)


def test_large_rows_stream_through_with_bounded_memory(tap: Tap, through: psycopg.Connection) -> None:
    """160 MB in rows of 8 MB each way; the tap's share of the memory is in this process, as the client's is."""
    row = b"x" * (8 * MEGABYTE) + b"\n"
    sent, received = hashlib.sha256(), hashlib.sha256()
    through.execute("CREATE TEMP TABLE large (a text); ALTER TABLE large ALTER a SET STORAGE EXTERNAL")
    tracemalloc.start()
    try:
        with through.cursor().copy("COPY large FROM STDIN") as copy:
            for _ in range(20):
                sent.update(row)
                for start in range(0, len(row), MEGABYTE):
                    copy.write(row[start : start + MEGABYTE])
        with through.cursor().copy("COPY large TO STDOUT") as copy:
            while data := copy.read():
                received.update(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert received.hexdigest() == sent.hexdigest()
    assert peak < 40 * MEGABYTE


def test_a_large_statement_passes_whole_and_is_kept_in_part(tap: Tap, through: psycopg.Connection) -> None:
    size = 24 * MEGABYTE
    row = through.execute(f"SELECT length('{'x' * size}')".encode()).fetchone()
    assert row == (size,)
    (statement,) = tap.take_statements()
    assert len(statement.sql) == 16 * MEGABYTE


def test_deep_pipelines_do_not_block(tap: Tap, through: psycopg.Connection) -> None:
    """The client sends more than all buffers hold before it reads, while the server answers as much."""
    text = "x" * 100_000
    with through.pipeline():
        cursors = [through.execute("SELECT %s || %s::text", (text, number)) for number in range(200)]
    assert [cursor.fetchone() for cursor in cursors] == [(f"{text}{number}",) for number in range(200)]
    assert len(tap.take_statements()) == 200


def test_protocol_3_2_with_its_long_cancel_key_passes() -> None:
    if libpq_version() < 180000:
        pytest.skip("libpq is older than 18 and speaks protocol 3.0 only")
    try:
        with (
            servers.start(ServerSettings(use="embedded", version=18)) as server,
            Tap(server.address) as tap,
            psycopg.connect(**tap.address.keywords(), max_protocol_version="3.2", autocommit=True) as connection,  # type: ignore[arg-type]
        ):
            timer = threading.Timer(0.2, connection.cancel_safe)
            timer.start()
            with pytest.raises(errors.QueryCanceled):
                connection.execute("SELECT pg_sleep(30)")
            timer.join()
    except ServerUnavailable as unavailable:
        pytest.skip(str(unavailable))


def test_protocol_3_2_is_negotiated_down_by_an_older_server(tap: Tap) -> None:
    if libpq_version() < 180000:
        pytest.skip("libpq is older than 18 and speaks protocol 3.0 only")
    with psycopg.connect(**tap.address.keywords(), max_protocol_version="3.2") as connection:  # type: ignore[arg-type]
        assert connection.execute("SELECT 1").fetchone() == (1,)
