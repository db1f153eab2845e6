"""What gives a column its value though the INSERT doesn't."""

from __future__ import annotations

import pytest

from migsafe.catalog import Catalog
from migsafe.lint.run import Linter, follow
from migsafe.lint.script import script_of
from migsafe.rules.insert_without_required_column import RULE


@pytest.mark.parametrize(
    "column",
    [
        "a int NOT NULL DEFAULT 0",
        "a serial NOT NULL",
        "a int GENERATED ALWAYS AS IDENTITY",
        "a int NOT NULL GENERATED ALWAYS AS (1) STORED",
        "a amount NOT NULL",
        "a int",
    ],
)
def test_a_column_that_has_a_value_is_none(column: str) -> None:
    assert found(f"CREATE DOMAIN amount int DEFAULT 0; CREATE TABLE t ({column}, b int);") == 0


def test_a_trigger_may_fill_the_column() -> None:
    made = "CREATE TABLE t (a int NOT NULL, b int);"
    trigger = "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
    assert (found(made), found(made + trigger)) == (1, 0)


def test_a_key_column_is_required() -> None:
    assert found("CREATE TABLE t (a int PRIMARY KEY, b int);") == 1


def test_a_table_whose_columns_are_not_known_is_passed_over() -> None:
    assert found("ALTER TABLE t ADD COLUMN a int NOT NULL;") == 0


def found(given: str) -> int:
    catalog = Catalog()
    follow(script_of(given), catalog)
    return len(Linter((RULE,)).lint(script_of("INSERT INTO t (b) VALUES (1)"), catalog))
