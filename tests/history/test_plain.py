from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from migsafe.errors import HistoryError
from migsafe.history.model import History
from migsafe.history.plain import PlainHistory
from migsafe.postgres.address import Address
from tests.fix_sql_files import Folder, rows


def versions(history: History) -> list[str]:
    return [migration.version for migration in history.migrations]


def test_numbers_in_names_count_as_numbers(sql_files: Folder) -> None:
    assert versions(sql_files({"10_c.sql": "", "2_b.sql": "", "1_a.sql": "", "notes.txt": ""})) == [
        "1_a",
        "2_b",
        "10_c",
    ]


def test_a_time_with_dashes_is_the_number_that_diesel_takes_it_for(sql_files: Folder) -> None:
    names = ["20140924113530_a", "2017-08-31-230457_b", "20190101000000_c", "2025-11-19-091444-0000_d"]
    history = sql_files({f"{name}/up.sql": "" for name in names})
    assert versions(history) == names
    assert [migration.description for migration in history.migrations] == ["a", "b", "c", "d"]


def test_files_without_a_number_beside_folders_are_no_migrations_and_told_of(sql_files: Folder) -> None:
    beside = {"1_a/up.sql": "SELECT 1", "data.sql": "SELECT 2", "2_b.sql": "SELECT 3"}
    assert versions(sql_files(beside, kind="plain")) == ["1_a", "2_b"]
    (finding,) = sql_files(beside, kind="plain").problems()
    assert (finding.rule, finding.location.file and finding.location.file.name) == ("history-file-ignored", "data.sql")


def test_files_without_a_number_and_without_folders_are_migrations(sql_files: Folder) -> None:
    assert versions(sql_files({"b.sql": "", "a.sql": ""}, kind="plain")) == ["a", "b"]


def test_a_folder_of_prisma_has_its_sql_in_migration_sql(sql_files: Folder, tmp_path: Path) -> None:
    files = {"20230404095503_a/migration.sql": "", "20230411134605_b/migration.sql": "", "migration_lock.toml": ""}
    history = sql_files(files, kind="plain")
    assert versions(history) == ["20230404095503_a", "20230411134605_b"]
    assert history.migrations[0].up == tmp_path / "20230404095503_a" / "migration.sql"


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("1_a.up.sql", "1_a.down.sql"),
        ("1_a.sql", "1_a.down.sql"),
        ("up/1_a.sql", "down/1_a.sql"),
        ("1_a/up.sql", "1_a/down.sql"),
    ],
)
def test_a_down_is_found_beside_its_up(sql_files: Folder, tmp_path: Path, up: str, down: str) -> None:
    (migration,) = sql_files({up: "", down: ""}, kind="plain").migrations
    assert (migration.version, migration.up, migration.down) == ("1_a", tmp_path / up, tmp_path / down)


def test_a_file_for_postgresql_goes_before_one_for_all_and_other_dialects_are_passed_over(
    sql_files: Folder, tmp_path: Path
) -> None:
    names = ["1_a.up.sql", "1_a.postgres.up.sql", "1_a.mysql.up.sql", "2_b.sqlite3.up.sql", "3_c.autocommit.up.sql"]
    history = sql_files(dict.fromkeys(names, ""))
    assert isinstance(history, PlainHistory)
    assert [migration.up.name for migration in history.migrations] == ["1_a.postgres.up.sql", "3_c.autocommit.up.sql"]


def test_a_file_may_be_one_transaction_unless_its_name_says_otherwise(sql_files: Folder, database: Address) -> None:
    history = sql_files(
        {
            "1.up.sql": "CREATE TABLE t (i int);",
            "2.up.sql": "INSERT INTO t VALUES (2); SELECT 1/0;",
            "3.autocommit.up.sql": "INSERT INTO t VALUES (3); SELECT 1/0;",
        },
        kind="plain",
        transaction="file",
    )
    succeeded = [history.upgrade(database, migration).succeeded for migration in history.migrations]
    assert (succeeded, rows(database, "SELECT i FROM t")) == ([True, False, False], [(3,)])


@pytest.mark.parametrize(("transaction", "kept"), [(None, []), ("file", []), ("statement", [(1,)])])
def test_folders_are_a_transaction_each_unless_the_settings_say_otherwise(
    sql_files: Folder, database: Address, transaction: str | None, kept: list[tuple[int]]
) -> None:
    files = {"1/up.sql": "CREATE TABLE t (i int);", "2/up.sql": "INSERT INTO t VALUES (1); SELECT 1/0;"}
    history = sql_files(files, kind="plain", transaction=transaction)
    assert [history.upgrade(database, each).succeeded for each in history.migrations] == [True, False]
    assert rows(database, "SELECT i FROM t") == kept


