"""Each comparison is held to the plan of a server that uses every index it can."""

from __future__ import annotations

import psycopg
import pytest

from migsafe.catalog import Catalog
from migsafe.lint.run import Linter, follow
from migsafe.lint.script import script_of
from migsafe.rules.comparison_passes_by_index import RULE
from tests.fix_state import Fresh

GIVEN = """
CREATE TABLE t (id bigint PRIMARY KEY, key uuid UNIQUE, name varchar(20) UNIQUE, price numeric, plain text);
CREATE TABLE folded (name text); CREATE INDEX ON folded ((name::bytea));
"""

WHERE = [
    ("id = 1", False),
    ("id = 1.5", True),
    ("id = 12345678901", False),
    ("id = 1::smallint", False),
    ("id = 1::numeric", True),
    ("id = '1'", False),
    ("id::text = '1'", True),
    ("1::text = id::text", True),
    ("id = price", True),
    ("key::text = 'x'", True),
    ("key = '00000000-0000-0000-0000-000000000000'::uuid", False),
    ("name::text = 'x'", False),
    ("name = 'x'", False),
    ("id > 0.5 AND plain = 'x'", True),
]


def found(where: str, table: str = "t") -> bool:
    catalog = Catalog(complete=True)
    follow(script_of(GIVEN), catalog)
    return bool(Linter((RULE,)).lint(script_of(f"DELETE FROM {table} WHERE {where}"), catalog))


@pytest.mark.parametrize(("where", "passes_by"), WHERE)
def test_a_comparison_that_passes_by_the_index_is_found(where: str, passes_by: bool) -> None:  # noqa: FBT001
    assert found(where) is passes_by


def test_the_plans_say_the_same(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute(GIVEN.encode())
        connection.execute("SET enable_seqscan = off")
        for where, passes_by in WHERE:
            assert ("Index Cond" not in plan(connection, where)) is passes_by, where


def plan(connection: psycopg.Connection, where: str) -> str:
    return "\n".join(str(line) for (line,) in connection.execute(f"EXPLAIN DELETE FROM t WHERE {where}".encode()))


def test_where_no_index_is_or_one_is_on_an_expression_nothing_is_said() -> None:
    assert not found("plain::bytea = 'x'")
    assert not found("name::bytea = 'x'", "folded")
    assert not found("id = 1.5 OR plain = 'x'"), "it isn't the comparison alone that decides"
