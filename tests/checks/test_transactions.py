"""Counting the transactions that a run made durable needs no server: it reads the trace."""

from __future__ import annotations

from dataclasses import replace

from migsafe.checks.transactions import durable_transactions, never_committed
from migsafe.findings import ServerError, Statement
from migsafe.postgres.names import TableName

BOOKS = (TableName("schema_migrations"),)


def statement(sql: str, tag: str, transaction: int | None = None, error: ServerError | None = None) -> Statement:
    return Statement(sql=sql, milliseconds=1.0, command_tag=tag, transaction=transaction, error=error, backend=7)


def test_statements_of_one_block_are_one_transaction() -> None:
    block = [
        statement("BEGIN", "BEGIN", 1),
        statement("CREATE TABLE a ()", "CREATE TABLE", 1),
        statement("CREATE TABLE b ()", "CREATE TABLE", 1),
        statement("COMMIT", "COMMIT", 1),
    ]
    assert durable_transactions(block, BOOKS) == 1


def test_each_statement_in_autocommit_is_a_transaction_of_its_own() -> None:
    statements = [statement("CREATE TABLE a ()", "CREATE TABLE"), statement("CREATE TABLE b ()", "CREATE TABLE")]
    assert durable_transactions(statements, BOOKS) == 2


def test_reads_settings_and_the_tools_own_books_do_not_count() -> None:
    statements = [
        statement("SELECT 1", "SELECT 1"),
        statement("SET lock_timeout = '1s'", "SET"),
        statement("INSERT INTO schema_migrations VALUES (1, true)", "INSERT 0 1"),
        statement("CREATE TABLE a ()", "CREATE TABLE"),
    ]
    assert durable_transactions(statements, BOOKS) == 1


def test_migrations_that_commit_with_their_own_entry_count_as_one() -> None:
    statements = [
        statement(sql, tag, transaction)
        for transaction in (1, 2, 3)
        for sql, tag in [("CREATE TABLE a ()", "CREATE TABLE"), ("INSERT INTO schema_migrations", "INSERT 0 1")]
    ]
    after_all_of_them = [statement("INSERT INTO permissions", "INSERT 0 1"), statement("ANALYZE", "ANALYZE")]
    assert durable_transactions([*statements, *after_all_of_them], BOOKS) == 1


def test_of_several_migrations_the_one_that_commits_most_counts() -> None:
    statements = [
        statement("CREATE TABLE schema_migrations ()", "CREATE TABLE"),
        statement("CREATE TABLE a ()", "CREATE TABLE", 1),
        statement("INSERT INTO schema_migrations", "INSERT 0 1", 1),
        statement("CREATE INDEX CONCURRENTLY i ON a (i)", "CREATE INDEX"),
        statement("CREATE INDEX CONCURRENTLY j ON a (i)", "CREATE INDEX"),
        statement("INSERT INTO schema_migrations", "INSERT 0 1"),
    ]
    assert durable_transactions(statements, BOOKS) == 2


def test_the_making_of_the_version_table_is_no_entry() -> None:
    statements = [
        statement("CREATE TABLE schema_migrations ()", "CREATE TABLE", 1),
        statement("CREATE TABLE a ()", "CREATE TABLE", 1),
        statement("CREATE INDEX CONCURRENTLY i ON a (i)", "CREATE INDEX"),
        statement("INSERT INTO schema_migrations", "INSERT 0 1"),
    ]
    assert durable_transactions(statements, BOOKS) == 2


def test_a_statement_that_was_refused_does_not_count() -> None:
    refused = statement("CREATE TABLE a ()", "", error=ServerError("42P07", 'relation "a" already exists'))
    assert durable_transactions([refused], BOOKS) == 0


def test_changes_in_a_transaction_that_is_open_at_the_end_are_never_committed() -> None:
    def after(state: str, sql: str, tag: str) -> Statement:
        return replace(statement(sql, tag, 1), state_after=state)

    lost = [after("T", "BEGIN", "BEGIN"), after("T", "CREATE TABLE a ()", "CREATE TABLE")]
    assert never_committed(lost) == (lost[1],)
    assert never_committed([*lost, after("I", "COMMIT", "COMMIT")]) == ()
    assert never_committed([lost[0], after("T", "SELECT 1", "SELECT 1")]) == ()
