"""Tools and migrations that do what no experiment can take back, or nothing at all: each is told for what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fix_project import APPLY, PLAIN, Project, assert_error


def command(project: Project, script: str, more: str = "") -> None:
    project.write({"migsafe.toml": f'[history]\nkind = "command"\nrunner = "sh run.sh"\n{more}', "run.sh": script})


def test_a_command_that_never_connects_is_not_checked(sql_project: Project) -> None:
    command(sql_project, "echo all migrations were applied")
    ran = sql_project.migsafe("check", "--quiet")
    assert ran.exit_code == 3
    assert "never connected to the sandbox" in " ".join(ran.output.split())
    assert "NOT CHECKED" in ran.output


def test_a_command_that_is_not_there_is_no_verdict(sql_project: Project) -> None:
    sql_project.write({"migsafe.toml": '[history]\nrunner = "no-such-tool up"\n'})
    assert_error(sql_project.migsafe("check", "--quiet"), 3, "no-such-tool is not there", "PATH")


def test_a_command_that_fails_and_prints_its_url_is_unsafe_and_shown_without_the_password(
    sql_project: Project,
) -> None:
    command(sql_project, "echo no way to $DATABASE_URL; echo $PGPASSWORD > said; exit 1")
    ran = sql_project.migsafe("check", "--quiet")
    assert ran.exit_code == 1
    assert "no way to postgresql://" in " ".join(ran.output.split())
    password = (sql_project.root / "said").read_text().strip()
    assert password
    assert password not in ran.output + ran.errors


def test_what_a_command_leaves_running_is_not_waited_for_and_ended(sql_project: Project) -> None:
    command(sql_project, 'sleep 60 & echo $! > left\npsql -q -c "CREATE TABLE t ()"')
    ran = sql_project.migsafe("check", "--quiet", "--check", "apply")
    assert ran.exit_code == 0, ran
    left = int((sql_project.root / "left").read_text())
    assert not Path(f"/proc/{left}").exists() or "Z" in Path(f"/proc/{left}/stat").read_text().split()


def test_a_tool_that_drops_the_database_it_was_given_is_no_verdict(sql_project: Project) -> None:
    command(sql_project, 'psql -d postgres -c "DROP DATABASE \\"$PGDATABASE\\" WITH (FORCE)"')
    assert_error(sql_project.migsafe("check", "--quiet"), 3, "dropped or renamed the database")


@pytest.mark.parametrize(
    "sql", ["BEGIN; CREATE TABLE lost ();", "BEGIN; CREATE TABLE lost (); PREPARE TRANSACTION 'left';"]
)
def test_a_migration_that_never_commits_is_unsafe(sql_project: Project, sql: str) -> None:
    settings = PLAIN + "[server.settings]\nmax_prepared_transactions = 5\n"
    sql_project.write({"migsafe.toml": settings, "migrations/2.sql": sql})
    ran = sql_project.migsafe("check", "--quiet", "--revision", "1")
    assert (ran.exit_code, ran.errors) == (1, "")
    assert "apply-never-commits" in ran.output


def test_a_read_that_is_left_in_a_transaction_is_no_harm(sql_project: Project) -> None:
    sql_project.write({"migrations/2.sql": "CREATE TABLE kept (); BEGIN; SELECT 1;"})
    assert sql_project.migsafe(*APPLY).exit_code == 0


@pytest.mark.parametrize(
    ("sql", "changed"),
    [
        ("DO $$ BEGIN CREATE ROLE app PASSWORD 's3cret'; END $$;", "role app: added"),
        ("CREATE DATABASE other;", "database other: added"),
        ("CREATE ROLE gone; DROP ROLE gone;", None),
    ],
)
def test_a_change_of_the_whole_server_is_a_warning(sql_project: Project, sql: str, changed: str | None) -> None:
    sql_project.write({"migrations/2.sql": sql})
    ran = sql_project.migsafe(*APPLY)
    assert ran.exit_code == 0
    assert ("apply-changes-server" in ran.output) == (changed is not None)
    assert (changed or "") in ran.output
    assert "s3cret" not in ran.output


def test_values_are_not_excused_when_the_migration_made_a_role(sql_project: Project) -> None:
    """Another first run, which would tell values that differ anyway, fails since the role is there already."""
    first_time_only = "IF NOT EXISTS (SELECT FROM customers WHERE email LIKE '%!!') THEN CREATE ROLE app; END IF"
    text = f"UPDATE customers SET email = email || '!'; DO $$ BEGIN {first_time_only}; END $$;"
    sql_project.write({"migrations/2.sql": text, "rows.sql": "INSERT INTO customers VALUES (1, 'a');"})
    ran = sql_project.migsafe("check", "--revision", "1", "--rows", "rows.sql", "--format", "json")
    assert ran.answers()["2"]["apply-twice"] == "diverges"


def test_a_migration_that_ends_all_other_sessions_ends_nothing_of_migsafe(sql_project: Project) -> None:
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid();"
    sql_project.write({"migrations/2.sql": others})
    ran = sql_project.migsafe(*APPLY)
    assert (ran.exit_code, ran.errors) == (0, "")


def test_a_program_that_a_migration_starts_is_not_root(sql_project: Project) -> None:
    sql_project.write({"migrations/2.sql": "CREATE TABLE who (id text); COPY who FROM PROGRAM 'id -u';"})
    sql_project.write({"migrations/3.sql": "ALTER TABLE who ADD CHECK (id <> '0');"})
    assert sql_project.migsafe(*APPLY).exit_code == 0


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="the arguments of processes are read from /proc")
def test_no_password_is_in_an_argument_of_any_process(sql_project: Project) -> None:
    look = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >> seen; echo $PGPASSWORD >> said"
    command(sql_project, f"{look}\npsql -q -c 'CREATE TABLE t ()'", '[baseline]\nrows = ["rows.sql"]\n')
    sql_project.write({"rows.sql": f"\\! {look}\n"})
    assert sql_project.migsafe("check", "--quiet", "--check", "apply").exit_code == 0
    seen = (sql_project.root / "seen").read_text()
    assert "psql" in seen
    passwords = set((sql_project.root / "said").read_text().split())
    assert passwords
    assert not any(password in seen for password in passwords)