def test_diesel_says_beside_a_file_that_it_is_no_transaction(
    sql_files: Folder, database: Address, tmp_path: Path
) -> None:
    files = {
        "1/up.sql": "CREATE TABLE t (i int);",
        "2/up.sql": "INSERT INTO t VALUES (2); SELECT 1/0;",
        "2/metadata.toml": "run_in_transaction = true",
        "3/up.sql": "INSERT INTO t VALUES (3); SELECT 1/0;",
        "3/metadata.toml": "run_in_transaction = false",
    }
    history = sql_files(files, kind="plain")
    succeeded = [history.upgrade(database, migration).succeeded for migration in history.migrations]
    assert (succeeded, rows(database, "SELECT i FROM t")) == ([True, False, False], [(3,)])
    (tmp_path / "3" / "metadata.toml").write_text("run_in_transaction")
    with pytest.raises(HistoryError, match=r"3/metadata\.toml.*can't be read"):
        history.upgrade(database, history.migrations[2])


@pytest.mark.parametrize(
    ("comment", "kept"),
    [
        ("-- no-transaction", [(1,)]),
        ("--no-transaction because of the index", [(1,)]),
        ("-- atlas:txmode none", [(1,)]),
        ("-- postgres-migrations disable-transaction", [(1,)]),
        ("-- there is no-transaction", []),
        ("-- no-transactions", []),
    ],
)
def test_a_comment_of_its_tool_says_that_a_file_is_no_transaction(
    sql_files: Folder, database: Address, comment: str, kept: list[tuple[int]]
) -> None:
    files = {"1.sql": "CREATE TABLE t (i int);", "2.sql": f"{comment}\nINSERT INTO t VALUES (1); SELECT 1/0;"}
    history = sql_files(files, kind="plain", transaction="file")
    assert [history.upgrade(database, each).succeeded for each in history.migrations] == [True, False]
    assert rows(database, "SELECT i FROM t") == kept


def test_each_statement_commits_by_itself_and_what_is_left_open_is_rolled_back(
    sql_files: Folder, database: Address
) -> None:
    history = sql_files(
        {
            "1.sql": "CREATE TABLE t (i int); INSERT INTO t VALUES (1); SELECT 1/0; INSERT INTO t VALUES (2);",
            "2.sql": "BEGIN; INSERT INTO t VALUES (3);",
            "3.sql": "BEGIN; INSERT INTO t VALUES (4); COMMIT;",
        }
    )
    runs = [history.upgrade(database, migration) for migration in history.migrations]
    assert [run.succeeded for run in runs] == [False, True, True]
    assert rows(database, "SELECT i FROM t ORDER BY i") == [(1,), (4,)]


def test_a_script_does_what_it_does_under_psql(sql_files: Folder, database: Address, tmp_path: Path) -> None:
    script = (
        "\\set ON_ERROR_STOP on\n\\echo ; it's\nCREATE TABLE IF NOT EXISTS t (a text, b int);\n"
        "COPY t FROM stdin;\nit's; \\\\N\t1\n\\.\n-- ;\nINSERT INTO t VALUES ($$;\n\\q\n$$, 2), ('é', 3);\n"
        "CREATE OR REPLACE FUNCTION f() RETURNS SETOF t BEGIN ATOMIC SELECT * FROM t; END;\n"
        "INSERT INTO t SELECT a, b + 10 FROM f();\n"
    )
    history = sql_files({"1.sql": script})
    assert history.upgrade(database, None).failure is None
    ours = rows(database, "TABLE t")
    rows(database, "DELETE FROM t RETURNING 1")
    environment = {**os.environ, **database.environment(), "PGCLIENTENCODING": "UTF8"}
    subprocess.run(["psql", "-qX", "-f", "1.sql"], cwd=tmp_path, env=environment, check=True)
    assert rows(database, "TABLE t") == ours


