"""Alembic's histories are read and run as the project itself would."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from migsafe.errors import ClientToolMissing, HistoryError, SettingsError
from migsafe.findings import Severity
from migsafe.history import alembic_interpreter
from migsafe.history.alembic import AlembicHistory
from migsafe.history.model import HistorySettings, Migration
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.names import TableName
from tests.fix_alembic import ENVIRONMENT, AlembicProject
from tests.waiting import alive, wait_until

SHOP = Path(__file__).parents[2]


def tables(address: Address) -> set[str]:
    with connect_to(address) as connection:
        query = (
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
        )
        return {name for (name,) in connection.execute(query)} - {"alembic_version"}


def applied(history: AlembicHistory, address: Address) -> frozenset[str]:
    with connect_to(address) as connection:
        return history.applied(connection)


def by_version(history: AlembicHistory) -> dict[str, Migration]:
    return {migration.version: migration for migration in history.migrations}


def branches(project: AlembicProject) -> AlembicHistory:
    """root ── left ──── merged, and right depends on the other base."""
    project.revision("root", None)
    project.revision("other", None)
    project.revision("left", "root")
    project.revision("right", "root", more="depends_on = 'other'")
    project.revision("merged", ("left", "right"))
    return project.history()


def test_migrations_are_in_the_order_of_upgrade_heads(project: AlembicProject) -> None:
    order = [migration.version for migration in branches(project).migrations]
    assert sorted(order) == ["left", "merged", "other", "right", "root"]
    for before, after in [
        ("root", "left"),
        ("root", "right"),
        ("other", "right"),
        ("left", "merged"),
        ("right", "merged"),
    ]:
        assert order.index(before) < order.index(after)


def test_a_migration_knows_its_parents_and_its_file(project: AlembicProject) -> None:
    migrations = by_version(branches(project))
    assert set(migrations["right"].parents) == {"root", "other"}
    assert migrations["merged"].parents == ("left", "right")
    assert migrations["merged"].description == "Make merged"
    assert migrations["merged"].up == migrations["merged"].down == project.root / "alembic/versions/merged.py"


def test_branches_are_applied_and_taken_back_one_at_a_time(project: AlembicProject, database: Address) -> None:
    history = branches(project)
    for count, migration in enumerate(history.migrations, start=1):
        assert history.upgrade(database, migration).succeeded
        assert len(tables(database)) == count
        assert applied(history, database) == {each.version for each in history.migrations[:count]}
    for migration in reversed(history.migrations):
        before = tables(database)
        assert history.downgrade(database, migration).failure is None
        assert before - tables(database) == {migration.version}


def test_a_merge_is_applied_by_its_heads_in_one_run(project: AlembicProject, database: Address) -> None:
    history = branches(project)
    assert history.upgrade(database, None).succeeded
    assert tables(database) == {"root", "other", "left", "right", "merged"}


def test_several_heads_are_an_error_with_the_command_that_joins_them(project: AlembicProject) -> None:
    project.revision("root", None)
    project.revision("left", "root")
    project.revision("right", "root")
    history = project.history()
    (problem,) = history.problems()
    assert problem.rule == "history-several-heads"
    assert problem.severity is Severity.ERROR
    assert problem.remedy == "Join them: alembic merge -m 'merge heads' left right"


def test_labelled_branches_may_have_several_heads(project: AlembicProject, database: Address) -> None:
    project.revision("shop", None, more="branch_labels = 'sale'")
    project.revision("blog", None, more="branch_labels = 'news'")
    history = project.history()
    assert [problem.severity for problem in history.problems()] == [Severity.WARNING]
    assert history.upgrade(database, None).succeeded
    assert applied(history, database) == {"shop", "blog"}


def test_a_revision_in_two_files_is_found(project: AlembicProject) -> None:
    project.revision("one", None)
    project.revision("two", "one")
    project.revision("two", "one", file="two_again")
    rules = [problem.rule for problem in project.history().problems()]
    assert "history-duplicate-version" in rules


def test_a_cycle_names_its_revisions(project: AlembicProject) -> None:
    project.revision("one", None)
    project.revision("two", "three")
    project.revision("three", "two")
    with pytest.raises(HistoryError, match=r"cycle: .*two") as caught:
        _ = project.history().migrations
    assert str(project.root / "alembic/versions/") in str(caught.value.where)


def test_a_revision_after_one_that_is_missing_is_placed(project: AlembicProject) -> None:
    project.revision("one", None)
    file = project.revision("three", "two")
    with pytest.raises(HistoryError, match="three comes after two, which is in no file") as caught:
        _ = project.history().migrations
    assert caught.value.where == f"{file}:5"


@pytest.mark.parametrize(
    ("downgrade", "rule"),
    [
        ("pass", "history-empty-down"),
        ("raise NotImplementedError", "history-empty-down"),
        ("op.execute('SELECT 1')", None),
    ],
)
def test_a_downgrade_that_takes_nothing_back_is_found(
    project: AlembicProject, downgrade: str, rule: str | None
) -> None:
    project.revision("one", None, downgrade=downgrade)
    history = project.history()
    assert [problem.rule for problem in history.problems()] == ([rule] if rule else [])
    assert (history.migrations[0].down is None) == (rule is not None)


def test_a_downgrade_that_refuses_is_meant_and_only_noted(project: AlembicProject) -> None:
    project.revision("one", None, downgrade="raise RuntimeError('there is no way back')")
    (problem,) = project.history().problems()
    assert problem.severity is Severity.NOTE


def test_a_merge_revision_needs_no_downgrade(project: AlembicProject) -> None:
    project.revision("one", None, "pass", "pass")
    assert project.history().problems() == ()


def test_a_missing_downgrade_is_found(project: AlembicProject) -> None:
    project.write("alembic/versions/one.py", "revision = 'one'\ndown_revision = None\ndef upgrade():\n    print(1)\n")
    assert [problem.rule for problem in project.history().problems()] == ["history-missing-down"]


def test_a_revision_that_alembic_does_not_load_is_found(project: AlembicProject) -> None:
    project.revision("one", None)
    project.revision("two", "one", file="2023/two")
    assert [problem.rule for problem in project.history().problems()] == ["history-file-not-loaded"]


def test_an_empty_history_is_no_error(project: AlembicProject, database: Address) -> None:
    history = project.history()
    assert history.migrations == ()
    assert history.problems() == ()
    assert applied(history, database) == frozenset()
    assert history.upgrade(database, None).succeeded


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("revision = 'one'\ndown_revision = None\ndef upgrade(:\n", 3, "SyntaxError"),
        (
            "revision = 'one'\ndown_revision = None\nimport nowhere\n",
            3,
            "ModuleNotFoundError: No module named 'nowhere'",
        ),
        ("revision = 'one'\n\n1 / 0\n", 3, "ZeroDivisionError"),
    ],
)
def test_a_revision_that_does_not_load_is_named_with_its_line(
    project: AlembicProject, text: str, line: int, message: str
) -> None:
    project.write("alembic/versions/one.py", text)
    with pytest.raises(HistoryError, match=message) as caught:
        _ = project.history().migrations
    assert caught.value.where == f"alembic/versions/one.py:{line}"


@pytest.mark.parametrize("text", ["import nowhere\n", "def f(:\n"])
def test_a_broken_environment_is_named_with_its_line(project: AlembicProject, text: str) -> None:
    project.write("alembic/env.py", text)
    with pytest.raises(HistoryError) as caught:
        _ = project.history().migrations
    assert caught.value.where == "alembic/env.py:1"


def test_an_environment_that_fails_before_migrating_is_an_error_of_the_project(
    project: AlembicProject, database: Address
) -> None:
    project.revision("one", None)
    project.write("alembic/env.py", "import os\nurl = os.environ['SHOP_DATABASE']\n")
    with pytest.raises(HistoryError, match="KeyError: 'SHOP_DATABASE'") as caught:
        project.history().upgrade(database, None)
    assert caught.value.where == "alembic/env.py:2"
    assert "url_by" in str(caught.value.hint)


def test_an_environment_that_runs_no_migrations_does_not_succeed(project: AlembicProject, database: Address) -> None:
    project.revision("one", None)
    project.write("alembic/env.py", "print('nothing to see')\n")
    with pytest.raises(HistoryError, match="without running any migrations"):
        project.history().upgrade(database, None)


ELSEWHERE = {
    "a URL": "create_engine('postgresql+psycopg://postgres@{host}:{port}/{database}')",
    "a creator": "create_engine('postgresql+psycopg://', creator=lambda: psycopg.connect(**WHERE))",
    "another kind of database": "create_engine('sqlite://')",
}


@pytest.mark.parametrize("way", ELSEWHERE)
def test_nothing_but_the_sandbox_is_touched(
    project: AlembicProject, new_database: Callable[[], Address], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    sandbox, production = new_database(), new_database()
    project.revision("one", None)
    engine = ELSEWHERE[way].format(host="localhost", port=production.port, database=production.database)
    where = {**production.keywords(), "host": "localhost"}
    own = "create_engine(context.config.get_main_option('sqlalchemy.url'))"
    text = ENVIRONMENT.replace(own.replace("'", '"'), engine)
    assert text != ENVIRONMENT
    project.write("alembic/env.py", f"import psycopg\nWHERE = {where!r}\n{text}")
    with pytest.raises(HistoryError, match="and not to the sandbox") as caught:
        project.history().upgrade(sandbox, None)
    assert "url_by" in str(caught.value.hint)
    assert tables(production) == tables(sandbox) == set()


FROM_ENVIRONMENT = ENVIRONMENT.replace(
    'create_engine(context.config.get_main_option("sqlalchemy.url"))', "create_engine(URL)"
)


PARTS = {"username": "{user}", "password": "{password}", "host": "{host}", "database": "{database}"}


@pytest.mark.parametrize(
    ("url_by", "source"),
    [
        ("env SHOP_URL", "os.environ['SHOP_URL']"),
        (
            "env SHOP_PORT={port} "
            + " ".join(f"SHOP_{name.upper()}={placeholder}" for name, placeholder in PARTS.items()),
            "put_together()",
        ),
        ("-x url", "context.get_x_argument(as_dictionary=True)['url']"),
        ("url", "context.config.get_main_option('url')"),
    ],
)
def test_the_url_is_handed_over_as_the_settings_say(
    project: AlembicProject, database: Address, url_by: str, source: str
) -> None:
    project.revision("one", None)
    project.write(
        "alembic/env.py",
        f"""
