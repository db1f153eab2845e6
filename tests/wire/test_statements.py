"""What the tap says of the statements that passed it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import asyncpg
import psycopg
import pytest
from psycopg import errors

from migsafe.findings import Statement
from migsafe.wire.tap import Tap
from tests.waiting import wait_until


def texts(statements: Sequence[Statement]) -> list[str]:
    return [statement.sql for statement in statements]


def transactions(statements: Sequence[Statement]) -> list[int | None]:
    """The numbers, counted from 1 within these statements."""
    known: list[int] = []
    for statement in statements:
        if statement.transaction is not None and statement.transaction not in known:
            known.append(statement.transaction)
    return [None if s.transaction is None else known.index(s.transaction) + 1 for s in statements]


def test_each_statement_of_a_query_has_its_own_text_tag_and_rows(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2); -- twice; or so\n SELECT ';' FROM t;")
    statements = tap.take_statements()
    assert texts(statements) == [
        "CREATE TEMP TABLE t (a int)",
        "INSERT INTO t VALUES (1), (2)",
        "-- twice; or so\n SELECT ';' FROM t",
    ]
    assert [(s.command_tag, s.rows) for s in statements] == [
        ("CREATE TABLE", None),
        ("INSERT 0 2", 2),
        ("SELECT 2", 2),
    ]
    assert {s.backend for s in statements} == {through.info.backend_pid}


def test_a_text_that_cannot_be_told_apart_is_kept_whole(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("SET standard_conforming_strings = off")
    tap.take_statements()
    query = r"SELECT 'it\'; SELECT 2' AS a"
    through.execute(query.encode())
    assert texts(tap.take_statements()) == [query]


def test_an_empty_query_is_no_statement(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("")
    through.execute(";")
    through.execute("", prepare=True)
    assert tap.take_statements() == ()


def test_the_time_of_a_statement_is_the_servers(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("SELECT pg_sleep(0.1)")
    time.sleep(0.05)
    through.execute("SELECT 1")
    slow, fast = tap.take_statements()
    assert 100 <= slow.milliseconds < 1000
    assert 0 < fast.milliseconds < 50


def test_statements_are_taken_once_and_in_the_order_in_which_they_started(tap: Tap) -> None:
    address = tap.address.keywords()
    with (
        psycopg.connect(**address, autocommit=True) as first,  # type: ignore[arg-type]
        psycopg.connect(**address, autocommit=True) as second,  # type: ignore[arg-type]
    ):
        for number in range(3):
            first.execute(f"SELECT {number}, 'first'")
            second.execute(f"SELECT {number}, 'second'")
    expected = [f"SELECT {number}, '{name}'" for number in range(3) for name in ("first", "second")]
    assert texts(tap.take_statements()) == expected
    assert tap.take_statements() == ()


def test_an_error_keeps_what_the_server_said(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("CREATE TEMP TABLE item (id int CONSTRAINT one_each UNIQUE)")
    with pytest.raises(errors.UniqueViolation):
        through.execute("INSERT INTO item VALUES (1), (1)")
    statement = tap.take_statements()[-1]
    assert statement.command_tag is None
    error = statement.error
    assert error is not None
    assert (error.sqlstate, error.severity, error.detail) == ("23505", "ERROR", "Key (id)=(1) already exists.")
    assert (error.table, error.constraint) == ("item", "one_each")


def test_the_position_of_an_error_counts_in_the_statements_own_text(tap: Tap, through: psycopg.Connection) -> None:
    with pytest.raises(errors.UndefinedColumn):
        through.execute("SELECT 'ä'; SELECT 'ü', nothing; SELECT 3")
    first, refused = tap.take_statements()
    assert (first.command_tag, refused.sql) == ("SELECT 1", "SELECT 'ü', nothing")
    assert refused.error is not None
    assert refused.error.position == refused.sql.index("nothing") + 1


def test_a_syntax_error_belongs_to_the_statement_that_has_it(tap: Tap, through: psycopg.Connection) -> None:
    with pytest.raises(errors.SyntaxError):
        through.execute("SELECT 1; SELECT 2; SELEC 3; SELECT 4")
    (refused,) = tap.take_statements()
    assert refused.sql == "SELEC 3"
    assert refused.error is not None
    assert refused.error.position == 1


def test_errors_of_the_extended_protocol_name_their_statement(tap: Tap, through: psycopg.Connection) -> None:
    for statement, parameter in (
        ("SELECT nothing, %s", 1),  # refused by Parse
        ("SELECT %s::int", "x"),  # by Bind
        ("SELECT 1 / %s", 0),  # by Execute
    ):
        with pytest.raises(psycopg.Error):
            through.execute(statement, (parameter,))  # type: ignore[arg-type]
    through.execute("SELECT %s::int", (1,))
    statements = tap.take_statements()
    assert texts(statements) == ["SELECT nothing, $1", "SELECT $1::int", "SELECT 1 / $1", "SELECT $1::int"]
    assert [s.error.sqlstate if s.error else None for s in statements] == ["42703", "22P02", "22012", None]


def test_prepared_statements_are_known_by_their_text(tap: Tap, through: psycopg.Connection) -> None:
    for number in range(3):
        through.execute("SELECT %s + 1", (number,), prepare=True)
    statements = tap.take_statements()
    assert texts(statements) == ["SELECT $1 + 1"] * 3
    assert [s.rows for s in statements] == [1, 1, 1]


def test_a_block_is_one_transaction_and_autocommit_none(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("SELECT 1")
    with through.transaction():
        through.execute("SELECT 2")
    with through.transaction():
        through.execute("SELECT %s", (3,))
    statements = tap.take_statements()
    assert transactions(statements) == [None, 1, 1, 1, 2, 2, 2]
    assert [s.state_after for s in statements] == ["I", "T", "T", "I", "T", "T", "I"]


def test_a_failed_block_ends_with_its_rollback(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("BEGIN")
    with pytest.raises(errors.DivisionByZero):
        through.execute("SELECT 1 / 0")
    with pytest.raises(errors.InFailedSqlTransaction):
        through.execute("SELECT %s", (1,))
    through.execute("COMMIT")
    through.execute("SELECT 2")
    statements = tap.take_statements()
    assert transactions(statements) == [1, 1, 1, 1, None]
    assert [s.state_after for s in statements] == ["T", "E", "E", "I", "I"]


def test_the_statements_of_one_query_share_its_implicit_transaction(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("SELECT 1; SELECT 2")
    through.execute("SELECT 3")
    assert transactions(tap.take_statements()) == [1, 1, None]


def test_transaction_commands_inside_one_query_divide_it(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("BEGIN; SELECT 1; COMMIT; SELECT 2; BEGIN; SAVEPOINT s; SELECT 3; ROLLBACK TO s; SELECT 4; COMMIT")
    assert transactions(tap.take_statements()) == [1, 1, 1, 2, 2, 2, 2, 2, 2, 2]


def test_rollback_to_a_savepoint_stays_and_a_chained_commit_goes_on(tap: Tap, through: psycopg.Connection) -> None:
    for statement in ("BEGIN", "SAVEPOINT s", "ROLLBACK TO s", "COMMIT AND CHAIN", "SELECT 1", "ROLLBACK", "SELECT 2"):
        through.execute(statement.encode())
    assert transactions(tap.take_statements()) == [1, 1, 1, 1, 2, 2, None]


def test_a_block_keeps_its_number_when_statements_are_taken_inside_it(tap: Tap, through: psycopg.Connection) -> None:
    with through.transaction():
        (begin,) = tap.take_statements()
        through.execute("SELECT 1")
    assert {s.transaction for s in tap.take_statements()} == {begin.transaction}


def test_a_statement_that_still_runs_comes_with_a_later_call(tap: Tap, direct: psycopg.Connection) -> None:
    connection = psycopg.connect(**tap.address.keywords(), autocommit=True)  # type: ignore[arg-type]
    connection.pgconn.send_query(b"SELECT pg_sleep(1)")
    query = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
    wait_until(lambda: direct.execute(query, (connection.info.backend_pid,)).rowcount == 1)
    assert tap.take_statements(timeout=0.05) == ()
    (statement,) = tap.take_statements()
    assert statement.command_tag == "SELECT 1"
    connection.close()


def test_what_a_client_sent_before_it_left_is_waited_for(tap: Tap) -> None:
    connection = psycopg.connect(**tap.address.keywords(), autocommit=True)  # type: ignore[arg-type]
    connection.pgconn.send_query(b"SELECT pg_sleep(0.2); SELECT 2")
    connection.pgconn.finish()
    assert texts(tap.take_statements()) == ["SELECT pg_sleep(0.2)", "SELECT 2"]


def test_a_pipeline_of_several_executes_is_told_apart(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("CREATE TEMP TABLE t (a int)")
    tap.take_statements()
    with through.pipeline() as pipeline:
        for number in range(5):
            through.execute("INSERT INTO t VALUES (%s)", (number,))
        pipeline.sync()
        through.execute("SELECT count(*) FROM t WHERE a < %s", (4,))
    statements = tap.take_statements()
    assert texts(statements) == ["INSERT INTO t VALUES ($1)"] * 5 + ["SELECT count(*) FROM t WHERE a < $1"]
    assert transactions(statements) == [1, 1, 1, 1, 1, None]


def test_after_an_error_the_rest_of_a_pipeline_is_skipped(tap: Tap, through: psycopg.Connection) -> None:
    def divide() -> None:
        with through.pipeline():
            for divisor in (1, 0, 2):
                through.execute("SELECT 1 / %s", (divisor,))

    with pytest.raises(errors.DivisionByZero):
        divide()
    through.execute("SELECT %s", (4,))
    statements = tap.take_statements()
    assert texts(statements) == ["SELECT 1 / $1", "SELECT 1 / $1", "SELECT $1"]
    assert [s.error.sqlstate if s.error else None for s in statements] == [None, "22012", None]


def test_a_portal_fetched_in_parts_is_one_statement(tap: Tap) -> None:
    async def fetch() -> list[object]:
        connection = await asyncpg.connect(tap.address.url())
        try:
            async with connection.transaction():
                return [row async for row in connection.cursor("SELECT * FROM generate_series(1, 10)", prefetch=4)]
        finally:
            await connection.close()

    assert len(asyncio.run(fetch())) == 10
    (statement,) = (s for s in tap.take_statements() if "generate_series" in s.sql)
    assert (statement.command_tag, statement.rows) == ("SELECT 2", 10)


def test_the_text_of_a_routine_with_statements_inside_is_one(tap: Tap, through: psycopg.Connection) -> None:
    through.execute("DO $$ BEGIN PERFORM 1; PERFORM 2; END $$; SELECT 1")
    assert texts(tap.take_statements()) == ["DO $$ BEGIN PERFORM 1; PERFORM 2; END $$", "SELECT 1"]
