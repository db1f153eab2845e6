"""Masked columns of an Alembic project: its revisions see masks, and no value is anywhere that was said or written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.reports import FORMATS
from tests.fix_alembic import AlembicProject

SECRET = "S3CR3T"

PEOPLE = """
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('a');
CREATE TABLE people (name varchar(30) PRIMARY KEY, email text NOT NULL UNIQUE, born date);
CREATE TABLE accounts (id integer PRIMARY KEY, owner text NOT NULL REFERENCES people, note text);
CREATE MATERIALIZED VIEW owners AS SELECT DISTINCT owner, note FROM accounts;
INSERT INTO people SELECT 'S3CR3T name ' || n, 'S3CR3T' || n || '@example.org', '1990-07-13'
FROM generate_series(1, 50) n;
INSERT INTO accounts SELECT n, 'S3CR3T name ' || 1 + n % 50, 'S3CR3T note' FROM generate_series(1, 90) n;
"""

MASKS = """
[rehearse.mask]
"public.people.name" = "hash"
"public.people.email" = "hash"
"public.people.born" = "date_trunc('year', born)"
"public.accounts.owner" = "hash"
"public.accounts.note" = "null"
"""

LOOKS = """
connection = op.get_bind()
query = "SELECT p::text FROM people p UNION ALL SELECT a::text FROM accounts a UNION ALL SELECT o::text FROM owners o"
seen = [text for (text,) in connection.execute(sa.text(query))]
with open({file!r}, "a") as file:
    print(*seen, sep="\\n", file=file)
print(*seen)
op.execute("UPDATE people SET email = upper(email), name = upper(name) WHERE name NOT IN (SELECT owner FROM accounts)")
op.execute("UPDATE people SET email = left(email, 9)")
op.execute("ALTER TABLE accounts DROP COLUMN owner CASCADE")
"""

FAILS = """
(everything,) = op.get_bind().execute(sa.text("SELECT string_agg(p::text, '') FROM people p")).fetchone()
op.execute(f"INSERT INTO people VALUES ('x', '{everything}'), ('y', '{everything}')")
"""


def test_no_masked_value_reaches_the_likeness_a_report_or_what_is_said(
    project: AlembicProject, database: Address, tmp_path: Path
) -> None:
    with connect_to(database) as connection:
        connection.execute(PEOPLE)
    seen = tmp_path / "seen.txt"
    project.write("migsafe.toml", '[history]\nkind = "alembic"\n' + MASKS)
    project.revision("a", None)
    project.revision("b", "a", LOOKS.format(file=str(seen)), "pass")
    project.revision("c", "b", FAILS, "pass")
    reports = {form: tmp_path / f"report.{form}" for form in FORMATS}
    command = [sys.executable, "-m", "migsafe", "rehearse", "--target", "env:TARGET", "--debug"]
    ran = subprocess.run(
        [*command, *(word for form, file in reports.items() for word in ("--report", f"{form}={file}"))],
        cwd=project.root,
        env={**os.environ, "TARGET": database.url(), "PGAPPNAME": "rehearsal"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 1, ran.stderr
    rows = seen.read_text().splitlines()
    assert len(rows) >= 50 + 90 + 50
    assert len({row for row in rows[:50] if re.fullmatch(r"\([0-9a-f]{30},[0-9a-f]{32},1990-01-01\)", row)}) == 50
    said = {"output": ran.stdout, "errors": ran.stderr, "seen": "\n".join(rows)}
    written = {form: file.read_text(encoding="utf-8") for form, file in reports.items()}
    assert "data-truncated" in said["output"]
    assert "data-lost" in written["json"]
    assert [name for name, text in (said | written).items() if SECRET in text] == []
