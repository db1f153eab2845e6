"""What the text says of a second run: each answer is held to what a server does, each class to its statement."""

from __future__ import annotations

from typing import NoReturn

import psycopg
import pytest

from migsafe.catalog import Catalog
from migsafe.catalog.objects import Relation
from migsafe.findings import Repeatable
from migsafe.rerun import Rerun, rerun
from migsafe.sql.parsing import NotParsed, ParsedStatement, parse_script
from migsafe.state import compare_states, read_state
from tests.fix_state import Fresh

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0, note text); INSERT INTO t VALUES (1, 1, 'A');"

LOOKS_FIRST = "DO $$ BEGIN IF NOT EXISTS (SELECT FROM t WHERE id = 2) THEN INSERT INTO t VALUES (2); END IF; END $$"

ANSWERS = [
    # guarded
    ("CREATE TABLE IF NOT EXISTS x (a int)", "idempotent"),
    ("CREATE TABLE IF NOT EXISTS x (a int); CREATE INDEX IF NOT EXISTS x_a ON x (a)", "idempotent"),
    ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int", "idempotent"),
    ("DROP TABLE IF EXISTS nowhere; ALTER TABLE t DROP COLUMN IF EXISTS note", "idempotent"),
    ("CREATE OR REPLACE VIEW v AS SELECT id FROM t", "idempotent"),
    ("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "idempotent"),
    ("INSERT INTO t VALUES (2, 0, 'B') ON CONFLICT DO NOTHING", "idempotent"),
    ("INSERT INTO t SELECT 2, 0, 'B' WHERE NOT EXISTS (SELECT FROM t WHERE id = 2)", "idempotent"),
    ("UPDATE t SET n = n * 100, note = 'cents' WHERE note = 'A'", "idempotent"),
    ("DO $$ BEGIN CREATE TYPE e AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$", "idempotent"),
    (LOOKS_FIRST, "idempotent"),
    # what can be run again by itself, or because of what comes before it in the file
    ("ALTER TABLE t ALTER COLUMN n DROP NOT NULL, ALTER COLUMN note SET DEFAULT ''", "idempotent"),
    ("ALTER TABLE t ALTER COLUMN note SET NOT NULL; COMMENT ON TABLE t IS 'x'", "idempotent"),
    ("DROP INDEX IF EXISTS t_n; CREATE INDEX t_n ON t (n)", "idempotent"),
    ("ALTER TABLE t DROP CONSTRAINT IF EXISTS c; ALTER TABLE t ADD CONSTRAINT c CHECK (n >= 0)", "idempotent"),
    ("DROP TABLE IF EXISTS x; CREATE TABLE x (a int); INSERT INTO x VALUES (1)", "idempotent"),
    ("CREATE TEMPORARY TABLE x (a int); INSERT INTO x VALUES (1)", "idempotent"),
    ("UPDATE t SET note = lower(note)", "idempotent"),
    ("UPDATE t SET n = COALESCE(n, 0)", "idempotent"),
    ("DELETE FROM t WHERE note = 'A'", "idempotent"),
    # what the server refuses
    ("CREATE TABLE x (a int)", "refuses"),
    ("CREATE INDEX t_n ON t (n)", "refuses"),
    ("ALTER TABLE t ADD COLUMN a int", "refuses"),
    ("ALTER TABLE t ADD CONSTRAINT c CHECK (n >= 0)", "refuses"),
    ("ALTER TABLE t DROP COLUMN note", "refuses"),
    ("ALTER TABLE t RENAME COLUMN note TO remark", "refuses"),
    ("ALTER TABLE t RENAME TO u", "refuses"),
    ("CREATE TYPE e AS ENUM ('a')", "refuses"),
    ("CREATE TABLE IF NOT EXISTS x (a int); CREATE INDEX x_a ON x (a)", "refuses"),
    ("ALTER TABLE t RENAME TO u; CREATE TABLE t (id int)", "refuses"),
    ("INSERT INTO t VALUES (2, 0, 'B')", "refuses"),
    ("UPDATE t SET n = length(note); ALTER TABLE t DROP COLUMN IF EXISTS note", "refuses"),
    ("DELETE FROM t WHERE n = 0; DROP TABLE IF EXISTS t", "refuses"),
    ("CREATE TABLE IF NOT EXISTS u AS SELECT note FROM t; ALTER TABLE t DROP COLUMN IF EXISTS note", "refuses"),
    ("INSERT INTO t (id, note) VALUES (1, 'a') ON CONFLICT DO NOTHING; ALTER TABLE t DROP IF EXISTS note", "refuses"),
    # what goes through, and leaves something else
    ("CREATE INDEX ON t (n)", "diverges"),
    ("ALTER TABLE t ADD CHECK (n >= 0)", "diverges"),
    ("CREATE TABLE IF NOT EXISTS x (a int); INSERT INTO x VALUES (1)", "diverges"),
    (
        (
            "ALTER TABLE t DROP CONSTRAINT IF EXISTS t_pkey; "
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS key int GENERATED ALWAYS AS IDENTITY CONSTRAINT t_pkey PRIMARY KEY"
        ),
        "diverges",
    ),
]


def twice(script: str, given: str = TABLE) -> Rerun:
    catalog = Catalog(complete=True)
    for each in parsed(given):
        catalog.apply_all(each.actions)
    return rerun(parsed(script), catalog)


def parsed(script: str) -> list[ParsedStatement]:
    pieces = list(parse_script(script))
    assert not any(isinstance(piece, NotParsed) for piece in pieces)
    return [piece for piece in pieces if isinstance(piece, ParsedStatement)]


@pytest.mark.parametrize(("script", "answer"), ANSWERS)
def test_the_text_foretells_a_second_run(script: str, answer: str) -> None:
    assert twice(script).answer == answer


@pytest.mark.parametrize(("script", "answer"), ANSWERS)
def test_a_server_does_what_was_foretold(fresh: Fresh, script: str, answer: str) -> None:
    with fresh() as connection:
        connection.execute(TABLE.encode())
        connection.execute(script.encode())
        connection.execute("DISCARD TEMP")
        once = read_state(connection)
        try:
            connection.execute(script.encode())
        except psycopg.Error:
            seen = "refuses"
        else:
            connection.execute("DISCARD TEMP")
            seen = "diverges" if compare_states(once, read_state(connection)) else "idempotent"
    assert seen == answer


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("INSERT INTO t SELECT * FROM t2", "depends on rows"),
        ("UPDATE t SET n = n + 1", "depends on rows"),
        ("UPDATE t SET n = n + 1 WHERE n < 10", "depends on rows"),
        ("UPDATE t SET n = id, id = n", "depends on rows"),
        ("ALTER TABLE t ALTER n TYPE bigint USING n * 100", "unknown"),
        ("ALTER TABLE t ALTER note TYPE text[] USING string_to_array(note, ',')", "unknown"),
        ("DO LANGUAGE plpython3u 'x'", "unknown"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f()", "refuses"),
        ("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f()", "unknown"),
    ],
)
def test_what_the_text_cannot_tell_is_left_open(script: str, answer: str) -> None:
    pieces = [piece for piece in parse_script(script) if isinstance(piece, ParsedStatement)]
    catalog = Catalog(complete=True)
    for each in parsed(TABLE + "CREATE TABLE t2 AS SELECT * FROM t"):
        catalog.apply_all(each.actions)
    assert rerun(pieces, catalog).answer == answer


