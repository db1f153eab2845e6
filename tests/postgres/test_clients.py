"""pg_dump, pg_restore and psql of a version that fits."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from migsafe.errors import CannotCheck, ClientToolMissing
from migsafe.postgres import clients, databases
from migsafe.postgres.server import Server


def tool(directory: Path, name: str, version: str) -> Path:
    directory.mkdir()
    (directory / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
    (directory / name).chmod(0o755)
    return directory


@pytest.fixture
def only_these(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, ...]:
    """Programs that say they are of versions 14, 16 and 17, and nothing else."""
    monkeypatch.setattr(clients, "program_directories", tuple)
    monkeypatch.setattr(clients, "wheel_directories", tuple)
    monkeypatch.setenv("PATH", "")
    return tuple(tool(tmp_path / version, "pg_dump", version) for version in ("17.2", "14.9 (Debian 14.9-1)", "16.1"))


def test_the_same_version_is_taken_before_a_newer_one(only_these: tuple[Path, ...]) -> None:
    assert clients.find("pg_dump", 16, only_these).version == "16.1"
    assert clients.find("pg_dump", 14, only_these).version == "14.9 (Debian 14.9-1)"


def test_else_the_next_newer_one_is_taken(only_these: tuple[Path, ...]) -> None:
    assert clients.find("pg_dump", 15, only_these).major == 16


def test_only_older_ones_is_an_error_that_names_what_to_install(only_these: tuple[Path, ...]) -> None:
    with pytest.raises(
        ClientToolMissing, match="the server is PostgreSQL 18, and pg_dump is here only of version 14, 16, 17"
    ) as caught:
        clients.find("pg_dump", 18, only_these)
    assert "postgresql-client-18" in str(caught.value.hint)


def test_none_at_all_is_an_error(only_these: tuple[Path, ...]) -> None:
    with pytest.raises(ClientToolMissing, match="psql is needed and was not found"):
        clients.find("psql", 18, only_these)


def test_a_program_runs_on_the_named_database(server: Server) -> None:
    assert server.client("psql", ["-Atc", "SELECT current_database()"], "template1") == b"template1\n"


def test_files_go_in_and_out(server: Server) -> None:
    name = databases.name_for(server, "files")
    databases.create(server, name)
    with tempfile.TemporaryFile() as file:
        file.write(b"CREATE TABLE t (a int);")
        file.seek(0)
        server.client("psql", ["-qf", "-"], name, stdin=file)
    with tempfile.TemporaryFile() as file:
        assert server.client("pg_dump", [], name, stdout=file) == b""
        file.seek(0)
        assert b"CREATE TABLE public.t" in file.read()
    databases.drop(server, name)


def test_what_fails_is_told_in_the_programs_own_words(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATABASE", "of_the_user")
    monkeypatch.setenv("PGOPTIONS", "-c no.such=thing")
    with pytest.raises(CannotCheck, match='database "no such" does not exist') as caught:
        server.client("pg_dump", [], "no such")
    assert str(server.address.password) not in str(caught.value)
    assert os.environ["PGDATABASE"] == "of_the_user"
