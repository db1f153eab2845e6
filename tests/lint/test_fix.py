"""What --fix writes: clean by the rules, the same schema on a real server, and nothing else of the file is changed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.catalog import Catalog
from migsafe.differences.reading import read_catalog
from migsafe.history.files import Script
from migsafe.history.text import MigrationText, Runs, text_of
from migsafe.lint.fix import NOT_SQL, Fixed, fix_text
from migsafe.lint.run import Linter
from migsafe.lint.script import script_of, script_of_text
from migsafe.postgres.server import Server
from migsafe.rules import Rule, rules
from migsafe.schema.diff import compare_schemas
from migsafe.schema.model import Schema
from migsafe.sql.split import split
from tests.fix_state import fresh_database

GIVEN = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint, customer bigint, total integer, number bigint NOT NULL, "select" text);
CREATE INDEX orders_old ON orders (id);
"""
STATEMENTS = (
    "CREATE INDEX orders_customer ON orders (customer)",
    "CREATE UNIQUE INDEX IF NOT EXISTS orders_once ON orders (customer) WHERE total > 0",
    "CREATE /* INDEX */ INDEX ON orders (lower(\"select\"), total DESC)",
    "DROP INDEX orders_old",
    "REINDEX TABLE orders",
    "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) -- always",
    "ALTER TABLE orders ADD CHECK (total < 9)",
    "ALTER TABLE ONLY public.orders\n  ADD CONSTRAINT by_whom FOREIGN KEY (customer) REFERENCES customers",
    "ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers",
    "ALTER TABLE IF EXISTS orders ALTER COLUMN \"select\" SET NOT NULL",
    "ALTER TABLE orders ADD CONSTRAINT numbered UNIQUE (number)",
    "ALTER TABLE orders ADD UNIQUE (number, \"select\")",
    "ALTER TABLE orders ADD CONSTRAINT orders_pk PRIMARY KEY (number)",
    "ALTER TABLE orders ADD COLUMN note text",
    "ALTER TABLE orders ADD COLUMN a int, ADD CONSTRAINT small CHECK (total < 7)",
    "ALTER TABLE ONLY orders ADD CONSTRAINT much CHECK (total IN (7, 8)) /* , */, ADD b int[] DEFAULT '{1,2}'",
    "ALTER TABLE orders ADD CONSTRAINT a FOREIGN KEY (customer) REFERENCES customers,\n  ADD CHECK (id > customer)",
    "ALTER TABLE orders ADD CONSTRAINT one_of CHECK (total = ANY (ARRAY[1, 2])), ADD c int[] DEFAULT ARRAY[1, 2]",
)  # fmt: skip


def test_a_constraint_among_other_actions_is_validated_behind_them() -> None:
    chosen = (rules()["check-valid-at-once"],)
    several = "ALTER TABLE orders ADD a int, ADD CONSTRAINT c CHECK (total IN (1, 2)){}, ADD b int{};\n"
    later = several.format(" NOT VALID", ";\nALTER TABLE orders VALIDATE CONSTRAINT c")
    assert fixed(several.format("", ""), chosen=chosen).after == later
    unclear = "ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0), ADD b int[] DEFAULT ARRAY[1, 2];\n"
    assert fixed(unclear, chosen=chosen).after == unclear


def test_an_index_that_an_earlier_migration_built_is_not_dropped() -> None:
    for concurrently in ("", "CONCURRENTLY "):
        again = f"CREATE INDEX {concurrently}IF NOT EXISTS orders_old ON orders (total);\n"
        chosen = (rules()["index-not-concurrent"], rules()["concurrent-index-if-not-exists"])
        assert fixed(again, chosen=chosen).after == again


def text(sql: str, runs: Runs = Runs.ONE_BY_ONE) -> MigrationText:
    return text_of(Script(Path("/m/1.sql"), sql, sql), runs, "1")


def fixed(sql: str, runs: Runs = Runs.ONE_BY_ONE, given: str = GIVEN, chosen: tuple[Rule, ...] = ()) -> Fixed:
    linter = Linter(chosen) if chosen else Linter()
    return fix_text(text(sql, runs), linter, after(given))[0]