def test_a_file_that_was_not_read_whole_is_idempotent_for_nobody() -> None:
    catalog = Catalog(complete=True)
    assert rerun(parsed("CREATE TABLE IF NOT EXISTS x (a int)"), catalog, complete=False).answer == "unknown"
    assert rerun(parsed("CREATE TABLE x (a int)"), catalog, complete=False).answer == "refuses"


@pytest.mark.parametrize(
    ("statement", "repeatable"),
    [
        ("CREATE TABLE x (a int)", Repeatable.NOT_RE_RUNNABLE),
        ("CREATE TABLE IF NOT EXISTS x (a int)", Repeatable.GUARDED),
        ("ALTER TABLE t ALTER COLUMN n DROP DEFAULT", Repeatable.RE_RUNNABLE),
        ("UPDATE t SET n = n + 1", Repeatable.DANGEROUS),
        ("UPDATE t SET n = 1", Repeatable.RE_RUNNABLE),
        ("ALTER TABLE t ALTER note TYPE varchar USING note::text::varchar", Repeatable.RE_RUNNABLE),
        ("ALTER TABLE t ALTER note TYPE date USING to_date(note, 'YYYY')", Repeatable.DANGEROUS),
        ("UPDATE t SET n = (SELECT max(o.n) FROM other o)", Repeatable.RE_RUNNABLE),
        ("INSERT INTO t SELECT * FROM t2", Repeatable.DANGEROUS),
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n)", Repeatable.DANGEROUS),
        ("DROP TABLE t", Repeatable.DANGEROUS),
        ("DROP TABLE IF EXISTS t", Repeatable.GUARDED),
        ("ALTER TABLE t DROP COLUMN n", Repeatable.DANGEROUS),
        ("GRANT SELECT ON t TO PUBLIC", Repeatable.RE_RUNNABLE),
    ],
)
def test_each_statement_has_a_class(statement: str, repeatable: Repeatable) -> None:
    assert [each.said.repeatable for each in twice(statement).statements] == [repeatable]


def test_an_index_that_is_dropped_first_is_built_anew_and_no_danger() -> None:
    script = "DROP INDEX CONCURRENTLY IF EXISTS t_n; CREATE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n)"
    classes = [each.said.repeatable for each in twice(script).statements]
    assert classes == [Repeatable.GUARDED, Repeatable.RE_RUNNABLE]


def test_the_guard_that_undoes_a_later_action_is_named() -> None:
    script, _ = ANSWERS[-1]
    drop, add = twice(script).statements
    assert (drop.said.repeatable, add.said.repeatable) == (Repeatable.DANGEROUS, Repeatable.GUARDED)
    assert "public.t" in drop.said.reason


def test_the_catalog_before_is_left_as_it_was() -> None:
    catalog = Catalog(complete=True)
    rerun(parsed("CREATE TABLE x (a int)"), catalog)
    assert (catalog.relations, catalog.script) == ({}, 0)


def test_what_the_script_does_not_touch_costs_nothing() -> None:
    class NeverWalked(dict[tuple[str, str], Relation]):
        def refuse(self) -> NoReturn:
            raise AssertionError("the whole catalog is walked through")

        __iter__ = keys = values = items = copy = refuse  # type: ignore[assignment]

    before = Catalog(complete=True)
    for statement in parsed("CREATE TABLE t (id int); CREATE TABLE other (id int)"):
        before.apply_all(statement.actions)
    before.relations = NeverWalked(before.relations)
    script = "ALTER TABLE t ADD a int, ADD b int; CREATE TABLE x (id serial PRIMARY KEY); CREATE INDEX ON t (a);"
    assert rerun(parsed(script), before).answer == "refuses"
