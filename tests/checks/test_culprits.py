"""The rows that made a statement fail are those that the server's own error leads to."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migsafe.checks.culprits import culprit_rows
from migsafe.findings import ServerError
from migsafe.postgres.address import Address

SETUP = """
CREATE TABLE customers (id bigint PRIMARY KEY, "E-mail" text);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
INSERT INTO customers VALUES (1, 'A@b.c'), (2, 'a@B.c'), (3, NULL);
INSERT INTO orders VALUES (10, 1), (11, 9);
"""


@pytest.fixture
def connection(database: Address) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.url(), autocommit=True) as connection:
        connection.execute(SETUP)
        yield connection


def error_of(connection: psycopg.Connection, statement: str) -> ServerError:
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(statement.encode())
    said = caught.value.diag
    return ServerError(
        sqlstate=said.sqlstate or "",
        message=said.message_primary or "",
        detail=said.message_detail,
        schema=said.schema_name,
        table=said.table_name,
        column=said.column_name,
    )


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ('ALTER TABLE customers ALTER COLUMN "E-mail" SET NOT NULL', ("(3,)",)),
        ('CREATE UNIQUE INDEX ON customers (lower("E-mail"))', ("(1,A@b.c)", "(2,a@B.c)")),
        ("ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers", ("(11,9)",)),
        ("INSERT INTO orders VALUES (10, 2)", ("(10,1)",)),
    ],
)
def test_the_rows_are_found(connection: psycopg.Connection, statement: str, rows: tuple[str, ...]) -> None:
    assert culprit_rows(connection, error_of(connection, statement)) == rows


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT nonsense",
        "CREATE TABLE fresh AS SELECT 1 AS id, 2 AS other; INSERT INTO customers VALUES (1, 'x')",
        'ALTER TABLE customers ALTER COLUMN "E-mail" TYPE integer USING "E-mail"::integer',
    ],
)
def test_an_error_that_names_no_rows_gives_only_what_is_there(connection: psycopg.Connection, statement: str) -> None:
    assert culprit_rows(connection, error_of(connection, statement)) in ((), ("(1,A@b.c)",))


def test_a_table_that_the_migration_made_itself_has_no_rows_before(connection: psycopg.Connection) -> None:
    error = ServerError("23502", "column contains null values", schema="public", table="not_yet", column="id")
    assert culprit_rows(connection, error) == ()
