"""Statements with their places; what can't be taken apart is said, never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.catalog import Catalog
from migsafe.lint.run import Linter, follow
from migsafe.lint.script import script_of
from migsafe.rules import Rule, rules
from migsafe.sql.actions import AddColumn, CreateTable, Update
from migsafe.sql.parsing import Within


def test_an_error_loses_no_other_statement() -> None:
    script = script_of("CREATE TABLE a (i int);\nCRAETE TABLE b (i int);\nCREATE TABLE c (i int);", file=Path("x.sql"))
    assert [type(each.actions[0]) for each in script.statements] == [CreateTable, CreateTable]
    (missed,) = script.not_analysed
    assert (missed.location.line, missed.refused) == (2, True)


def test_a_do_block_is_read_with_its_lines() -> None:
    sql = "SELECT 1;\nDO $$\nBEGIN\n  IF true THEN\n    ALTER TABLE t ADD COLUMN a int;\n  END IF;\nEND $$;"
    inside = script_of(sql).statements[-1]
    assert isinstance(inside.actions[0], AddColumn)
    assert (inside.within, inside.conditional, script_of(sql).place(inside.offset).line) == (Within.BLOCK, True, 5)


def test_a_trigger_function_is_read_and_not_run() -> None:
    sql = (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        "BEGIN\n  UPDATE t SET n = 1;\n  RETURN NEW;\nEND $$"
    )
    script = script_of(sql)
    assert script.not_analysed == ()
    assert isinstance(script.statements[1].actions[0], Update)
    assert (script.statements[1].within, script.place(script.statements[1].offset).line) == (Within.FUNCTION, 3)


@pytest.mark.parametrize(
    "sql",
    [
        "DO $$ BEGIN EXECUTE 'DROP TABLE ' || n; END $$",
        "DO LANGUAGE plpython3u $$ plpy.execute('x') $$",
        "\\i other.sql\nSELECT 1;",
        "DO $$ BEGIN nonsense here; END $$",
    ],
)
def test_what_is_not_understood_is_said(sql: str) -> None:
    assert len(script_of(sql).not_analysed) == 1


def test_the_text_of_execute_is_read_where_it_is_constant() -> None:
    script = script_of("DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD COLUMN a int'; END $$")
    assert script.not_analysed == ()
    assert isinstance(script.statements[-1].actions[0], AddColumn)


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_what_is_only_followed_leaves_the_same_catalog(rule: Rule) -> None:
    whole, followed, split = Catalog(), Catalog(), Catalog()
    for text in (rule.given, rule.bad, rule.good):
        follow(script_of(text), whole)
        follow(script_of(text, followed=True), followed)
        follow(script_of("\\echo 'for psql'\n" + text, followed=True), split)
    for each in (followed, split):
        assert set(each.relations) == set(whole.relations)
        assert set(each.others) == set(whole.others)
        assert (each.gone, each.search_path) == (whole.gone, whole.search_path)


@pytest.mark.parametrize(("rest", "found"), [("", ["transaction-left-open"]), ("\\i other.sql", [])])
def test_a_script_whose_end_was_not_seen_is_not_said_to_leave_a_transaction_open(rest: str, found: list[str]) -> None:
    linter = Linter([rules()["transaction-left-open"]])
    script = script_of(f"BEGIN;\nSELECT 1;\n{rest}")
    assert [finding.rule for finding in linter.lint(script, Catalog())] == found


@pytest.mark.parametrize("tag", ["{{ .Schema }}", "{% if x %}", '"{{ index .Options "Schema" }}"'])
def test_a_template_is_not_analysed_and_is_no_syntax_error(tag: str) -> None:
    script = script_of(f"CREATE TABLE {tag}.t (a int);\nCREATE INDEX i ON t (a);")
    (missing,) = script.not_analysed
    assert (missing.location.line, missing.refused) == (1, False)
    assert tag.strip('"') in missing.reason
    assert len(script.statements) == 1
    assert not Linter([rules()["syntax-error"]]).lint(script, Catalog())
