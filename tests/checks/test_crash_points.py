"""Crash points are found in a recording of a run, and known again in another one; no server is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.checks.crash.points import Cut, Landmark, Landmarks, commits_inside, crash_points
from migsafe.findings import ServerError, Statement
from migsafe.wire.observer import Event, Ready, StatementEnded

BACKEND = 7

Ran = tuple[str, str | None, str]
"""SQL, command tag (none: refused), the state after it."""


def record(*ran: Ran, backend: int = BACKEND) -> tuple[list[Event], list[Statement]]:
    """The events and statements of a session that sends one statement a Query."""
    events: list[Event] = [Ready(backend, "I")]
    statements = []
    state = "I"
    for sql, tag, after in ran:
        error = None if tag else ServerError("42P07", "it is there already")
        statements.append(Statement(sql, 1.0, tag, error=error, state_after=after, backend=backend))
        events += [StatementEnded(backend, sql, tag, error, state), Ready(backend, after)]
        state = after
    return events, statements


def points(*ran: Ran) -> list[tuple[Cut, str]]:
    return [(point.cut, point.statement.sql) for point in crash_points(*record(*ran))]


def test_each_statement_in_autocommit_that_changes_something_is_a_point() -> None:
    assert points(
        ("CREATE TABLE a ()", "CREATE TABLE", "I"), ("SELECT 1", "SELECT 1", "I"), ("DROP TABLE a", "DROP TABLE", "I")
    ) == [(Cut.AFTER_ANSWER, "CREATE TABLE a ()"), (Cut.AFTER_ANSWER, "DROP TABLE a")]


def test_a_table_made_out_of_a_query_is_a_point_though_the_server_calls_it_a_select() -> None:
    assert points(
        ("-- first\nCREATE TABLE a AS SELECT 1 AS b", "SELECT 1", "I"),
        ("SELECT b INTO c FROM a", "SELECT 1", "I"),
        ("SELECT 'create into' FROM a", "SELECT 1", "I"),
    ) == [
        (Cut.AFTER_ANSWER, "-- first\nCREATE TABLE a AS SELECT 1 AS b"),
        (Cut.AFTER_ANSWER, "SELECT b INTO c FROM a"),
    ]


def test_a_transaction_is_cut_inside_and_at_a_commit_whose_answer_is_lost() -> None:
    assert points(
        ("BEGIN", "BEGIN", "T"),
        ("CREATE TABLE a ()", "CREATE TABLE", "T"),
        ("INSERT INTO a VALUES (1)", "INSERT 0 1", "T"),
        ("COMMIT", "COMMIT", "I"),
    ) == [
        (Cut.IN_TRANSACTION, "INSERT INTO a VALUES (1)"),
        (Cut.BEFORE_ANSWER, "INSERT INTO a VALUES (1)"),
    ]


@pytest.mark.parametrize(
    "ran",
    [
        [("BEGIN", "BEGIN", "T"), ("SELECT 1", "SELECT 1", "T"), ("COMMIT", "COMMIT", "I")],
        [("BEGIN", "BEGIN", "T"), ("DROP TABLE a", "DROP TABLE", "T"), ("ROLLBACK", "ROLLBACK", "I")],
        [("CREATE TABLE a ()", None, "I")],
        [("BEGIN", "BEGIN", "T"), ("CREATE TABLE a ()", "CREATE TABLE", "T")],
    ],
    ids=["reads", "rolls back", "is refused", "never commits"],
)
def test_what_makes_nothing_durable_has_no_point(ran: list[Ran]) -> None:
    assert points(*ran) == []


def test_a_file_that_is_sent_as_one_query_has_one_point() -> None:
    sqls = ("CREATE TABLE a ()", "CREATE TABLE b ()")
    statements = [Statement(sql, 1.0, "CREATE TABLE", backend=BACKEND) for sql in sqls]
    ended = [StatementEnded(BACKEND, ";".join(sqls), "CREATE TABLE", None, "I") for _ in sqls]
    found = crash_points([Ready(BACKEND, "I"), *ended, Ready(BACKEND, "I")], statements)
    assert [(point.cut, point.statement.sql) for point in found] == [(Cut.AFTER_ANSWER, "CREATE TABLE b ()")]


def test_a_concurrent_build_is_cut_inside_at_the_answer_before_it() -> None:
    sql = "CREATE INDEX CONCURRENTLY i ON a (b)"
    events, statements = record(("SELECT 1", "SELECT 1", "I"), (sql, "CREATE INDEX", "I"))
    inside, after = crash_points(events, statements)
    assert (inside.cut, inside.at) == (Cut.WHILE_RUNNING, Landmark("I", ("SELECT",), 1))
    assert after.cut is Cut.AFTER_ANSWER


def test_connections_that_take_turns_are_told_apart() -> None:
    (one, first), (two, second) = (
        record(("CREATE TABLE a ()", "CREATE TABLE", "I"), backend=backend) for backend in (1, 2)
    )
    events = [event for pair in zip(one, two, strict=True) for event in pair]
    found = crash_points(events, [*first, *second])
    assert [point.statement.backend for point in found] == [1, 2]
    assert [point.at.count for point in found] == [1, 2]


def test_a_landmark_is_the_same_in_another_run_with_other_rows_and_processes() -> None:
    def landmarks(backend: int, tag: str) -> list[Landmark | None]:
        found = Landmarks()
        return [
            found.passed(event) for event in record(("UPDATE a", tag, "I"), ("UPDATE a", tag, "I"), backend=backend)[0]
        ]

    assert landmarks(1, "UPDATE 3") == landmarks(99, "UPDATE 4000")
    assert landmarks(1, "UPDATE 3") != landmarks(1, "DELETE 3")
    assert landmarks(1, "UPDATE 3")[-1] == Landmark("I", ("UPDATE",), 2)


@pytest.mark.parametrize(
    ("sql", "tag"),
    [
        ("REINDEX INDEX CONCURRENTLY i", "REINDEX"),
        ("ALTER TABLE a DETACH PARTITION b CONCURRENTLY", "ALTER TABLE"),
        ("CALL fill()", "CALL"),
        ("DO $$BEGIN COMMIT; END$$", "DO"),
    ],
)
def test_what_commits_in_its_middle_is_cut_inside_however_short_it_is(sql: str, tag: str) -> None:
    statement = Statement(sql, 1.0, tag)
    assert commits_inside(statement)
    assert not commits_inside(replace(statement, error=ServerError("42P01", "it is not there")))


@pytest.mark.parametrize(
    ("sql", "tag"),
    [
        ("UPDATE a SET b = 1", "UPDATE 9"),
        ("COPY a FROM stdin", "COPY 9"),
        ("CREATE TABLE b AS SELECT * FROM a", "SELECT 9"),
        ("SELECT * INTO b FROM a", "SELECT 9"),
        ("REFRESH MATERIALIZED VIEW v", "REFRESH MATERIALIZED VIEW"),
    ],
)
def test_what_writes_rows_is_cut_inside_where_it_takes_long(sql: str, tag: str) -> None:
    assert commits_inside(Statement(sql, 1500.0, tag))
    assert not commits_inside(Statement(sql, 500.0, tag))


@pytest.mark.parametrize(
    ("sql", "tag"),
    [("SELECT pg_sleep(2)", "SELECT 1"), ("DROP INDEX CONCURRENTLY i", "DROP INDEX"), ("DO $$BEGIN END$$", "DO")],
)
def test_what_leaves_nothing_half_done_is_not_cut_inside(sql: str, tag: str) -> None:
    assert not commits_inside(Statement(sql, 5000.0, tag))
