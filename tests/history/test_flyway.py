from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from migsafe.errors import HistoryError
from migsafe.history.model import History, Migration
from migsafe.postgres.address import Address
from tests.fix_sql_files import Folder, applied, rows

SMALL = {
    "V1__create_t.sql": "CREATE TABLE t (i int);",
    "V1.1__one.sql": "INSERT INTO t VALUES (1);",
    "V1_10__ten.sql": "INSERT INTO t VALUES (10);",
    "V1.9__nine.sql": "INSERT INTO t VALUES (9);",
    "R__b_view.sql": "CREATE OR REPLACE VIEW b AS SELECT * FROM a;",
    "R__a_view.sql": "CREATE OR REPLACE VIEW a AS SELECT i FROM t;",
}
UNDO = {"U1.10__ten.sql": "DELETE FROM t WHERE i = 10;", "U1.9__nine.sql": "DELETE FROM t WHERE i = 9;"}
SESSION_LOCK = {"flyway.toml": "[flyway]\nmixed = true\n[flyway.postgresql]\ntransactional.lock = false\n"}


def named(history: History, version: str) -> Migration:
    return next(migration for migration in history.migrations if migration.version == version)


def refusal(history: History, database: Address) -> str:
    failure = history.upgrade(database, None).failure
    assert failure
    return failure.message


def test_versions_compare_number_by_number_and_repeatables_come_last(sql_files: Folder) -> None:
    history = sql_files({**SMALL, "sub/V2__in_a_folder.sql": "", "V57__readme.md": ""})
    assert history.kind == "flyway"
    assert [(one.version, one.description) for one in history.migrations] == [
        ("1", "create t"),
        ("1.1", "one"),
        ("1.9", "nine"),
        ("1.10", "ten"),
        ("2", "in a folder"),
        ("R__a_view", "a view"),
        ("R__b_view", "b view"),
    ]


def test_migrations_are_applied_and_booked_as_flyway_books_them(sql_files: Folder, database: Address) -> None:
    history = sql_files(SMALL)
    assert history.upgrade(database, None).failure is None
    assert rows(
        database,
        "SELECT installed_rank, version, description, type, script, installed_by = current_user, success"
        " FROM flyway_schema_history ORDER BY 1",
    ) == [
        (1, "1", "create t", "SQL", "V1__create_t.sql", True, True),
        (2, "1.1", "one", "SQL", "V1.1__one.sql", True, True),
        (3, "1.9", "nine", "SQL", "V1.9__nine.sql", True, True),
        (4, "1.10", "ten", "SQL", "V1_10__ten.sql", True, True),
        (5, None, "a view", "SQL", "R__a_view.sql", True, True),
        (6, None, "b view", "SQL", "R__b_view.sql", True, True),
    ]
    assert applied(history, database) == {migration.version for migration in history.migrations}
    assert history.upgrade(database, None).output == ""


def test_the_checksum_is_the_one_that_java_computes(sql_files: Folder, database: Address) -> None:
    history = sql_files(
        {
            "V1__a.sql": "CREATE TABLE t (i int);\n",
            "V2__b.sql": b"\xef\xbb\xbfSELECT 1;\r\nSELECT '\xc3\xa9';\r-- x\n\n-- end",
        }
    )
    assert history.upgrade(database, None).failure is None
    # The first was computed by java.util.zip.CRC32 over BufferedReader.readLine.
    assert rows(database, "SELECT checksum FROM flyway_schema_history WHERE version = '1'") == [(-1019900458,)]
    same = {"V2__b.sql": "SELECT 1;\nSELECT 'é';\n-- x\n\n-- end\n"}
    assert sql_files(same).upgrade(database, None).failure is None


def test_upgrade_stops_at_its_target(sql_files: Folder, database: Address) -> None:
    history = sql_files(SMALL)
    assert history.upgrade(database, named(history, "1.9")).succeeded
    assert applied(history, database) == {"1", "1.1", "1.9"}
    assert history.upgrade(database, named(history, "R__a_view")).succeeded
    assert applied(history, database) == {"1", "1.1", "1.9", "1.10", "R__a_view"}


def test_a_repeatable_runs_again_when_its_text_changes(sql_files: Folder, database: Address) -> None:
    assert sql_files(SMALL).upgrade(database, None).succeeded
    changed = sql_files({"R__a_view.sql": "CREATE OR REPLACE VIEW a AS SELECT i, 1 AS one FROM t;"})
    assert "R__a_view" not in applied(changed, database)
    assert changed.upgrade(database, None).output == 'Migrated schema "public": R__a_view.sql'