def test_an_error_is_shown_with_its_place_and_a_caret(sql_files: Folder, database: Address, tmp_path: Path) -> None:
    history = sql_files({"1.sql": "-- é\nSELECT 1;\n\n-- note\nSELECT é\n  FROM nowhere;\n"})
    failure = history.upgrade(database, None).failure
    assert failure
    assert (failure.sqlstate, failure.message) == ("42P01", 'relation "nowhere" does not exist')
    assert (failure.location.file, failure.location.line, failure.location.column) == (tmp_path / "1.sql", 6, 8)
    assert failure.excerpt == "  FROM nowhere;\n       ^"


def test_an_error_without_a_position_is_placed_at_its_statement(sql_files: Folder, database: Address) -> None:
    history = sql_files(
        {"1.sql": "CREATE TABLE t (i int);\nINSERT INTO t VALUES (1), (1);\n\nCREATE UNIQUE INDEX u ON t (i);"}
    )
    failure = history.upgrade(database, None).failure
    assert failure
    assert failure.detail == "Key (i)=(1) is duplicated."
    assert (failure.location.line, failure.location.column) == (4, 1)


@pytest.mark.parametrize(
    "line", ["\\i other.sql", "SELECT 1 \\gexec", "\\connect postgres", "\\set x 1", "\\set ON_ERROR_STOP off"]
)
def test_what_only_psql_can_do_is_an_error_with_its_place(sql_files: Folder, line: str) -> None:
    history = sql_files({"1.sql": f"SELECT 1;\n{line}\n"})
    with pytest.raises(HistoryError) as raised:
        history.problems()
    assert str(raised.value.where).endswith("1.sql:2")


@pytest.mark.parametrize(
    ("text", "tool"),
    [("-- migrate:up\nSELECT 1;", "dbmate"), ("-- +goose Up\nSELECT 1;", "goose"), ("-- +migrate Up\n", "sql-migrate")],
)
def test_files_with_sections_are_left_to_their_own_tool(
    sql_files: Folder, database: Address, text: str, tool: str
) -> None:
    history = sql_files({"1.sql": text})
    with pytest.raises(HistoryError, match=f"written for {tool}"):
        history.upgrade(database, None)


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"SELECT 'caf\xe9';", "0xe9"), ("SELECT 1".encode("utf-16"), "UTF-16"), (b"SELECT\x00", "zero byte")],
)
def test_a_file_in_another_encoding_is_an_error(sql_files: Folder, data: bytes, says: str) -> None:
    with pytest.raises(HistoryError, match=says):
        sql_files({"1.sql": data}).problems()


def test_a_byte_order_mark_is_no_sql(sql_files: Folder, database: Address) -> None:
    history = sql_files({"1.sql": b"\xef\xbb\xbfCREATE TABLE t ();"})
    assert history.upgrade(database, None).failure is None


def test_downgrade_runs_the_down_file(sql_files: Folder, database: Address) -> None:
    history = sql_files({"1.up.sql": "CREATE TABLE t ();", "1.down.sql": "DROP TABLE t;"}, kind="plain")
    assert history.upgrade(database, history.migrations[0]).succeeded
    assert history.downgrade(database, history.migrations[0]).succeeded
    assert rows(database, "SELECT to_regclass('t')") == [(None,)]


def test_problems_name_the_files(sql_files: Folder) -> None:
    history = sql_files(
        {
            "1.up.sql": "SELECT 1",
            "1.down.sql": "-- nothing",
            "2.up.sql": "SELECT 2",
            "3.up.sql": "/* */",
            "3.down.sql": "",
            "3.sql": "",
        },
        kind="plain",
    )
    found = [(problem.rule, problem.location.file.name) for problem in history.problems() if problem.location.file]
    assert found == [
        ("history-duplicate-version", "3.up.sql"),
        ("history-missing-down", "2.up.sql"),
        ("history-empty-down", "1.down.sql"),
        ("history-empty-migration", "3.sql"),
    ]


def test_a_connection_that_breaks_is_a_failed_run(sql_files: Folder, database: Address) -> None:
    history = sql_files({"1.sql": "SELECT pg_terminate_backend(pg_backend_pid());"})
    failure = history.upgrade(database, None).failure
    assert failure
    assert failure.location.line == 1
    assert history.upgrade(database.on("nowhere"), None).failure


def test_copy_to_the_client_is_passed_over(sql_files: Folder, database: Address) -> None:
    history = sql_files({"1.sql": "COPY (SELECT 1) TO STDOUT; CREATE TABLE t ();"})
    assert history.upgrade(database, None).failure is None
    assert rows(database, "SELECT to_regclass('t')::text") == [("t",)]
