"""``migsafe lint`` as a user runs it: files, a history, standard input, ignore comments, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fix_project import Project, assert_error

INDEX = "CREATE INDEX orders_customer ON orders (customer);\n"
QUIET = "SET lock_timeout = '1s';\n"


def history(tmp_path: Path, **files: str) -> Project:
    project = Project(tmp_path)
    project.write({"migsafe.toml": '[history]\nkind = "flyway"\npath = "migrations"\n'})
    project.write({f"migrations/{name}.sql": text for name, text in files.items()})
    return project


def rules_of(project: Project, *arguments: str) -> list[tuple[str, str, int]]:
    report = project.migsafe("lint", "--format", "json", *arguments).report
    findings = [
        each for migration in report["migrations"] for check in migration["checks"] for each in check["findings"]
    ]
    findings += report["findings"]
    return [(each["rule"], each["severity"], each["location"]["line"]) for each in findings]


def test_rules_know_what_earlier_migrations_made(tmp_path: Path) -> None:
    project = history(
        tmp_path,
        V1__orders="CREATE TABLE orders (id bigint, number varchar(10));\n" + INDEX.replace("(customer)", "(id)"),
        V2__wider=QUIET + "ALTER TABLE orders ALTER COLUMN number TYPE varchar(20);",
        V3__narrower=QUIET + "\nALTER TABLE orders ALTER COLUMN number TYPE varchar(5);",
    )
    assert sorted(rules_of(project)) == [("type-change-rewrites", "error", 3), ("type-narrowed", "warning", 3)]
    assert rules_of(project, "migrations/V2__wider.sql") == []
    assert project.migsafe("lint", "migrations/V2__wider.sql").exit_code == 0
    assert project.migsafe("lint", "migrations/V3__narrower.sql").exit_code == 1


def test_standard_input_is_a_script(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "migsafe", "lint", "-", "--format", "json"]
    ran = subprocess.run(command, cwd=tmp_path, input=INDEX, capture_output=True, text=True, check=False)
    assert (ran.returncode, "index-not-concurrent" in ran.stdout) == (1, True)


@pytest.mark.parametrize(("form", "places"), [("terminal", ["at line 3:1"]), ("gcc", ["<stdin>:3:1: error: "])])
def test_findings_and_gaps_in_standard_input_have_their_lines(tmp_path: Path, form: str, places: list[str]) -> None:
    command = [sys.executable, "-m", "migsafe", "lint", "-", "--format", form]
    text = f"\\i one.sql\n\\i two.sql\n{INDEX}"
    ran = subprocess.run(command, cwd=tmp_path, input=text, capture_output=True, text=True, check=False)
    assert [place for place in (*places, "line 1", "line 2") if place not in ran.stdout] == []


def test_an_ignore_comment_takes_any_name_of_the_rule_and_needs_a_reason(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        {
            "a.sql": QUIET + "-- migsafe: ignore require-concurrent-index-creation nobody uses it yet\n" + INDEX,
            "b.sql": QUIET + "-- migsafe: ignore E6\n" + INDEX,
            "c.sql": QUIET + "-- migsafe: ignore set-not-null-scans there is none\n",
            "d.sql": QUIET + "-- migsafe: ignore data-lost the sandbox finds it\n",
        }
    )
    assert rules_of(project, "a.sql") == [("index-not-concurrent", "note", 3)]
    assert rules_of(project, "b.sql") == [("index-not-concurrent", "error", 3), ("ignore-without-reason", "error", 2)]
    assert rules_of(project, "c.sql") == [("ignore-unused", "warning", 2)]
    assert rules_of(project, "d.sql") == []


def test_rules_are_switched_by_name(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"a.sql": QUIET + INDEX})
    assert rules_of(project, "a.sql", "--disable", "E6") == []
    assert_error(project.migsafe("lint", "a.sql", "--disable", "index-not-concurent"), 2, "index-not-concurrent")


def test_a_directory_with_nothing_to_read_is_not_called_clean(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"empty/README": "", "full/a.sql": "SELECT 1;"})
    assert_error(project.migsafe("lint", "empty"), 2, "empty: there is no SQL file and no revision")
    assert project.migsafe("lint", "empty", "full").exit_code == 0


def test_what_is_not_analysed_is_listed_and_fails_where_that_is_asked(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"a.sql": "DO $$ BEGIN EXECUTE 'DROP TABLE ' || current_user; END $$;"})
    listed = project.migsafe("lint", "a.sql", "--format", "json")
    assert (listed.exit_code, len(listed.report["not_checked"])) == (0, 1)
    assert project.migsafe("lint", "a.sql", "--not-analysed", "fail").exit_code == 3


def test_ignoring_a_finding_says_nothing_of_what_is_not_analysed(tmp_path: Path) -> None:
    project = Project(tmp_path)
    unread = "DO $$ BEGIN EXECUTE 'DROP TABLE ' || current_user; END $$;\n"
    ignored = QUIET + "-- migsafe: ignore index-not-concurrent the table is small\n" + INDEX
    project.write({"a.sql": unread + ignored, "b.sql": ignored})
    assert project.migsafe("lint", "a.sql", "--not-analysed", "fail").exit_code == 3
    assert project.migsafe("lint", "b.sql", "--not-analysed", "fail").exit_code == 0


def test_a_syntax_error_is_an_error_with_its_place(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"a.sql": "SELECT 1;\nALTER TABLE t ADD COLUM COLUMN a int;"})
    assert rules_of(project, "a.sql") == [("syntax-error", "error", 2)]


def test_a_schema_says_what_was_there(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        {
            "schema.sql": "CREATE TABLE public.orders (number varchar(10));",
            "a.sql": QUIET + "ALTER TABLE orders ALTER COLUMN number TYPE text;",
        }
    )
    assert [rule for rule, *_ in rules_of(project, "a.sql")] == ["type-change-rewrites"]
    assert rules_of(project, "a.sql", "--schema", "schema.sql") == []


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    assert_error(Project(tmp_path).migsafe("lint", "none.sql"), 2, "none.sql")


def test_python_that_is_no_revision_is_never_read_as_sql(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"m/a.sql": QUIET, "m/helper.py": "import os\n"})
    assert_error(project.migsafe("lint", "m/helper.py"), 2, "helper.py", "Alembic")
    report = project.migsafe("lint", "m", "--format", "json").report
    assert [each["reason"] for each in report["not_checked"]] in (
        [],
        ["it is Python, and belongs to no Alembic history that was found"],
    )
