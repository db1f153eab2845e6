"""The crash check from the outside, for what the stories don't tell."""

from __future__ import annotations

import pytest

from tests.fix_project import Project


@pytest.mark.parametrize("guard", ["IF NOT EXISTS ", ""])
def test_a_long_statement_that_makes_a_table_is_cut_inside_and_after(sql_project: Project, guard: str) -> None:
    sql = f"CREATE TABLE {guard}totals AS SELECT 1 AS total FROM pg_sleep(1.2);\n"
    sql_project.write({"migrations/2.sql": sql})
    ran = sql_project.migsafe("check", "--revision", "1", "--check", "crash", "--format", "json")
    (check,) = ran.report["migrations"][0]["checks"]
    assert check["answer"] == "converges"
    assert check["reason"].startswith("2 crash points, 2 run again")
