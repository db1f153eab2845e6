"""``migsafe check`` from the outside: exit codes, baselines, and what is said when something is wrong."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from tests.fix_project import PLAIN, Project
from tests.fix_server import wait_for

ROOT = Path(__file__).parents[2]
ROWS = "INSERT INTO customers VALUES (1, 'ada@example.com'), (2, NULL);\n"
FROM_PRODUCTION = PLAIN + '[baseline]\nurl_variable = "PRODUCTION"\n'
NOT_NULL = "ALTER TABLE customers ALTER COLUMN email SET NOT NULL;\n"


def test_a_safe_migration_exits_with_0(sql_project: Project) -> None:
    ran = sql_project.migsafe("check", "--quiet")
    assert (ran.exit_code, ran.errors) == (0, "")
    assert "SAFE: 1 migration" in ran.output


def test_a_migration_that_fails_on_rows_exits_with_1_and_names_the_row(sql_project: Project) -> None:
    sql_project.write({"migrations/2.sql": NOT_NULL, "rows.sql": ROWS})
    ran = sql_project.migsafe("check", "--revision", "1", "--rows", "rows.sql")
    assert ran.exit_code == 1
    assert "(2,)" in ran.output
    assert "migrations/2.sql:1:1" in ran.output


def test_the_readme_shows_what_is_printed(tmp_path: Path) -> None:
    story = ROOT / "scenarios" / "duplicate-before-unique"
    for folder in ("before", "bad"):
        shutil.copytree(story / folder, tmp_path, dirs_exist_ok=True)
    shown = (ROOT / "README.md").read_text().split("```text\n")[1].partition("```")[0]
    printed = Project(tmp_path).migsafe("check", "--quiet").output
    changing = re.compile(r"on PostgreSQL .*\n(?:  not .*\n)*|\d+\.\d\s+s\n")
    assert changing.sub("", shown) == changing.sub("", printed)


def test_one_run_writes_every_report_that_was_asked_for(sql_project: Project) -> None:
    reports = ("--report", "sarif=a.sarif", "--report", "html=a.html")
    ran = sql_project.migsafe("check", "--check", "apply", "--format", "github", *reports)
    assert ran.output.splitlines()[-1].startswith("migsafe: SAFE: 1 migration")
    assert '"version": "2.1.0"' in (sql_project.root / "a.sarif").read_text()
    assert "<b>safe</b>" in (sql_project.root / "a.html").read_text()


def test_what_lint_knows_already_is_passed_over_here_too_and_only_what_is_new_counts(sql_project: Project) -> None:
    sql_project.write({"migrations/2.sql": NOT_NULL, "migrations/3.sql": NOT_NULL})
    sql_project.migsafe("lint", "--write-baseline", "known.json")
    sql_project.write({"migsafe.toml": PLAIN + '[lint]\nbaseline = "known.json"\n'})
    report = sql_project.migsafe("check", "--check", "lint", "--revision", "2", "--format", "json").report
    (lint,) = (check for check in report["migrations"][0]["checks"] if check["check"] == "lint")
    assert (lint["findings"], [each["rule"] for each in report["findings"]]) == ([], ["lint-baseline"])
    assert report["findings"][0]["message"].startswith("1 finding is passed over")


DYNAMIC = "DO $$ BEGIN EXECUTE 'SELECT ' || current_user; END $$;\n"
LINT = ("check", "--quiet", "--check", "lint", "--revision", "1")


def test_what_the_rules_could_not_analyse_is_listed_where_the_rest_is_clean(sql_project: Project) -> None:
    sql_project.write({"migrations/2.sql": DYNAMIC.replace("current_user", "length(current_user)")})
    ran = sql_project.migsafe(*LINT)
    assert "\n  lint of 2: not analysed: migrations/2.sql:1:" in ran.output
    assert "it fails" not in ran.output


def test_a_failure_that_was_not_asked_about_is_listed_and_later_ignore_comments_hold(sql_project: Project) -> None:
    comment = "-- migsafe: ignore lock-without-timeout it is small\n"
    sql_project.write({"migrations/2.sql": DYNAMIC, "migrations/3.sql": comment + NOT_NULL})
    ran = sql_project.migsafe(*LINT)
    assert "\n  apply of 2: it fails: column " in ran.output
    assert "it is small (migrations/3.sql:1:1)" in ran.output


@pytest.mark.parametrize(
    ("report", "says"),
    [
        ("a.html", "write FORMAT=FILE"),
        ("pdf=a.pdf", "the formats are"),
        ("html=", "write FORMAT=FILE"),
        ("html=missing/a.html", "missing isn't there"),
        ("html=migrations", "is a directory"),
    ],
)
def test_a_report_that_means_nothing_is_refused_before_the_work(sql_project: Project, report: str, says: str) -> None:
    ran = sql_project.migsafe("check", "--report", report)
    assert (ran.exit_code, ran.output) == (2, "")
    assert says in " ".join(ran.errors.split())


def test_after_a_failure_the_rest_is_not_checked_and_says_why(sql_project: Project) -> None:
    sql_project.write({"migrations/2.sql": "CREATE TABLE customers ();", "migrations/3.sql": "SELECT 1;"})
    ran = sql_project.migsafe("check", "--format", "json")
    (last,) = (each for each in ran.report["migrations"] if each["version"] == "3")
    run = [check for check in last["checks"] if check["check"] != "lint"]  # its text can be looked at all the same
    assert {check["outcome"] for check in run} == {"not_checked"}
    assert {check["reason"] for check in run} == {"2, which comes before it, fails"}


def test_one_check_alone_is_run_when_asked_and_the_others_are_listed(sql_project: Project) -> None:
    ran = sql_project.migsafe("check", "--check", "apply", "--format", "json")
    assert ran.answers() == {"1": {"apply": "applies"}}
    assert [each["subject"] for each in ran.report["not_checked"]] == [
        "check data",
        "check apply-twice",
        "check crash",
        "check locks",
        "check rollback",
        "check restore",
        "check compatibility",
        "check order",
        "check fresh",
        "check lint",
    ]


def test_a_check_that_there_is_none_of_is_a_usage_error(sql_project: Project) -> None:
    ran = sql_project.migsafe("check", "--check", "aply")
    assert ran.exit_code == 2
    assert "aply" in ran.errors
    assert "apply" in ran.errors


def test_without_a_history_the_error_says_where_it_looked(tmp_path: Path) -> None:
    ran = Project(tmp_path).migsafe("check")
    assert ran.exit_code == 2
    assert "hint:" in ran.errors


def test_a_base_revision_that_is_not_there_names_the_nearest(sql_project: Project) -> None:
    sql_project.write({"migrations/20240101_customers.sql": "SELECT 1;"})
    ran = sql_project.migsafe("check", "--revision", "20240102_customers")
    assert ran.exit_code == 2
    assert "20240101_customers" in ran.errors


def test_a_history_that_does_not_replay_is_no_verdict(sql_project: Project) -> None:
    sql_project.write({"migrations/2.sql": "SELECT nonsense;", "migrations/3.sql": "SELECT 1;"})
    ran = sql_project.migsafe("check", "--revision", "2")
    assert ran.exit_code == 3
    assert "migrations/2.sql" in ran.errors
    assert 'column "nonsense" does not exist' in ran.errors


def test_what_is_not_in_a_git_ref_is_new(sql_project: Project) -> None:
    sql_project.git("init", "--quiet")
    sql_project.git("add", ".")
    sql_project.git("commit", "--quiet", "--message=merged")
    sql_project.write({"migrations/2.sql": "CREATE TABLE IF NOT EXISTS orders ();"})
    ran = sql_project.migsafe("check", "--since", "HEAD", "--format", "json")
    assert ran.answers() == {
        "2": {
            "apply": "applies",
            "data": "kept",
            "apply-twice": "idempotent",
            "crash": "converges",
            "locks": "free",
            "rollback": "absent",
            "restore": "restored",
            "compatibility": "compatible",
        }
    }


def test_warnings_on_migrations_that_are_not_new_are_counted_but_not_shown(sql_project: Project) -> None:
    sql_project.write({"migrations/2.sql": "-- nothing yet\n", "migrations/3.sql": "-- nothing either\n"})
    everything = sql_project.migsafe("check", "--format", "json").report
    assert [each["location"]["file"] for each in everything["findings"]] == ["migrations/2.sql", "migrations/3.sql"]
    since = sql_project.migsafe("check", "--revision", "2", "--format", "json").report
    assert [each["location"]["file"] for each in since["findings"]] == ["migrations/3.sql"]
    assert any("1 left out" in each["reason"] for each in since["not_checked"])


def test_a_run_writes_nothing_into_the_project(sql_project: Project) -> None:
    before = sorted(sql_project.root.rglob("*"))
    sql_project.migsafe("check")
    assert sorted(sql_project.root.rglob("*")) == before


@pytest.mark.parametrize("written_as", ["custom", "directory", "tar", "plain"])
def test_a_dump_in_each_format_is_a_baseline(
    sql_project: Project, server: Server, database: Address, written_as: str
) -> None:
    with psycopg.connect(database.url()) as connection:
        connection.execute("CREATE TABLE customers (id bigint PRIMARY KEY, email text)")
        connection.execute(ROWS)
    dump = sql_project.root / "production.dump"
    server.client("pg_dump", [f"--format={written_as}", f"--file={dump}"], database.database)
    sql_project.write({"migrations/1.sql": NOT_NULL})
    ran = sql_project.migsafe("check", "--dump", str(dump), "--format", "json")
    answers = {
        "apply": "fails",
        "data": None,
        "apply-twice": None,
        "crash": None,
        "locks": None,
        "rollback": None,
        "restore": "restored",
        "compatibility": None,
    }
    assert ran.answers() == {"1": answers}
    assert ran.report["baseline"]["rows"] == 2


def test_a_database_that_is_only_read_is_a_baseline(sql_project: Project, database: Address) -> None:
    with psycopg.connect(database.url()) as connection:
        connection.execute("CREATE TABLE customers (id bigint PRIMARY KEY, email text)")
        connection.execute(ROWS)
        connection.execute(f"ALTER DATABASE {database.database} SET default_transaction_read_only TO on")
    sql_project.write({"migsafe.toml": FROM_PRODUCTION, "migrations/1.sql": NOT_NULL})
    ran = sql_project.migsafe("check", PRODUCTION=database.url())
    assert ran.exit_code == 1, ran.errors
    assert "(2,)" in ran.output
    assert database.password
    assert database.password not in ran.output + ran.errors


def test_a_url_variable_that_is_not_set_is_named(sql_project: Project) -> None:
    sql_project.write({"migsafe.toml": FROM_PRODUCTION})
    ran = sql_project.migsafe("check")
    assert ran.exit_code == 2
    assert "PRODUCTION" in ran.errors


def test_a_wrong_password_is_said_without_repeating_it(sql_project: Project, database: Address) -> None:
    sql_project.write({"migsafe.toml": FROM_PRODUCTION})
    url = database.url().replace(str(database.password), "wr0ng-secret")
    ran = sql_project.migsafe("check", PRODUCTION=url)
    assert ran.exit_code == 3
    assert "password authentication failed" in ran.errors
    assert "wr0ng-secret" not in ran.errors


def test_a_file_that_is_no_dump_is_named(sql_project: Project) -> None:
    sql_project.write({"broken.sql": "CREATE TABLE;\n"})
    ran = sql_project.migsafe("check", "--dump", "broken.sql")
    assert ran.exit_code == 3
    assert "broken.sql" in ran.errors
    assert "syntax error" in ran.errors


@pytest.mark.parametrize("sql", ["SELECT pg_terminate_backend(pg_backend_pid());", "SELECT pg_sleep(60);"])
def test_a_session_that_ends_or_hangs_is_a_failure_of_the_migration(sql_project: Project, sql: str) -> None:
    sql_project.write({"migrations/1.sql": sql})
    ran = sql_project.migsafe("check", MIGSAFE_CHECKS_STATEMENT_TIMEOUT="1")
    assert ran.exit_code == 1
    assert "apply-fails" in ran.output


def test_an_interrupted_run_leaves_nothing_behind(sql_project: Project, place: Path) -> None:
    sql_project.write({"migrations/1.sql": "SELECT pg_sleep(60);"})
    process = subprocess.Popen(
        [sys.executable, "-m", "migsafe", "check"],
        cwd=sql_project.root,
        env={**os.environ, "MIGSAFE_SERVER_DIRECTORY": str(place)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert wait_for(lambda: any(place.iterdir()))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert list(place.iterdir()) == []
