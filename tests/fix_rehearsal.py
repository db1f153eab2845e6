"""A database that is in use, to rehearse for, and a role that may only read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from tests.fix_project import Project
from tests.fix_state import Fresh

SHOP = """
CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO schema_migrations VALUES (1, false);
CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE,
    friend bigint REFERENCES customers);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer bigint NOT NULL REFERENCES customers, cents integer NOT NULL);
INSERT INTO customers (email, friend) SELECT format('c%s@example.com', n), NULL FROM generate_series(1, 4000) AS n;
UPDATE customers SET friend = id - 1 WHERE id > 1 AND id % 7 = 0;
INSERT INTO orders (customer, cents) SELECT 1 + n % 4000, n FROM generate_series(1, 20000) AS n;
"""

MIGRATE = """
[history]
kind = "golang-migrate"
path = "migrations"
"""

HISTORY = {
    "migsafe.toml": MIGRATE,
    "migrations/1_shop.up.sql": "SELECT 1;\n",
    "migrations/1_shop.down.sql": "SELECT 1;\n",
    "migrations/2_paid.up.sql": "ALTER TABLE orders ADD COLUMN IF NOT EXISTS paid boolean;\n"
    "UPDATE orders SET paid = true WHERE paid IS NULL;\n",
    "migrations/2_paid.down.sql": "ALTER TABLE orders DROP COLUMN paid;\n",
}


@pytest.fixture
def shop(fresh: Fresh, server: Server) -> Iterator[Address]:
    """A database at version 1 with 4,000 customers and 20,000 orders."""
    with fresh() as connection:
        connection.execute(SHOP)
        yield server.address.on(connection.info.dbname)


@pytest.fixture
def shop_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A golang-migrate project whose migration 2 the shop hasn't had."""
    project = Project(tmp_path_factory.mktemp("shop"))
    project.write(HISTORY)
    return project
