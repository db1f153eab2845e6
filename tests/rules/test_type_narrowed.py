"""Which types hold less, held to what a server does to a value that doesn't fit."""

from __future__ import annotations

import psycopg
import pytest

from migsafe.catalog import Catalog
from migsafe.lint.run import Linter, follow
from migsafe.lint.script import script_of
from migsafe.rules.type_narrowed import RULE
from tests.fix_state import Fresh

TYPES = [
    ("bigint", "integer", "3000000000", True),
    ("integer", "bigint", "2000000000", False),
    ("text", "varchar(3)", "'four'", True),
    ("varchar(3)", "varchar(4)", "'abc'", False),
    ("varchar(4)", "text", "'four'", False),
    ("numeric(10, 2)", "numeric(10, 1)", "1.25", True),
    ("numeric(10, 2)", "numeric(8, 2)", "12345678.25", True),
    ("numeric(10, 2)", "numeric(12, 4)", "1.25", False),
    ("numeric", "numeric(10, 2)", "1.255", True),
    ("numeric(10, 2)", "numeric", "1.25", False),
    ("numeric(10, 2)", "bigint", "1.25", True),
    ("double precision", "real", "1.23456789012", True),
    ("timestamp", "date", "'2020-01-01 12:00'", True),
    ("timestamp", "timestamp(0)", "'2020-01-01 12:00:00.5'", True),
    ("timestamp(0)", "timestamp(3)", "'2020-01-01 12:00'", False),
]


@pytest.mark.parametrize(("old", "new", "value", "narrower"), TYPES)
def test_a_type_that_holds_less_is_found(old: str, new: str, value: str, narrower: bool) -> None:  # noqa: FBT001
    catalog = Catalog(complete=True)
    follow(script_of(f"CREATE TABLE t (a {old})"), catalog)
    found = Linter((RULE,)).lint(script_of(f"ALTER TABLE t ALTER COLUMN a TYPE {new}"), catalog)
    assert bool(found) is narrower


def test_the_server_loses_or_refuses_the_same_values(fresh: Fresh) -> None:
    with fresh() as connection:
        for old, new, value, narrower in TYPES:
            connection.execute(
                f"DROP TABLE IF EXISTS t; CREATE TABLE t (a {old}); INSERT INTO t VALUES ({value})".encode()
            )
            assert loses(connection, new) is narrower, f"{old} to {new}"


def loses(connection: psycopg.Connection, new: str) -> bool:
    before = connection.execute("SELECT a, a::text FROM t").fetchone()
    try:
        connection.execute(f"ALTER TABLE t ALTER COLUMN a TYPE {new}".encode())
    except psycopg.DataError:
        return True
    after = connection.execute("SELECT a, a::text FROM t").fetchone()
    assert before
    assert after
    return bool(before[0] != after[0] and before[1] != after[1])
