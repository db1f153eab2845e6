"""Whoever leaves, the other side learns it, and nothing stays behind."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from migsafe.postgres import clients, databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from migsafe.wire.messages import Framer, read_error
from migsafe.wire.tap import Tap
from tests.waiting import wait_until


def psql(server: Server, tap: Tap, *commands: str) -> subprocess.Popen[bytes]:
    """psql through the tap, which goes on reading commands from its standard input after these."""
    process = subprocess.Popen(
        [clients.find("psql", server.major).path, "-Xq"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=clients.client_environment(tap.address),
    )
    assert process.stdin is not None
    process.stdin.write("".join(f"{command};\n" for command in commands).encode())
    process.stdin.flush()
    return process


def backends(direct: psycopg.Connection, application: str) -> list[tuple[int, str]]:
    query = "SELECT pid, state FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
    return direct.execute(query, (application,)).fetchall()


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_client_killed_inside_a_transaction_takes_its_backend_along(
    server: Server, tap: Tap, direct: psycopg.Connection
) -> None:
    direct.execute("DROP TABLE IF EXISTS never")
    process = psql(server, tap, "BEGIN", "CREATE TABLE never (a int)", "SET application_name = 'killed idle'")
    wait_until(lambda: [state for _, state in backends(direct, "killed idle")] == ["idle in transaction"])
    kill(process)
    wait_until(lambda: not backends(direct, "killed idle"))
    assert direct.execute("SELECT to_regclass('never')").fetchone() == (None,)
    statements = tap.take_statements()
    assert [(s.command_tag, s.state_after) for s in statements] == [("BEGIN", "T"), ("CREATE TABLE", "T"), ("SET", "T")]


def test_a_client_killed_while_rows_come_takes_its_backend_along(
    server: Server, tap: Tap, direct: psycopg.Connection
) -> None:
    command = "COPY (SELECT repeat('x', 1000), generate_series(1, 100000000)) TO STDOUT"
    process = psql(server, tap, "SET application_name = 'killed busy'", command)
    wait_until(lambda: [state for _, state in backends(direct, "killed busy")] == ["active"])
    kill(process)
    wait_until(lambda: not backends(direct, "killed busy"))
    running = tap.take_statements()[-1]
    assert (running.command_tag, running.error, running.state_after) == (None, None, None)


def test_the_clients_last_word_from_the_server_is_why_it_was_terminated(
    tap: Tap, through: psycopg.Connection, direct: psycopg.Connection
) -> None:
    pid = through.info.backend_pid

    def terminate_once_it_runs() -> None:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
        wait_until(lambda: direct.execute(query, (pid,)).rowcount == 1)

    thread = threading.Thread(target=terminate_once_it_runs)
    thread.start()
    with pytest.raises(errors.AdminShutdown):
        through.execute("SELECT pg_sleep(60)")
    thread.join()
    (statement,) = tap.take_statements()
    assert statement.error is not None
    assert (statement.error.sqlstate, statement.error.severity, statement.state_after) == ("57P01", "FATAL", None)


def test_leaving_cuts_what_is_still_connected_and_ends_all_threads(tapped: Address) -> None:
    before, files = set(threading.enumerate()), open_files()
    with Tap(tapped) as tap:
        connections = [databases.connect_to(tap.address) for _ in range(3)]
        connections[0].pgconn.send_query(b"SELECT pg_sleep(5)")
        started = time.monotonic()
    assert time.monotonic() - started < 2
    for connection in connections:
        assert connection.pgconn.socket >= 0
        connection.pgconn.finish()
    assert set(threading.enumerate()) == before
    assert open_files() == files


def test_leaving_does_not_wait_for_clients_that_say_nothing(tapped: Address) -> None:
    with Tap(tapped) as tap, socket.create_connection((tap.address.host, tap.address.port)) as silent:
        pass
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("migsafe tap")]
    assert silent.fileno() == -1


def test_a_server_that_refuses_is_told_to_the_client_as_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        free = occupied.getsockname()[1]
    address = Address("127.0.0.1", free, "someone", "somewhere", password="secret-word")
    with Tap(address) as tap, socket.create_connection((tap.address.host, tap.address.port)) as client:
        parameters = b"user\0someone\0\0"
        client.sendall(struct.pack(">II", 8 + len(parameters), 3 << 16) + parameters)
        answer = b"".join(iter(lambda: client.recv(4096), b""))
        ((_, body),) = Framer({ord("E"): 4096}).feed(memoryview(answer))
        error = read_error(body)
    assert (error.severity, error.sqlstate) == ("FATAL", "08006")
    assert f"127.0.0.1:{free}" in error.message
    assert "refused" in error.message
    assert "secret-word" not in error.message + repr(tap.__dict__)


def test_a_socket_that_is_not_there_is_told_to_the_client(tmp_path: Path) -> None:
    with (
        Tap(Address(str(tmp_path), 5432, "u", "d")) as tap,
        pytest.raises(psycopg.OperationalError, match=r"no connection to the PostgreSQL server: .*No such file"),
    ):
        psycopg.connect(**tap.address.keywords())  # type: ignore[arg-type]


@pytest.mark.parametrize("opening", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01", b"\0\0\0\1????"])
def test_what_is_no_startup_packet_is_hung_up_on(tap: Tap, opening: bytes) -> None:
    with socket.create_connection((tap.address.host, tap.address.port), timeout=5) as client:
        client.sendall(opening)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
    assert tap.take_statements() == ()
