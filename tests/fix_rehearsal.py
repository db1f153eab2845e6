"""A database that is in use, to rehearse for, and a role that may only read it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest

from migsafe.history.kinds import open_history
from migsafe.history.model import HistorySettings
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from migsafe.postgres.servers.running import RunningServer
from migsafe.rehearsal.bring_over import Brought, bring_over, read_wanted
from migsafe.rehearsal.likeness import Likeness, make_likeness
from migsafe.rehearsal.profile import read_profile
from migsafe.rehearsal.target import open_target, read_only_session
from migsafe.sandbox import Sandbox

if TYPE_CHECKING:
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
    "UPDATE orders SET paid = true WHERE paid IS NULL;\n"
    "-- migsafe: ignore locks-backfill the shop is closed meanwhile\n",
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
    from tests.fix_project import Project

    project = Project(tmp_path_factory.mktemp("shop"))
    project.write(HISTORY)
    return project


@dataclass(frozen=True)
class Rehearsed:
    """What was brought over, and a connection to it with an empty search path."""

    brought: Brought
    likeness: Likeness
    connection: psycopg.Connection

    def rows(self, query: LiteralString) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()


Bring = Callable[..., AbstractContextManager[Rehearsed]]


@pytest.fixture
def bring(server: Server, shop_project: Project) -> Bring:
    """``bring(address, rows="all", mask={}, meanwhile=None)``: what ``migsafe rehearse`` brings to the same server.

    ``meanwhile`` is called when the target's snapshot is taken and nothing is copied yet; ``missing`` extensions are
    taken for not installed.
    """
    history = open_history(HistorySettings(root=shop_project.root, kind="golang-migrate"))

    @contextmanager
    def brought(
        address: Address,
        rows: str = "all",
        mask: Mapping[str, str] | None = None,
        meanwhile: Callable[[], object] = lambda: None,
        missing: tuple[str, ...] = (),
    ) -> Iterator[Rehearsed]:
        assert isinstance(server, RunningServer)
        own = replace(server, run_id=secrets.token_hex(6))
        limits = {"statement_timeout": 60, "lock_timeout": 1}
        with read_only_session(address, **limits) as connection:
            profile = read_profile(connection, address.user)
        with ExitStack() as stack:
            stack.callback(_drop_all, own)
            likeness = replace(make_likeness(own, profile), missing=missing)
            sandbox = Sandbox(own, history, empty=likeness.database)
            with open_target(address, **limits) as target:
                meanwhile()
                came = bring_over(target, sandbox, likeness, read_wanted(rows), mask or {}, lambda _: None)
            into = stack.enter_context(databases.connect(own, came.database))
            into.execute("SET search_path TO ''")
            yield Rehearsed(came, likeness, into)

    return brought


def _drop_all(server: Server) -> None:
    with databases.connect(server, "postgres") as connection:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        for (name,) in connection.execute(query, (databases.prefix(server.run_id),)).fetchall():
            databases.drop_with(connection, name)