def test_a_migration_is_one_transaction(sql_files: Folder, database: Address) -> None:
    broken = {"V2__broken.sql": "INSERT INTO t VALUES (2);\n\nSELECT oops;"}
    history = sql_files({**SMALL, **broken})
    failure = history.upgrade(database, None).failure
    assert failure
    assert (failure.sqlstate, failure.location.line, failure.location.column) == ("42703", 3, 8)
    assert rows(database, "SELECT i FROM t WHERE i = 2") == []
    assert "2" not in applied(history, database)


def test_a_concurrent_index_runs_without_a_transaction_and_is_warned_of(sql_files: Folder, database: Address) -> None:
    history = sql_files({**SMALL, "V2__index.sql": "/* why */ create index concurrently t_i on t (i);"})
    assert [problem.rule for problem in history.problems()] == ["history-lock-blocks-concurrently"]
    assert history.upgrade(database, None).failure is None
    assert sql_files(SESSION_LOCK).problems() == ()


def test_flyways_default_lock_really_blocks_a_concurrent_build(database: Address) -> None:
    with (
        psycopg.connect(**database.keywords(), autocommit=True) as lock,  # type: ignore[arg-type]
        psycopg.connect(**database.keywords(), autocommit=True) as build,  # type: ignore[arg-type]
    ):
        build.execute("CREATE TABLE t (i int)")
        lock.execute("BEGIN")
        lock.pgconn.exec_params(b"SELECT pg_try_advisory_xact_lock(1)", [])
        build.execute("SET statement_timeout = 300")
        with pytest.raises(psycopg.errors.QueryCanceled):
            build.execute("CREATE INDEX CONCURRENTLY ON t (i)")


def test_mixing_is_refused_unless_the_settings_allow_it(sql_files: Folder, database: Address) -> None:
    mixed = {"V1__mixed.sql": "CREATE TABLE t (i int);\nVACUUM t;"}
    failure = sql_files(mixed).upgrade(database, None).failure
    assert failure
    assert failure.message.startswith("Detected both transactional and non-transactional statements")
    assert (failure.location.line, failure.excerpt) == (2, "VACUUM t;\n^")
    assert sql_files(SESSION_LOCK).upgrade(database, None).failure is None


def test_the_files_own_settings_decide_on_the_transaction(sql_files: Folder, database: Address) -> None:
    history = sql_files(
        {"V1__a.sql": "CREATE TABLE kept (); SELECT 1/0;", "V1__a.sql.conf": "executeInTransaction=false"}
    )
    assert not history.upgrade(database, None).succeeded
    assert rows(database, "SELECT to_regclass('kept')::text") == [("kept",)]


@pytest.mark.parametrize(("settings", "booked"), [({}, []), (SESSION_LOCK, [("1", False)])])
def test_a_failure_outside_a_transaction_is_booked_only_under_the_sessions_lock(
    sql_files: Folder, database: Address, settings: dict[str, str], booked: list[tuple[str, bool]]
) -> None:
    history = sql_files({"V1__a.sql": "VACUUM nowhere;", **settings})
    assert refusal(history, database) == 'relation "nowhere" does not exist'
    assert rows(database, "SELECT version, success FROM flyway_schema_history") == booked
    if booked:
        assert "Detected failed migration to version 1 (a)." in refusal(history, database)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"V1.1__one.sql": "INSERT INTO t VALUES (2);"}, "Migration checksum mismatch for migration version 1.1"),
        ({"V1.5__late.sql": "SELECT 1;"}, "Detected resolved migration not applied to database: 1.5."),
    ],
)
def test_what_was_applied_must_stay_as_it_was(
    sql_files: Folder, database: Address, files: dict[str, str], says: str
) -> None:
    assert sql_files(SMALL).upgrade(database, None).succeeded
    message = refusal(sql_files(files), database)
    assert message.startswith("Validate failed: Migrations have failed validation")
    assert says in message


def test_a_file_that_went_missing_or_was_renamed_is_refused(
    sql_files: Folder, database: Address, tmp_path: Path
) -> None:
    assert sql_files(SMALL).upgrade(database, None).succeeded
    (tmp_path / "V1.1__one.sql").unlink()
    (tmp_path / "V1.9__nine.sql").rename(tmp_path / "V1.9__neun.sql")
    message = refusal(sql_files({}), database)
    assert "Detected applied migration not resolved locally: 1.1." in message
    assert "Migration description mismatch for migration version 1.9" in message


