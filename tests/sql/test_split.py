"""Splitting needs no server: it is PostgreSQL's own scanner that tells strings and comments from statements."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.sql.split import MetaCommand, SourceStatement, first_words, split, split_script

STATEMENTS = [
    "SELECT 1",
    "SELECT 'a;b'",
    "SELECT 'it''s', E'\\'', U&'d\\0061t', $$;$$, $tag$ $$;$$ $tag$",
    'CREATE TABLE "weird ""table; " (a int, "select" text)',
    "INSERT INTO t VALUES ('日本語', 'é;')",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); INSERT INTO v VALUES (2))",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC INSERT INTO t VALUES (1); END",
    "DO $body$ BEGIN PERFORM 1; END; $body$",
    "SELECT 1 /* a; /* nested; */ still */",
    "BEGIN",
    "END",
    "this is ] not SQL",
]


@given(st.lists(st.sampled_from(STATEMENTS), max_size=8), st.sampled_from([";", ";\n", " ; \n\n", ";;\r\n"]))
def test_joined_statements_come_apart_again_and_stand_where_they_are_said_to_stand(
    statements: list[str], separator: str
) -> None:
    sql = separator.join(statements)
    found = split(sql)
    assert [statement.text for statement in found] == statements
    for statement in found:
        assert sql[statement.offset :].startswith(statement.text)
        before = sql[: statement.first]
        assert (statement.line, statement.column) == (before.count("\n") + 1, len(before) - before.rfind("\n"))


def test_comments_stay_with_the_statement_after_them_but_its_place_is_its_first_token() -> None:
    found = split("SELECT 1; -- one\n\n/* two */\n  SELECT 2; -- three\n")
    assert found[1] == SourceStatement("-- one\n\n/* two */\n  SELECT 2", offset=10, first=30, line=4, column=3)
    assert len(found) == 2


def test_an_unterminated_string_leaves_the_statements_before_it_whole() -> None:
    assert [statement.text for statement in split("SELECT 'é'; SELECT 'oops; SELECT 3;")] == [
        "SELECT 'é'",
        "SELECT 'oops; SELECT 3;",
    ]


def test_data_of_copy_is_no_sql() -> None:
    sql = "COPY t (a) FROM stdin WITH (FORMAT csv); -- rows\nit's; \"x\n\\N\n\\.\nSELECT 1;"
    copy, after = split(sql)
    assert (copy.text, copy.copy_data) == ("COPY t (a) FROM stdin WITH (FORMAT csv)", "it's; \"x\n\\N\n")
    assert (after.text, after.line) == ("SELECT 1", 5)


def test_copy_in_a_string_or_a_comment_takes_no_data() -> None:
    sql = "SELECT 'COPY t FROM stdin;\n'; -- COPY t FROM stdin;\nSELECT 2;"
    assert [statement.copy_data for statement in split(sql)] == [None, None]


def test_meta_commands_are_found_outside_strings_and_dollar_quotes() -> None:
    sql = (
        "\\restrict it's\n\\set ON_ERROR_STOP on\n"
        "SELECT 'a\n\\echo no\n', $$\n\\echo no\n$$;\n  \\echo 'yes\nSELECT 2 \\gexec\n"
    )
    found = split_script(sql)
    assert [piece.text for piece in found if isinstance(piece, MetaCommand)] == [
        "\\restrict it's",
        "\\set ON_ERROR_STOP on",
        "\\echo 'yes",
        "\\gexec",
    ]
    assert [piece.name for piece in found if isinstance(piece, MetaCommand)] == ["restrict", "set", "echo", "gexec"]
    assert next(piece for piece in found if isinstance(piece, MetaCommand) and piece.name == "gexec").column == 10


def test_a_script_longer_than_a_stretch_is_split_the_same() -> None:
    long = "SELECT '" + "a;\n" * 200_000 + "é'"
    statements = split(f"SELECT 1;\n{long};\n" + "SELECT 2;\n" * 100_000)
    assert [statement.text for statement in statements[:3]] == ["SELECT 1", long, "SELECT 2"]
    assert len(statements) == 100_002
    assert statements[-1].line == 300_002


@pytest.mark.parametrize("line", ["INSERT INTO t VALUES (1, 'some text', now());\n", "a\tit's \\N\t$$\n"])
def test_a_megabyte_takes_well_under_a_second(line: str) -> None:
    lines = line * (1_000_000 // len(line))
    sql = lines if line.startswith("INSERT") else f"COPY t FROM stdin;\n{lines}\\.\n"
    started = time.process_time()
    assert split(sql)
    assert time.process_time() - started < 2


def test_the_first_words_pass_over_comments_and_parentheses() -> None:
    assert first_words("/* x */ create unique -- y\n index concurrently i on t (a, b) where c", 6) == [
        "CREATE",
        "UNIQUE",
        "INDEX",
        "CONCURRENTLY",
        "I",
        "ON",
    ]
