"""What ``migsafe compare`` and ``migsafe fingerprint`` say where the server doesn't answer as it should."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import psycopg
import pytest

from migsafe.postgres import databases
from migsafe.postgres.server import Server
from tests.fix_sides import Run, Sides, on_both
from tests.waiting import wait_until

BYTES = "SET client_encoding = 'SQL_ASCII'; CREATE TABLE t (id integer PRIMARY KEY, v text);"
"""In such a database a text is any bytes."""


@pytest.fixture
def ascii_sides(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sides]:
    names = [databases.name_for(server, f"ascii_{number}") for number in range(2)]
    try:
        for variable, name in zip(("OLD", "NEW"), names, strict=True):
            with databases.connect(server, "postgres") as connection:
                create = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
                connection.execute(create.encode())
            monkeypatch.setenv(variable, server.address.on(name).url())
        with databases.connect(server, names[0]) as old, databases.connect(server, names[1]) as new:
            yield old, new
    finally:
        for name in names:
            databases.drop(server, name)


def test_a_table_differs_whose_rows_can_not_be_read(run: Run, ascii_sides: Sides) -> None:
    on_both(ascii_sides, BYTES + r"INSERT INTO t VALUES (1, E'\xe9'), (2, E'\xff')")
    assert run("compare", "env:OLD", "env:NEW").exit_code == 0
    ascii_sides[1].execute(r"UPDATE t SET v = E'\xe8' WHERE id = 1")
    found = run("compare", "env:OLD", "env:NEW")
    assert (found.exit_code, "2 rows; differs, in rows that can't be read" in found.stdout) == (1, True), found.output
    assert "invalid byte sequence" in found.stdout


def test_names_that_can_not_be_read_are_no_defect(run: Run, ascii_sides: Sides) -> None:
    on_both(ascii_sides, BYTES)
    ascii_sides[1].execute(b'CREATE TABLE "\xe9" (a integer)')
    for arguments in (("compare", "env:OLD", "env:NEW"), ("fingerprint", "env:NEW")):
        found = run(*arguments)
        assert (found.exit_code, "invalid byte sequence" in found.output) == (3, True), found.output


def end_who(connection: psycopg.Connection, condition: str) -> Thread:
    """End the session of which this holds, once there is one."""
    query = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s AND {condition}".encode()
    arguments = (connection.info.dbname,)
    thread = Thread(target=wait_until, args=(lambda: connection.execute(query, arguments).fetchone() != (0,),))
    thread.start()
    return thread


def test_a_server_that_ends_the_session_of_a_comparison_is_no_defect(run: Run, sides: Sides) -> None:
    on_both(sides, "CREATE TABLE t (id integer); INSERT INTO t VALUES (1)")
    ending = end_who(sides[1], "wait_event = 'PgSleep'")
    found = run("compare", "env:OLD", "env:NEW", "--where", "pg_sleep(20) IS NOT NULL")
    ending.join()
    assert (found.exit_code, "the server went away" in found.output) == (3, True), found.output


def test_a_server_that_ends_the_session_of_a_fingerprint_is_no_defect(run: Run, sides: Sides) -> None:
    sides[0].execute("CREATE TABLE t (id integer)")
    with sides[0].transaction():
        sides[0].execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        with psycopg.connect(sides[0].info.dsn, password=sides[0].info.password, autocommit=True) as other:
            ending = end_who(other, "wait_event_type = 'Lock'")
            found = run("fingerprint", "env:OLD", "--workers", "1")
            ending.join()
    assert (found.exit_code, "the server went away" in found.output) == (3, True), found.output
