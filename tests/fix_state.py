"""Databases to read the state of: one that has every kind of object, and clones of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from migsafe.postgres import databases
from migsafe.postgres.server import Server
from migsafe.state import State, read_state

EVERY_KIND = Path(__file__).parent / "schema" / "every_kind.sql"

Fresh = Callable[..., AbstractContextManager[psycopg.Connection]]

_numbers = count(1)


@contextmanager
def fresh_database(server: Server, template: str | None = None) -> Iterator[psycopg.Connection]:
    """A database of one's own, an empty one or a clone, and an autocommit connection to it."""
    name = databases.name_for(server, f"state_{next(_numbers)}")
    databases.create(server, name, template)
    try:
        with databases.connect(server, name) as connection:
            yield connection
    finally:
        databases.drop(server, name)


@pytest.fixture
def fresh(server: Server) -> Fresh:
    """``fresh(template=None)``: a context manager that gives a connection to a database of one's own."""
    return lambda template=None: fresh_database(server, template)


@pytest.fixture(scope="session")
def every_kind(server: Server) -> Iterator[tuple[str, State]]:
    """The name and the state of a database that has every kind of object; nobody writes to it."""
    name = databases.name_for(server, "every_kind")
    databases.create(server, name)
    with databases.connect(server, name) as connection:
        connection.execute(EVERY_KIND.read_bytes())
        state = read_state(connection)
    yield name, state
    databases.drop(server, name)
