"""Tools that migsafe knows nothing about, driven by their command lines: psql and Django."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.fix_project import Project, Ran

SETTINGS = """
[history]
kind = "command"
runner = '{runner}'
driver = "psycopg"

[baseline]
sql = ["before.sql"]

[checks]
only = [{checks}]
"""

KEPT_INVALID = "CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_name ON customers (name);\n"

DROPPED_FIRST = (
    "DROP INDEX CONCURRENTLY IF EXISTS customers_name;\nCREATE INDEX CONCURRENTLY customers_name ON customers (name);\n"
)

TABLE = "CREATE TABLE customers (id integer PRIMARY KEY, name text);\nINSERT INTO customers VALUES (1, 'Ada');\n"


def check(project: Project, runner: str, files: dict[str, str], *checks: str) -> Ran:
    settings = SETTINGS.format(runner=runner, checks=", ".join(f'"{name}"' for name in checks))
    project.write({"before.sql": TABLE, **files, "migsafe.toml": settings})
    return project.migsafe("check", "--quiet", "--format", "json")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize(
    ("sql", "exit_code", "answer"), [(KEPT_INVALID, 1, "silently wrong"), (DROPPED_FIRST, 0, "converges")]
)
def test_a_script_for_psql(project: Project, sql: str, exit_code: int, answer: str) -> None:
    ran = check(project, "psql --no-psqlrc --set=ON_ERROR_STOP=1 --file=up.sql", {"up.sql": sql}, "apply", "crash")
    assert ran.answers() == {"pending": {"apply": "applies", "crash": answer}}
    assert ran.exit_code == exit_code


DJANGO = """
import os
import sys

from django.conf import settings

settings.configure(
    INSTALLED_APPS=["shop"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "USER": os.environ["PGUSER"],
            "PASSWORD": os.environ.get("PGPASSWORD", ""),
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
        }
    },
)

from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""

MIGRATION = """
from django.db import migrations


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = []
    operations = [
        migrations.RunSQL("ALTER TABLE customers ADD COLUMN phone text"),
        migrations.RunSQL("CREATE INDEX customers_phone ON customers (phone)"),
    ]
"""


@pytest.mark.parametrize(("atomic", "exit_code", "answer"), [(False, 1, "stuck"), (True, 0, "converges")])
def test_django(project: Project, *, atomic: bool, exit_code: int, answer: str) -> None:
    pytest.importorskip("django")
    files = {
        "manage.py": DJANGO,
        "shop/__init__.py": "",
        "shop/migrations/__init__.py": "",
        "shop/migrations/0001_phone.py": MIGRATION.format(atomic=atomic),
    }
    ran = check(project, f"{shlex.quote(sys.executable)} manage.py migrate shop", files, "apply", "crash")
    assert ran.answers() == {"pending": {"apply": "applies", "crash": answer}}
    assert ran.exit_code == exit_code
