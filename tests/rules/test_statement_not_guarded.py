from __future__ import annotations

import pytest

from migsafe.rules import rules
from tests.fix_state import Fresh
from tests.rules.test_examples import lint

RULE = rules()["statement-not-guarded"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE SCHEMA s;",
        "CREATE VIEW v AS SELECT 1;",
        "CREATE INDEX i ON orders (id);",
        "ALTER TABLE orders ADD a int;",
        "ALTER TABLE orders DROP id;",
        "ALTER TABLE orders DROP CONSTRAINT c;",
        "DROP TABLE orders;",
        "ALTER TYPE mood ADD VALUE 'glad';",
    ],
)
def test_a_statement_that_has_no_guard_is_found_but_in_a_transaction(statement: str) -> None:
    assert lint(RULE, statement)
    assert not lint(RULE, f"BEGIN;\n{statement}\nCOMMIT;")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE OR REPLACE VIEW v AS SELECT 1;",
        "CREATE TEMPORARY TABLE t (id int);",
        "CREATE INDEX CONCURRENTLY i ON orders (id);",
        "DROP TABLE IF EXISTS t;\nCREATE TABLE t (id int);",
        "ALTER TABLE orders DROP IF EXISTS id;",
        "DROP TABLE IF EXISTS orders;",
        "ALTER TABLE orders ALTER id SET NOT NULL;",
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_class) THEN CREATE TABLE t (id int); END IF; END $$;",
    ],
)
def test_a_statement_that_is_guarded_or_needs_no_guard_is_clean(statement: str) -> None:
    assert not lint(RULE, statement)


@pytest.mark.parametrize(
    ("statement", "guarded"),
    [
        ("CREATE TABLE t (id int)", "CREATE TABLE IF NOT EXISTS t (id int)"),
        ("CREATE UNIQUE INDEX i ON orders (id)", "CREATE UNIQUE INDEX IF NOT EXISTS i ON orders (id)"),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1", "CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT 1"),
        ("CREATE MATERIALIZED VIEW v AS TABLE orders", "CREATE MATERIALIZED VIEW IF NOT EXISTS v AS TABLE orders"),
        ("CREATE SCHEMA s", "CREATE SCHEMA IF NOT EXISTS s"),
        ("ALTER TABLE orders ADD COLUMN a int", "ALTER TABLE orders ADD COLUMN IF NOT EXISTS a int"),
        ("ALTER TABLE orders ADD a int", "ALTER TABLE orders ADD IF NOT EXISTS a int"),
        ("ALTER TYPE mood ADD VALUE 'glad'", "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'"),
        ("ALTER TABLE orders DROP note", "ALTER TABLE orders DROP IF EXISTS note"),
        ("ALTER TABLE orders DROP CONSTRAINT positive", "ALTER TABLE orders DROP CONSTRAINT IF EXISTS positive"),
        ("DROP INDEX CONCURRENTLY orders_note", "DROP INDEX CONCURRENTLY IF EXISTS orders_note"),
        ("DROP VIEW numbers", "DROP VIEW IF EXISTS numbers"),
    ],
)
def test_the_rewrite_can_be_run_twice(fresh: Fresh, statement: str, guarded: str) -> None:
    (finding,) = lint(RULE, f"{statement};")
    assert finding.remedy == f"{guarded};"
    with fresh() as connection:
        connection.execute(THERE.encode())
        for _ in range(2):
            connection.execute(guarded.encode())


THERE = """
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE orders (id int CONSTRAINT positive CHECK (id > 0), note text);
CREATE INDEX orders_note ON orders (note);
CREATE VIEW numbers AS SELECT 1 AS one;"""


@pytest.mark.parametrize(
    "script",
    [
        "ALTER TABLE orders DROP note;\nALTER TABLE orders ADD IF NOT EXISTS note int;",
        "DROP TABLE orders;\nALTER TABLE purchases RENAME TO orders;",
        "CREATE VIEW v AS SELECT 1;",
        "ALTER TABLE orders ADD a int, ADD b int;",
    ],
)
def test_what_a_guard_would_undo_or_replace_is_only_told(script: str) -> None:
    assert {finding.remedy for finding in lint(RULE, script)} <= {
        "-- write IF EXISTS",
        "-- write IF NOT EXISTS",
        "-- write OR REPLACE",
    }
