"""``migsafe lint --cache``: what earlier migrations come to is kept, and changes nothing that is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from migsafe.lint.earlier import KEPT
from tests.fix_project import PLAIN, Project, assert_error

MIGRATIONS = {
    "1.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, number varchar(10) DEFAULT 'x' CHECK (number > 'a'));",
    "2.sql": "CREATE INDEX orders_number ON orders (number) WHERE number IS NOT NULL;",
    "3.sql": "SET lock_timeout = '1s';\nALTER TABLE orders ALTER COLUMN number TYPE varchar(20);",
    "4.sql": "SET lock_timeout = '1s';\nALTER TABLE orders DROP COLUMN numbr;",
    "5.sql": "INSERT INTO orders (id) VALUES (1); UPDATE nowhere SET x = 1 WHERE y = 2;",
    "6.sql": "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; SELECT f();",
    "7.sql": "UPDATE nowhere SET x = 1 WHERE y = 2;",
}
NEWEST = "migrations/7.sql"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write({"migsafe.toml": PLAIN, **{f"migrations/{name}": sql for name, sql in MIGRATIONS.items()}})
    return project


def said(project: Project, *arguments: str) -> dict[str, Any]:
    report = project.migsafe("lint", "--format", "json", *arguments).report
    report.pop("seconds")
    return report


def rules(report: Mapping[str, Any]) -> set[str]:
    checks = (check for migration in report["migrations"] for check in migration["checks"])
    return {each["rule"] for check in checks for each in check["findings"]}


def kept(project: Project) -> Mapping[str, int]:
    """The files in the cache, and when each was last used."""
    files = (project.root / "cache").iterdir()
    return {file.name: file.stat().st_mtime_ns for file in files if file.name != ".gitignore"}


@pytest.mark.parametrize("file", MIGRATIONS)
def test_a_cache_changes_nothing_that_is_said(project: Project, file: str) -> None:
    plain = said(project, f"migrations/{file}")
    cold = said(project, "--cache", "cache", f"migrations/{file}")
    warm = said(project, "--cache", "cache", f"migrations/{file}")
    assert plain == cold == warm


def test_what_was_kept_is_taken_up_and_not_followed_again(project: Project) -> None:
    said(project, "--cache", "cache", "migrations/3.sql")
    (behind_2,) = kept(project)
    project.write({"migrations/1.sql": MIGRATIONS["1.sql"].replace("varchar(10)", "bigint")})
    other = said(project, "--cache", "cache", "migrations/3.sql")
    (behind_other,) = kept(project).keys() - {behind_2}
    cache = project.root / "cache"
    (cache / behind_other).write_bytes((cache / behind_2).read_bytes())
    taken_up = said(project, "--cache", "cache", "migrations/3.sql")
    assert ("type-change-rewrites" in rules(other), "type-change-rewrites" in rules(taken_up)) == (True, False)


def test_an_edited_earlier_migration_is_followed_anew(project: Project) -> None:
    assert "type-change-rewrites" not in rules(said(project, "--cache", "cache", "migrations/3.sql"))
    project.write({"migrations/1.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, number bigint);"})
    assert said(project, "--cache", "cache", "migrations/3.sql") == said(project, "migrations/3.sql")
    assert "type-change-rewrites" in rules(said(project, "migrations/3.sql"))


def test_another_schema_before_the_history_is_another_beginning(project: Project) -> None:
    project.write({"a.sql": "CREATE TABLE nowhere (x int, y int);", "b.sql": "CREATE TABLE nowhere (x int, yy int);"})
    a, b = (said(project, "--cache", "cache", "--schema", f"{name}.sql", "migrations/5.sql") for name in "ab")
    assert a == said(project, "--schema", "a.sql", "migrations/5.sql")
    assert b == said(project, "--schema", "b.sql", "migrations/5.sql")
    assert a != b


def test_a_damaged_file_is_passed_over_and_written_anew(project: Project) -> None:
    first = said(project, "--cache", "cache", NEWEST)
    (name,) = kept(project)
    whole = (project.root / "cache" / name).read_bytes()
    for damaged in (b"", b"\x00", whole[:-7], whole + b"x"):
        (project.root / "cache" / name).write_bytes(damaged)
        assert said(project, "--cache", "cache", NEWEST) == first
        assert (project.root / "cache" / name).read_bytes() == whole


def test_the_catalogs_used_last_stay_and_git_sees_none_of_them(project: Project) -> None:
    project.git("init", "-q")
    for number in range(KEPT + 4):
        project.write({"migrations/1.sql": f"CREATE TABLE orders (id bigint, number varchar(10), n{number} integer);"})
        said(project, "--cache", "cache", NEWEST)
    assert len(kept(project)) == KEPT
    newest = max(kept(project), key=lambda name: kept(project)[name])
    said(project, "--cache", "cache", NEWEST)
    assert max(kept(project), key=lambda name: kept(project)[name]) == newest
    project.git("add", "--all")
    assert "cache" not in (project.root / ".git" / "index").read_bytes().decode("latin-1")


def test_a_directory_that_can_t_be_made_costs_nothing_but_time(project: Project) -> None:
    assert said(project, "--cache", "/proc/nothing/cache", NEWEST) == said(project, NEWEST)


def test_a_cache_that_is_a_file_is_wrong_usage(project: Project) -> None:
    (project.root / "cache").write_text("mine", encoding="utf-8")
    ran = project.migsafe("lint", "--cache", "cache", NEWEST)
    assert_error(ran, 2, "cache", "directory")
    assert (project.root / "cache").read_text(encoding="utf-8") == "mine"