def test_a_schema_with_tables_and_no_history_is_refused(sql_files: Folder, database: Address) -> None:
    with psycopg.connect(**database.keywords(), autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute("CREATE TABLE other ()")
    assert refusal(sql_files(SMALL), database).startswith(
        'Found non-empty schema(s) "public" but no schema history table'
    )


def test_placeholders_are_replaced_and_places_stay_those_of_the_file(sql_files: Folder, database: Address) -> None:
    text = "CREATE TABLE ${Name} (a text DEFAULT '${flyway:filename}');\nSELECT '${long}', ${name}.oops FROM ${name};"
    history = sql_files({"V1__a.sql": text}, placeholders={"name": "people", "long": "x" * 100})
    failure = history.upgrade(database, None).failure
    assert failure
    assert failure.message == "column people.oops does not exist"
    assert (failure.location.line, failure.location.column) == (2, text.splitlines()[1].index("${name}") + 1)


def test_a_placeholder_without_a_value_is_refused(sql_files: Folder, database: Address) -> None:
    failure = sql_files({"V1__a.sql": "SELECT 1;\n-- ${nobody}\n"}).upgrade(database, None).failure
    assert failure
    assert (
        failure.message
        == "No value provided for placeholder: ${nobody}.  Check your configuration! ([history] placeholders)"
    )
    assert failure.location.line == 2


def test_undo_takes_versions_back_from_the_newest(sql_files: Folder, database: Address) -> None:
    history = sql_files({**SMALL, **UNDO})
    assert history.upgrade(database, None).succeeded
    run = history.downgrade(database, named(history, "1.9"))
    assert run.failure is None
    assert rows(database, "SELECT i FROM t") == [(1,)]
    assert not applied(history, database) & {"1.9", "1.10"}
    assert history.upgrade(database, None).succeeded
    failure = history.downgrade(database, named(history, "1.1")).failure
    assert failure
    assert failure.message.startswith("Unable to undo migration to version 1.1")
    with pytest.raises(HistoryError, match="can't be undone"):
        history.downgrade(database, named(history, "R__a_view"))


def test_an_empty_database_starts_at_the_newest_baseline(sql_files: Folder, database: Address) -> None:
    history = sql_files({**SMALL, "B1.9__base.sql": "CREATE TABLE t AS SELECT unnest(ARRAY[1, 9]) AS i;"})
    assert [migration.version for migration in history.migrations][:2] == ["1.9", "1.10"]
    assert history.upgrade(database, None).failure is None
    assert rows(database, "SELECT i FROM t ORDER BY i") == [(1,), (9,), (10,)]
    assert {"1", "1.1", "1.9", "1.10"} <= applied(history, database)
    assert history.upgrade(database, None).output == ""


def test_a_baseline_does_not_run_on_a_database_that_has_a_history(sql_files: Folder, database: Address) -> None:
    assert sql_files(SMALL).upgrade(database, None).succeeded
    history = sql_files({"B1.9__base.sql": "SELECT 1/0;"})
    assert history.upgrade(database, None).failure is None


def test_duplicates_are_found_and_refused(sql_files: Folder, database: Address) -> None:
    history = sql_files({**SMALL, "V1.1.0__again.sql": "SELECT 1;"})
    (problem,) = history.problems()
    assert problem.rule == "history-duplicate-version"
    assert refusal(history, database).startswith("Found more than one migration with version 1.1")


def test_what_flyway_ignores_and_what_is_left_out_is_told(sql_files: Folder) -> None:
    history = sql_files(
        {
            **SMALL,
            "V5_no_description.sql": "",
            "afterMigrate.sql": "",
            "flyway.conf": "flyway.group=true",
            "v6__small_letter.sql": "",
            "U7__of_nothing.sql": "",
        }
    )
    ignored = [p.message.split()[0] for p in history.problems() if p.rule == "history-file-ignored"]
    assert ignored == ["V5_no_description.sql", "v6__small_letter.sql", "U7__of_nothing.sql"]
    assert [problem.rule for problem in history.problems() if problem.rule != "history-file-ignored"] == [
        "history-callback-not-run",
        "history-setting-not-taken-over",
    ]


def test_migrations_in_java_are_named(sql_files: Folder) -> None:
    history = sql_files({**SMALL, "V2__Backfill.java": ""})
    with pytest.raises(HistoryError, match=r"V2__Backfill\.java"):
        history.problems()


def test_locations_and_table_come_from_the_projects_own_settings(
    sql_files: Folder, database: Address, tmp_path: Path
) -> None:
    configuration = "[flyway]\nlocations = ['filesystem:db']\ntable = 'Books'\n[flyway.placeholders]\nx = '1'\n"
    history = sql_files({"flyway.toml": configuration, "db/V1__a.sql": "SELECT ${x};"}, path=None)
    assert history.upgrade(database, None).failure is None
    assert rows(database, 'SELECT version FROM "Books"') == [("1",)]
    assert applied(history, database) == {"1"}
