"""A tap in front of the throwaway server, and a connection through it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from migsafe.wire.tap import Tap


@pytest.fixture(scope="session")
def tapped(server: Server) -> Iterator[Address]:
    """A database that only the tests of the tap use, past the tap."""
    name = databases.name_for(server, "tapped")
    databases.create(server, name)
    yield server.address.on(name)
    databases.drop(server, name)


@pytest.fixture
def tap(tapped: Address) -> Iterator[Tap]:
    with Tap(tapped) as running:
        yield running


@pytest.fixture
def through(tap: Tap) -> Iterator[psycopg.Connection]:
    """An autocommit connection through the tap."""
    with databases.connect_to(tap.address) as connection:
        yield connection


@pytest.fixture
def direct(tapped: Address) -> Iterator[psycopg.Connection]:
    """An autocommit connection to the same database, past the tap."""
    with databases.connect_to(tapped) as connection:
        yield connection