def after(given: str) -> Catalog:
    catalog = Catalog(complete=True)
    Linter().lint(script_of(given), catalog)
    return catalog


def rules_in(sql: str, runs: Runs) -> list[str]:
    return [each.rule for each in Linter().lint(script_of_text(text(sql, runs)), after(GIVEN))]


scripts = st.lists(
    st.tuples(st.sampled_from(["", "-- a comment; of two\n", "/* and\n one */ "]), st.sampled_from(STATEMENTS)),
    unique_by=lambda each: each[1],
    max_size=5,
).map(lambda parts: "".join(f"{comment}{statement}\n;\n" for comment, statement in parts))


@given(scripts, st.sampled_from(Runs))
def test_what_is_fixed_is_clean_and_nothing_is_fixed_twice(sql: str, runs: Runs) -> None:
    once = fixed(sql, runs)
    before, now = rules_in(sql, runs), rules_in(once.after, runs)
    for rule in {finding.rule for finding in once.done}:
        assert now.count(rule) < before.count(rule)
    assert [rule for rule in set(now) if now.count(rule) > before.count(rule)] == []
    again = fixed(once.after, runs)
    assert (again.after, again.done) == (once.after, ())
    assert comments(once.after) == comments(sql)


def comments(sql: str) -> list[str]:
    return re.findall(r"--[^\n]*|/\*[^*]*\*/", sql)


def test_each_of_them_can_be_fixed_where_statements_run_one_by_one() -> None:
    left = {
        statement
        for statement in STATEMENTS
        if "index-not-concurrent" in rules_in(fixed(statement).after, Runs.ONE_BY_ONE)
    }
    assert left == set()
    unfixed = [statement for statement in STATEMENTS if not fixed(statement).done]
    assert unfixed == []


def schema_after(server: Server, given: str, script: str) -> Schema:
    """The schema that the script leaves behind, statement by statement, as psql runs it."""
    with fresh_database(server) as connection:
        for statement in (*split(given), *split(script)):
            connection.execute(statement.text.encode())
        return read_catalog(connection).schema


WITH_FIXES = tuple(rule for rule in rules().values() if fixed(rule.bad, given=rule.given, chosen=(rule,)).done)


SAME_SCHEMA = tuple(rule for rule in WITH_FIXES if rule.id != "integer-column")
"""The rules whose fix isn't there to make another schema."""


@pytest.mark.parametrize("rule", SAME_SCHEMA, ids=lambda rule: rule.id)
def test_the_fixed_example_of_a_rule_leaves_the_same_schema(server: Server, rule: Rule) -> None:
    if rule.since > server.major:
        pytest.skip(f"PostgreSQL {rule.since} is the first that runs it")
    change = fixed(rule.bad, given=rule.given, chosen=(rule,))
    expected, seen = schema_after(server, rule.given, rule.bad), schema_after(server, rule.given, change.after)
    assert list(compare_schemas(expected, seen).lines()) == []


def test_fixed_statements_leave_the_same_schema(server: Server) -> None:
    script = "".join(f"{statement}\n;\n" for statement in STATEMENTS)
    expected, seen = schema_after(server, GIVEN, script), schema_after(server, GIVEN, fixed(script).after)
    assert list(compare_schemas(expected, seen).lines()) == []


def test_the_rules_that_fix_are_these() -> None:
    assert {rule.id for rule in WITH_FIXES} >= {
        "index-not-concurrent",
        "index-drop-not-concurrent",
        "reindex-not-concurrent",
        "concurrent-index-if-not-exists",
        "foreign-key-valid-at-once",
        "check-valid-at-once",
        "unique-builds-index",
        "primary-key-builds-index",
        "set-not-null-scans",
        "lock-without-timeout",
        "integer-column",
    }


def test_what_a_migration_tool_writes_itself_is_left_and_told() -> None:
    rendered = replace(text(STATEMENTS[0]), rewritten=None)
    change, _ = fix_text(rendered, Linter(), after(GIVEN))
    assert change.after == change.before
    assert {reason for _, reason in change.left} == {NOT_SQL}