import os
from sqlalchemy import URL as Url
from alembic import context

def put_together():
    parts = {{name: os.environ[f"SHOP_{{name.upper()}}"] or None for name in {list(PARTS)}}}
    return Url.create("postgresql+psycopg", port=int(os.environ["SHOP_PORT"]), **parts)

URL = {source}
{FROM_ENVIRONMENT}""",
    )
    history = project.history(url_by=url_by)
    assert history.upgrade(database, None).failure is None
    assert tables(database) == {"one"}


def test_a_password_full_of_signs_reaches_the_driver(project: AlembicProject, server_password: Address) -> None:
    project.revision(
        "one", None, "print(op.get_bind().engine.url.render_as_string(hide_password=False))\nraise KeyError(1)"
    )
    run = project.history().upgrade(server_password, None)
    assert run.failure is not None
    assert run.failure.message == "KeyError: 1"
    assert server_password.password is not None
    assert server_password.password not in run.output
    assert "***" in run.output


@pytest.fixture
def server_password(database: Address) -> Address:
    """The same database, for a user with a difficult password."""
    password = "per%cent @:/?#[]"
    with connect_to(database) as connection:
        connection.execute("DROP ROLE IF EXISTS difficult")
        connection.execute(f"CREATE ROLE difficult LOGIN SUPERUSER PASSWORD '{password}'")
    return Address(database.host, database.port, "difficult", database.database, password)


@pytest.mark.parametrize("url_by", ["env", "-x", "--url name", "sqlalchemy.url twice"])
def test_an_impossible_url_by_is_refused(project: AlembicProject, url_by: str) -> None:
    with pytest.raises(SettingsError, match="no way to hand over a URL"):
        _ = project.history(url_by=url_by).migrations


def test_variables_of_libpq_do_not_lead_elsewhere(
    project: AlembicProject, database: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", "production.example")
    monkeypatch.setenv("PGSERVICE", "production")
    project.revision(
        "one", None, "import os\nprint({key: os.environ[key] for key in sorted(os.environ) if key[:2] == 'PG'})"
    )
    run = project.history().upgrade(database, None)
    assert run.succeeded
    assert "production" not in run.output
    assert database.database in run.output


STATEMENT_FAILS = """
op.execute("CREATE TABLE shop (id integer)")
op.execute(\"\"\"
    INSERT INTO shop
    SELECT nothing FROM shop
\"\"\")
"""

ASYNCHRONOUS = """
import asyncio
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def run():
    engine = create_async_engine(context.config.get_main_option("sqlalchemy.url"))
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()

if not context.is_offline_mode():
    asyncio.run(run())
"""

DRIVERS = [
    ("psycopg", ENVIRONMENT),
    ("psycopg", ASYNCHRONOUS),
    ("psycopg2", ENVIRONMENT),
    ("asyncpg", ASYNCHRONOUS),
    ("pg8000", ENVIRONMENT),
]


@pytest.mark.parametrize(
    ("driver", "environment"), DRIVERS, ids=["psycopg", "psycopg async", "psycopg2", "asyncpg", "pg8000"]
)
def test_a_refused_statement_is_told_alike_by_every_driver(
    project: AlembicProject, database: Address, driver: str, environment: str
) -> None:
    project.write("alembic/env.py", environment)
    project.revision("one", None)
    file = project.revision("two", "one", STATEMENT_FAILS)
    history = project.history(driver=driver)
    assert history.upgrade(database, history.migrations[0]).failure is None
    failure = history.upgrade(database, None).failure
    assert failure is not None
    assert failure.sqlstate == "42703"
    assert failure.message == 'column "nothing" does not exist'
    assert failure.location.file == file
    assert failure.location.line == 9
    assert failure.excerpt == "        SELECT nothing FROM shop\n               ^"
    assert tables(database) == {"one"}


@pytest.mark.parametrize(
    ("driver", "environment"), DRIVERS, ids=["psycopg", "psycopg async", "psycopg2", "asyncpg", "pg8000"]
)
def test_no_driver_gets_past_the_guard(
    project: AlembicProject, new_database: Callable[[], Address], driver: str, environment: str
) -> None:
    sandbox, production = new_database(), new_database()
    project.revision("one", None)
    url = f"{production.url(f'postgresql+{driver}')}".replace(production.host, "localhost")
    project.write("alembic/env.py", environment.replace('context.config.get_main_option("sqlalchemy.url")', repr(url)))
    with pytest.raises(HistoryError, match="and not to the sandbox"):
        project.history().upgrade(sandbox, None)
    assert tables(production) == set()


def test_detail_and_hint_of_the_server_are_kept(project: AlembicProject, database: Address) -> None:
    project.revision(
        "one", None, "op.execute('CREATE TABLE a (b integer UNIQUE)')\nop.execute('INSERT INTO a VALUES (1), (1)')"
    )
    failure = project.history().upgrade(database, None).failure
    assert failure is not None
    assert failure.sqlstate == "23505"
    assert failure.detail == "Key (b)=(1) already exists."
    assert failure.statement == "INSERT INTO a VALUES (1), (1)"


def test_an_error_at_commit_is_placed_in_the_revision_at_work(project: AlembicProject, database: Address) -> None:
    project.revision(
        "one",
        None,
        """
        op.execute('CREATE TABLE a (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)')
        op.execute('INSERT INTO a VALUES (1), (1)')
        """,
    )
    failure = project.history().upgrade(database, None).failure
    assert failure is not None
    assert failure.sqlstate == "23505"
    assert failure.location.file == project.root / "alembic/versions/one.py"


def test_an_error_of_python_in_a_revision_is_placed(project: AlembicProject, database: Address) -> None:
    project.revision("one", None, "rows = []\nrows[1]")
    failure = project.history().upgrade(database, None).failure
    assert failure is not None
    assert failure.message == "IndexError: list index out of range"
    assert failure.location.line == 9


def test_errors_that_name_each_other_as_their_cause_are_told_once(project: AlembicProject, database: Address) -> None:
    upgrade = """
        first, second = ValueError("the first"), ValueError("the second")
        first.__cause__, second.__cause__ = second, first
        raise first
        """
    project.revision("a1", None, upgrade)
    failure = project.history(python=Path(sys.executable)).upgrade(database, None).failure
    assert failure is not None
    assert "the first" in failure.message


def test_a_concurrent_index_is_built_outside_of_the_transaction(project: AlembicProject, database: Address) -> None:
    project.revision("one", None)
    project.revision(
        "two",
        "one",
        """
        with op.get_context().autocommit_block():
            op.create_index("one_id", "one", ["id"], postgresql_concurrently=True)
        op.execute("SELECT nothing")
        """,
    )
    history = project.history()
    failure = history.upgrade(database, None).failure
    assert failure is not None
    assert failure.message == 'column "nothing" does not exist'
    with connect_to(database) as connection:
        assert connection.execute("SELECT to_regclass('one_id') IS NOT NULL").fetchone() == (True,)
    assert applied(history, database) == {"one"}


@pytest.mark.parametrize("known_by", ["env.py", "settings"])
def test_the_version_table_may_have_another_name(project: AlembicProject, database: Address, known_by: str) -> None:
    project.revision("one", None)
    arguments = 'version_table="Books", version_table_schema="kept"'
    text = ENVIRONMENT.replace("configure(connection=connection,", f"configure(connection=connection, {arguments},")
    if known_by == "env.py":
        text = text.replace("configure(url=", f"configure({arguments}, url=")
    project.write("alembic/env.py", text)
    history = project.history(version_table="kept.Books" if known_by == "settings" else None)
    with connect_to(database) as connection:
        connection.execute("CREATE SCHEMA kept")
    assert history.version_tables == (TableName("Books", "kept"),)
    assert applied(history, database) == frozenset()
    assert history.upgrade(database, None).failure is None
    assert applied(history, database) == {"one"}


def test_the_environment_may_choose_where_the_revisions_are(project: AlembicProject, database: Address) -> None:
    elsewhere = str(project.revision("one", None, file="../elsewhere/one").parent)
    project.write(
        "alembic/env.py",
        f"from alembic import context\ncontext.script.version_locations = [{elsewhere!r}]\n{ENVIRONMENT}",
    )
    history = project.history()
    assert [migration.version for migration in history.migrations] == ["one"]
    assert history.upgrade(database, None).succeeded


def test_an_environment_without_offline_mode_can_be_read(project: AlembicProject, database: Address) -> None:
    project.revision("one", None)
    project.write("alembic/env.py", ENVIRONMENT.replace("context.configure(url", "raise SystemExit(1)\n    print(url"))
    history = project.history()
    assert len(history.migrations) == 1
    assert history.upgrade(database, None).succeeded


def test_runs_do_not_share_what_the_project_keeps_in_its_modules(
    project: AlembicProject, new_database: Callable[[], Address]
) -> None:
    project.write("shop.py", "import os\nURL = os.environ['SHOP_URL']\n")
    project.revision("one", None, more="import shop")
    project.write("alembic/env.py", f"import shop\nURL = shop.URL\n{FROM_ENVIRONMENT}")
    history = project.history(url_by="env SHOP_URL")
    assert len(history.migrations) == 1
    for _ in range(2):
        address = new_database()
        assert history.upgrade(address, None).failure is None
        assert tables(address) == {"one"}


def test_a_module_beside_migsafe_does_not_stand_for_one_of_the_project(
    project: AlembicProject, database: Address
) -> None:
    project.write("model.py", "ours = True\n")
    project.revision("one", None, more="import model\nassert model.ours")
    assert project.history().upgrade(database, None).succeeded


def test_a_question_gets_no_answer_instead_of_hanging(project: AlembicProject, database: Address) -> None:
    project.revision("one", None, "input('Really? ')")
    failure = project.history().upgrade(database, None).failure
    assert failure is not None
    assert failure.message.startswith("EOFError")


def test_a_run_that_takes_too_long_is_ended(project: AlembicProject, database: Address) -> None:
    project.revision("one", None, "op.execute('SELECT pg_sleep(60)')")
    history = AlembicHistory(HistorySettings(root=project.root, timeout=2))
    assert len(history.migrations) == 1
    failure = history.upgrade(database, None).failure
    assert failure is not None
    assert failure.message == "alembic upgrade heads took longer than 2 s and was ended"
    assert len(history.migrations) == 1


def test_a_process_that_dies_is_a_failure_and_the_next_run_works(project: AlembicProject, database: Address) -> None:
    project.revision("one", None)
    project.revision("two", "one", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    history = project.history()
    failure = history.upgrade(database, None).failure
    assert failure is not None
    assert "ended without an answer" in failure.message
    assert history.upgrade(database, history.migrations[0]).succeeded


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_no_process_outlives_migsafe_when_it_is_killed(
    project: AlembicProject, database: Address, tmp_path: Path
) -> None:
    project.revision(
        "one",
        None,
        f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(f'{{os.getpid()}}\\n')\ntime.sleep(60)",
    )
    where = (database.host, database.port, database.user, database.database, database.password)
    script = (
        "from pathlib import Path; from migsafe.history.alembic import AlembicHistory; "
        "from migsafe.history.model import HistorySettings; from migsafe.postgres.address import Address; "
        f"AlembicHistory(HistorySettings(root=Path({str(project.root)!r}))).upgrade("
        f"Address(*{where!r}), None)"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as migsafe:
        wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
        migsafe.send_signal(signal.SIGKILL)
    migrating = int((tmp_path / "pid").read_text())
    wait_until(lambda: not alive(migrating))


def test_an_interpreter_without_alembic_is_named(project: AlembicProject, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = tmp_path / "bare" / "bin" / "python"
    with pytest.raises(ClientToolMissing, match=r"has no Alembic: No module named 'alembic'"):
        _ = project.history(python=python).migrations


def test_an_interpreter_that_is_not_there_is_named(project: AlembicProject) -> None:
    with pytest.raises(ClientToolMissing, match="nowhere/python could not be started: No such file"):
        _ = project.history(python=Path("/nowhere/python")).migrations


MEETS = """
import time
from pathlib import Path
Path(f"here-{op.get_bind().exec_driver_sql('SELECT current_database()').scalar()}").touch()
for _ in range(300):
    if len(list(Path().glob("here-*"))) == 2:
        break
    time.sleep(0.1)
else:
    raise RuntimeError("nobody came")
"""


@pytest.mark.skipif(os.cpu_count() == 1, reason="there is one core, so nothing runs side by side")
def test_two_runs_go_on_at_the_same_time(project: AlembicProject, new_database: Callable[[], Address]) -> None:
    project.revision("one", None, MEETS)
    history = project.history()
    with ThreadPoolExecutor(2) as executor:
        runs = list(executor.map(lambda database: history.upgrade(database, None), [new_database(), new_database()]))
    assert [run.failure for run in runs] == [None, None]


def test_an_interpreter_that_is_none_is_named(project: AlembicProject) -> None:
    with pytest.raises(ClientToolMissing, match="ended at once"):
        _ = project.history(python=Path("/bin/false")).migrations


def test_a_missing_configuration_says_what_to_set(tmp_path: Path) -> None:
    assert not AlembicHistory.fits(HistorySettings(root=tmp_path))
    with pytest.raises(HistoryError, match=r"no alembic\.ini") as caught:
        AlembicHistory(HistorySettings(root=tmp_path))
    assert "[history] config" in str(caught.value.hint)


def test_alembic_may_be_configured_in_pyproject(project: AlembicProject, database: Address) -> None:
    (project.root / "alembic.ini").unlink()
    project.write("pyproject.toml", '[tool.alembic]\nscript_location = "%(here)s/alembic"\n')
    project.revision("one", None)
    assert AlembicHistory.fits(HistorySettings(root=project.root))
    history = project.history()
    assert history.upgrade(database, None).failure is None
    assert tables(database) == {"one"}


def test_the_process_speaks_the_oldest_python_it_promises() -> None:
    files = list(alembic_interpreter.SCRIPT.glob("*.py"))
    assert files
    for file in files:
        ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_the_shop_comes_up_with_its_rows_and_goes_down_again(database: Address) -> None:
    history = AlembicHistory(HistorySettings(root=SHOP))
    assert history.problems() == ()
    assert len(history.migrations) >= 18
    base = next(migration for migration in history.migrations if migration.up.name == "2025_02_10_categories.py")
    assert history.upgrade(database, base).failure is None
    with connect_to(database) as connection:
        connection.execute((SHOP / "migrations" / "seed.sql").read_bytes())
    assert history.upgrade(database, None).failure is None
    assert applied(history, database) == {migration.version for migration in history.migrations}
    for migration in reversed(history.migrations):
        assert history.downgrade(database, migration).failure is None
    assert tables(database) == set()
