from __future__ import annotations

import pytest

from migsafe.rules import rules
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
