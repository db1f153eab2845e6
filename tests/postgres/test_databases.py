"""Databases on a server: made, cloned, renamed, dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.errors import CannotCheck, ServerUnavailable
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from migsafe.postgres.servers.running import RunningServer


def exists(server: Server, name: str) -> bool:
    with databases.connect(server, "postgres") as connection:
        return bool(connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchall())


def test_a_clone_has_the_rows_of_its_template(server: Server) -> None:
    original, copy = (databases.name_for(server, label) for label in ("original", "copy"))
    databases.create(server, original)
    with databases.connect(server, original) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    databases.create(server, copy, template=original)
    with databases.connect(server, copy) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    databases.drop(server, original)
    databases.drop(server, copy)
    assert not exists(server, original)


def test_sessions_are_in_nobodys_way(server: Server) -> None:
    first, copy = (databases.name_for(server, label) for label in ("first", "copy_of"))
    databases.create(server, first)
    with databases.connect(server, first) as connection:
        databases.create(server, copy, template=first)
        assert connection.closed or connection.info.backend_pid
    session = databases.connect(server, first)
    databases.drop(server, first)
    session.close()
    databases.drop(server, copy)
    assert not exists(server, first)


def test_names_in_every_alphabet_are_quoted_and_cut_to_63_bytes(server: Server) -> None:
    weird = 'migsafe "weird"; name ⚙'
    databases.create(server, weird)
    assert exists(server, weird)
    databases.drop(server, weird)
    databases.drop(server, weird)
    name = databases.name_for(server, "größe" * 20)
    assert len(name.encode()) in (62, 63)
    databases.create(server, name)
    assert exists(server, name)
    databases.drop(server, name)


def test_a_parameter_holds_for_new_sessions(server: Server) -> None:
    name = databases.name_for(server, "parameter")
    databases.create(server, name)
    databases.set_parameter(server, name, "statement_timeout", "7s")
    with databases.connect(server, name) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("7s",)
    databases.drop(server, name)


def test_a_user_without_the_right_is_told_so(server: Server) -> None:
    with databases.connect(server, "postgres") as connection:
        connection.execute("CREATE ROLE humble LOGIN PASSWORD 'humble'")
    try:
        humble = RunningServer(
            "url",
            server.version,
            server.major,
            server.run_id,
            replace(server.address, user="humble", password="humble"),
        )
        with pytest.raises(CannotCheck, match="permission denied to create database") as caught:
            databases.create(humble, databases.name_for(server, "humble"))
        assert "CREATEDB" in str(caught.value.hint)
    finally:
        with databases.connect(server, "postgres") as connection:
            connection.execute("DROP ROLE humble")


def test_a_server_that_is_gone_is_unavailable(server: Server) -> None:
    gone = RunningServer("url", server.version, server.major, "0" * 12, replace(server.address, port=1))
    with pytest.raises(ServerUnavailable, match="can't connect"):
        databases.drop(gone, "any")


def test_no_timeout_that_is_set_for_a_database_is_left(database: Address) -> None:
    unset = "SELECT name FROM pg_settings WHERE name ~ '^(statement|lock|idle.*|transaction)_timeout$' AND setting "
    with databases.connect_to(database) as connection:
        names = [name for (name,) in connection.execute(f"{unset} = '0'".encode())]
        assert "idle_session_timeout" in names
        for name in names:
            connection.execute(f"ALTER DATABASE {database.database} SET {name} TO '10s'".encode())
    with databases.connect_to(database) as connection:
        assert connection.execute(f"{unset} = '0'".encode()).fetchall() == []
        databases.without_timeouts(connection)
        assert connection.execute(f"{unset} <> '0'".encode()).fetchall() == []
