from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from migsafe.errors import HistoryError
from migsafe.history.golang_migrate import lock_id
from migsafe.postgres.address import Address
from tests.fix_sql_files import Folder, applied, rows

TWO = {
    "0001_create_t.up.sql": "CREATE TABLE t (i int);\nINSERT INTO t VALUES (1);",
    "0001_create_t.down.sql": "DROP TABLE t;",
    "0002_more.up.sql": "INSERT INTO t VALUES (2);",
    "0002_more.down.sql": "DELETE FROM t WHERE i = 2;",
}


def test_files_become_numbered_migrations(sql_files: Folder) -> None:
    history = sql_files({**TWO, "README.md": "", "0003_wide_.postgres.up.sql": ""})
    assert history.kind == "golang-migrate"
    assert [(one.version, one.description, one.parents) for one in history.migrations] == [
        ("1", "create t", ()),
        ("2", "more", ("1",)),
        ("3", "wide .postgres", ("2",)),
    ]


def test_up_and_down_keep_the_version_table(sql_files: Folder, database: Address) -> None:
    history = sql_files(TWO)
    first, _ = history.migrations
    assert applied(history, database) == set()
    assert history.upgrade(database, first).failure is None
    assert applied(history, database) == {"1"}
    assert history.upgrade(database, None).output == "2/u 0002_more.up.sql"
    assert history.upgrade(database, None).output == ""
    assert rows(database, "TABLE schema_migrations") == [(2, False)]
    assert history.upgrade(database, first).succeeded
    assert rows(database, "SELECT count(*) FROM t") == [(2,)]
    assert history.downgrade(database, first).output == "2/d 0002_more.down.sql\n1/d 0001_create_t.down.sql"
    assert rows(database, "TABLE schema_migrations") == []


def test_a_file_is_one_transaction_and_a_failure_leaves_the_version_dirty(sql_files: Folder, database: Address) -> None:
    broken = {
        "0002_more.up.sql": "INSERT INTO t VALUES (2);\nALTER TABLE t ADD UNIQUE (i);\n\nINSERT INTO t VALUES (1);"
    }
    history = sql_files({**TWO, **broken})
    failure = history.upgrade(database, None).failure
    assert failure
    assert (failure.sqlstate, failure.location.line) == ("23505", 4)
    assert failure.statement == "INSERT INTO t VALUES (1)"
    assert rows(database, "TABLE t") == [(1,)]
    assert rows(database, "TABLE schema_migrations") == [(2, True)]
    assert applied(history, database) == {"1"}
    again = history.upgrade(database, None).failure
    assert again
    assert again.message == "Dirty database version 2. Fix and force version."


def test_a_syntax_error_is_placed_in_its_own_statement(sql_files: Folder, database: Address) -> None:
    failure = sql_files({"1_a.up.sql": "SELECT 'é';\n\nSELEKT 2;\nSELECT 3;"}).upgrade(database, None).failure
    assert failure
    assert (failure.location.line, failure.location.column, failure.statement) == (3, 1, "SELEKT 2")
    assert failure.excerpt == "SELEKT 2;\n^"


def test_explicit_transactions_commit_on_the_way(sql_files: Folder, database: Address) -> None:
    history = sql_files({"1_a.up.sql": "BEGIN; CREATE TABLE kept (); COMMIT; CREATE TABLE lost (); SELECT 1/0;"})
    assert not history.upgrade(database, None).succeeded
    assert rows(database, "SELECT to_regclass('kept')::text, to_regclass('lost')::text") == [("kept", None)]


def test_a_missing_up_is_booked_and_runs_nothing(sql_files: Folder, database: Address) -> None:
    history = sql_files({**TWO, "0003_gone.down.sql": "SELECT 1;", "0004_empty.up.sql": "  \n"})
    assert history.upgrade(database, None).failure is None
    assert applied(history, database) == {"1", "2", "3", "4"}


