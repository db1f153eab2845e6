"""Two databases to be compared, and the command line with both behind environment variables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest
from click.testing import CliRunner, Result

from migsafe.cli import main
from migsafe.postgres.server import Server
from tests.fix_state import fresh_database

Sides = tuple[psycopg.Connection, psycopg.Connection]
Run = Callable[..., Result]


@pytest.fixture
def sides(server: Server) -> Iterator[Sides]:
    with fresh_database(server) as old, fresh_database(server) as new:
        yield old, new


@pytest.fixture
def run(server: Server, sides: Sides, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command; the two databases are behind OLD and NEW, so that no password stands in an argument."""
    for name, connection in zip(("OLD", "NEW"), sides, strict=True):
        monkeypatch.setenv(name, server.address.on(connection.info.dbname).url())
    return lambda *arguments: CliRunner().invoke(main, [str(each) for each in arguments])


def compared(run: Run, *arguments: object) -> dict[str, object]:
    found = run("compare", *(arguments or ()), "--format", "json")
    assert found.exit_code in (0, 1, 3), found.output
    return dict(json.loads(found.stdout))


def on_both(sides: Sides, statement: str) -> None:
    for connection in sides:
        connection.execute(statement.encode())
