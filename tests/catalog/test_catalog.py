"""The abstract catalog: what it holds after statements, and what it refuses as the server would."""

from __future__ import annotations

import pytest

from migsafe.catalog import Catalog
from migsafe.sql.actions import ConstraintKind
from migsafe.sql.names import Name
from migsafe.sql.parsing import ParsedStatement, parse_script


def run(catalog: Catalog, sql: str) -> list[str]:
    """Apply a script; the SQLSTATE of each statement that is refused."""
    refused = []
    for statement in parse_script(sql):
        assert isinstance(statement, ParsedStatement), statement
        effects = catalog.apply_all(statement.actions)
        refused += [effect.refusal.sqlstate for effect in effects if effect.refusal]
    return refused


@pytest.fixture
def catalog() -> Catalog:
    return Catalog(complete=True)


def test_dropping_a_table_drops_what_belongs_to_it(catalog: Catalog) -> None:
    run(catalog, "CREATE TABLE t (id serial PRIMARY KEY, a int); CREATE INDEX i ON t (a)")
    assert run(catalog, "DROP TABLE t") == []
    assert catalog.relations == {}


@pytest.mark.parametrize(
    ("before", "again", "state"),
    [
        ("CREATE TABLE t (a int)", "CREATE TABLE t (a int)", "42P07"),
        ("CREATE TABLE t (a int)", "ALTER TABLE t ADD COLUMN a int", "42701"),
        ("CREATE TABLE t (a int)", "ALTER TABLE t DROP COLUMN b", "42703"),
        ("CREATE TABLE t (a int)", "CREATE VIEW t AS SELECT 1 AS a", "42P07"),
        ("CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a)", "42P07"),
        ("CREATE TABLE t (a int CONSTRAINT c CHECK (a > 0))", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1)", "42710"),
        ("CREATE TYPE e AS ENUM ('a')", "CREATE TYPE e AS ENUM ('b')", "42710"),
        ("CREATE TYPE e AS ENUM ('a')", "ALTER TYPE e ADD VALUE 'a'", "42710"),
        ("CREATE SCHEMA s", "CREATE SCHEMA s", "42P06"),
        ("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (t int REFERENCES t)", "DROP TABLE t", "2BP01"),
        ("CREATE TABLE t (a int PRIMARY KEY)", "DROP INDEX t_pkey", "2BP01"),
        ("SELECT 1", "DROP TABLE t", "42P01"),
    ],
)
def test_it_refuses_what_the_server_refuses(catalog: Catalog, before: str, again: str, state: str) -> None:
    assert run(catalog, before) == []
    assert run(catalog, again) == [state]


def test_guards_skip(catalog: Catalog) -> None:
    sql = "CREATE TABLE IF NOT EXISTS t (a int); ALTER TABLE t ADD COLUMN IF NOT EXISTS b int; DROP TABLE IF EXISTS u"
    assert run(catalog, sql) == run(catalog, sql) == []


def test_a_statement_is_carried_out_whole_or_not_at_all(catalog: Catalog) -> None:
    run(catalog, "CREATE TABLE t (a int)")
    assert run(catalog, "ALTER TABLE t ADD COLUMN b int, ADD COLUMN a int") == ["42701"]
    assert catalog.column(Name("t"), "b") is None


def test_unnamed_constraints_get_the_names_that_postgresql_gives(catalog: Catalog) -> None:
    run(
        catalog, "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (a int UNIQUE, b int REFERENCES u, CHECK (a > b))"
    )
    table = catalog.table(Name("t"))
    assert table is not None
    assert set(table.constraints) == {"t_a_key", "t_b_fkey", "t_check"}
    assert table.constraints["t_b_fkey"].kind is ConstraintKind.FOREIGN_KEY


def test_what_was_never_seen_may_exist_unless_the_history_is_whole() -> None:
    assert run(Catalog(), "ALTER TABLE t ADD COLUMN a int; DROP INDEX i") == []
    assert run(Catalog(), "ALTER TABLE t DROP COLUMN a; ALTER TABLE t DROP COLUMN a") == ["42703"]
    assert run(Catalog(complete=True), "ALTER TABLE t ADD COLUMN a int") == ["42P01"]


def test_a_copy_is_independent(catalog: Catalog) -> None:
    twin = catalog.copy()
    run(twin, "CREATE TABLE t (a int)")
    assert catalog.find(Name("t")) is None