def test_a_version_that_came_late_is_never_run(sql_files: Folder, database: Address) -> None:
    assert sql_files({"1_a.up.sql": "CREATE TABLE a ();", "3_c.up.sql": "CREATE TABLE c ();"}).upgrade(database, None)
    history = sql_files({"2_b.up.sql": "CREATE TABLE b ();"})
    assert history.upgrade(database, None).succeeded
    assert rows(database, "SELECT to_regclass('b')") == [(None,)]
    assert applied(history, database) == {"1", "2", "3"}


def test_a_database_at_an_unknown_version_is_refused(sql_files: Folder, database: Address) -> None:
    sql_files(TWO).upgrade(database, None)
    rows(database, "UPDATE schema_migrations SET version = 9 RETURNING 1")
    failure = sql_files(TWO).upgrade(database, None).failure
    assert failure
    assert failure.message == "no migration found for version 9: file does not exist"


def test_duplicates_are_found_and_refused(sql_files: Folder, database: Address) -> None:
    history = sql_files({**TWO, "1_again.up.sql": "SELECT 1;", "7_far.up.sql": "SELECT 1;"})
    assert [(problem.rule, problem.message) for problem in history.problems()] == [
        ("history-duplicate-version", "Version 1 is in two files, 0001_create_t.up.sql and 1_again.up.sql."),
        ("history-missing-down", "7_far.up.sql has no down migration."),
    ]
    failure = history.upgrade(database, None).failure
    assert failure
    assert failure.message == "duplicate migration file: 1_again.up.sql"


def test_gaps_are_noted_in_a_numbered_history_and_not_between_timestamps(sql_files: Folder) -> None:
    numbered = sql_files({f"{number}_x.up.sql": "SELECT 1" for number in (1, 2, 4)})
    assert [problem.message for problem in numbered.problems()] == ["There is no version 3."]
    days = {f"dated/{number}_x.up.sql": "SELECT 1" for number in (20240101000000, 20240102000000)}
    dated = sql_files(days, path=Path("dated"))
    assert dated.problems() == ()


@pytest.mark.parametrize("table", ['Weird.table "x"', "schema_versions"])
def test_the_version_table_may_have_any_name(sql_files: Folder, database: Address, table: str) -> None:
    with psycopg.connect(**database.keywords(), autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute('CREATE SCHEMA "Weird"')
    history = sql_files(TWO, version_table=table)
    assert history.upgrade(database, None).failure is None
    assert applied(history, database) == {"1", "2"}


@pytest.mark.parametrize(
    ("names", "lock"),
    [((), "1764327054"), (("schema_name_1",), "2453313553"), (("schema_name_1", "schema_name_2"), "3743845847")],
)
def test_the_lock_is_the_one_that_golang_migrate_takes(names: tuple[str, ...], lock: str) -> None:
    assert lock_id("database_name", *names) == lock  # the numbers of its own database/util_test.go


def test_a_program_in_go_is_refused_by_name_before_anything_is_booked(sql_files: Folder, database: Address) -> None:
    history = sql_files({"1_t.up.sql": "CREATE TABLE t (id int);", "2_fill.up.go": "package migrations\n"})
    with pytest.raises(HistoryError, match="is written in Go") as refused:
        history.upgrade(database, None)
    assert str(refused.value.where).endswith("2_fill.up.go")
    assert 'kind = "command"' in str(refused.value.hint)
    assert applied(history, database) == {"1"}


def test_a_program_in_go_stops_nobody_who_does_not_run_it_and_its_text_is_not_analysed(
    sql_files: Folder, database: Address
) -> None:
    history = sql_files({"1_t.up.sql": "CREATE TABLE t (id int);", "2_fill.up.go": "package migrations\n"})
    assert history.problems() == ()
    assert history.upgrade(database, history.migrations[0]).succeeded
    first, second = history.texts(history.migrations, 17)
    assert first.not_analysed == ()
    assert [reason for _, reason in second.not_analysed] == [
        "is written in Go, and golang-migrate would send it to the server as SQL"
    ]
