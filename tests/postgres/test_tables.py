"""Version tables are kept as rows and put back, or dropped where they were not there."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migsafe.postgres.address import Address
from migsafe.postgres.names import TableName
from migsafe.postgres.tables import find_tables, keep_rows, put_back

BOOKS = TableName('weird "books', "Schema")


@pytest.fixture
def connection(database: Address) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.url(), autocommit=True) as connection:
        connection.execute('CREATE SCHEMA "Schema"')
        connection.execute('CREATE TABLE "Schema"."weird ""books" (version text, "select" boolean)')
        connection.execute("""INSERT INTO "Schema"."weird ""books" VALUES (E'tab\\there', true), (NULL, NULL)""")
        yield connection


def rows(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute('SELECT * FROM "Schema"."weird ""books" ORDER BY version').fetchall()


def test_rows_are_put_back_exactly(connection: psycopg.Connection) -> None:
    before = rows(connection)
    kept = keep_rows(connection, [BOOKS])
    connection.execute("""UPDATE "Schema"."weird ""books" SET version = 'other'""")
    put_back(connection, kept, [BOOKS])
    assert rows(connection) == before == [("tab\there", True), (None, None)]


def test_a_table_that_was_not_there_is_dropped(connection: psycopg.Connection) -> None:
    put_back(connection, keep_rows(connection, []), [BOOKS])
    assert find_tables(connection, [BOOKS]) == ()


def test_a_name_without_a_schema_is_found_wherever_it_is(connection: psycopg.Connection) -> None:
    assert find_tables(connection, [TableName('weird "books'), TableName("nowhere")]) == (BOOKS,)


def test_nothing_is_asked_of_the_server_for_no_names() -> None:
    assert find_tables(None, []) == ()  # type: ignore[arg-type]
