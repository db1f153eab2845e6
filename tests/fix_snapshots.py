"""Snapshots of a database that has every kind of object, and databases to restore them into."""

from __future__ import annotations

import pytest

from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.server import Server
from migsafe.snapshots.manifest import Snapshot
from migsafe.snapshots.take import take
from migsafe.state import State

SHOP = """
CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text);
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint REFERENCES customers, amount numeric);
INSERT INTO customers (email) SELECT 'c' || i || '@example.org' FROM generate_series(1, 100) i;
INSERT INTO orders SELECT i, 1 + i % 100, i / 4.0 FROM generate_series(1, 300) i;
"""


@pytest.fixture(scope="session")
def every_kind_snapshot(
    server: Server, every_kind: tuple[str, State], tmp_path_factory: pytest.TempPathFactory
) -> Snapshot:
    """Taken with privileges; nobody changes its files."""
    store = tmp_path_factory.mktemp("snapshots")
    return take(server.address.on(every_kind[0]), store, jobs=2, privileges=True)


@pytest.fixture
def filled(server: Server, database: Address) -> Address:
    """A database with two tables and a few rows."""
    with connect_to(database) as connection:
        connection.execute(SHOP)
    return database
