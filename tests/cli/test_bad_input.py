"""Whatever is wrong with what migsafe is given: a message with what, where and what to do, and the right exit code."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migsafe.errors import ClientToolMissing, ServerUnavailable
from migsafe.postgres import clients, databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.postgres.servers.account import server_account
from tests.fix_project import APPLY, PLAIN, Project, assert_error
from tests.fix_server import python_of

ROOT = Path(__file__).parents[2]


def alembic(project: Project, environment: str, revisions: dict[str, str]) -> None:
    head = '"""r"""\nrevision = "{0}"\ndown_revision = {1}\ndef upgrade(): pass\ndef downgrade(): pass\n'
    files = {f"alembic/versions/{name}.py": head.format(name, parent) for name, parent in revisions.items()}
    ini = "[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = postgresql+psycopg://a:s3cret@db/prod\n"
    project.write({"migsafe.toml": "", "alembic.ini": ini, "alembic/env.py": environment, **files})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('[history]\npth = "x"', ["migsafe.toml:2", '"pth"', '"path"']),
        ('[history]\nkind = "command"', ["runner is not set"]),
        ('[history]\nkind = "alembic"', ["no alembic.ini"]),
        (
            '[history]\nkind = "alembic"\nconfig = "conf/a.ini"',
            ["conf/a.ini: there is no such file", "[history] config"],
        ),
        ('[history]\nkind = "golang-migrate"', ["migrations: there is no migration in this golang-migrate history"]),
        ('[history]\nkind = "flyway"', ["migrations: there is no migration", "1.sql is not named as Flyway wants it"]),
        ('[history]\nkind = "plain"\npath = "migsafe.toml"', ["migsafe.toml: this is not a directory"]),
        ('[history]\nkind = "plain"\npath = "gone"', ["gone: there is no such directory"]),
        ('[checks]\nonly = ["aply"]', ["there is no check 'aply'", 'the nearest is "apply"']),
        ('[contract]\nmap = { "A.b" = "t.c" }', ["[contract] map is of no use", "[contract] document"]),
        ('[baseline]\ndump = "gone.dump"', ["gone.dump: is not there", "[baseline] dump"]),
        ('[baseline]\nrows = ["gone.sql"]', ["gone.sql: is not there", "[baseline] rows"]),
        ("[checks]\nstatement_timeout = 99999999", ["statement_timeout", "99999999"]),
        ('[history]\nrunner = "true"\n[baseline]\nrows = ["r.sql"]\nrows_revision = "1"', ["can't stop at a base"]),
    ],
)
def test_settings_that_do_not_fit_are_a_usage_error(sql_project: Project, settings: str, words: list[str]) -> None:
    sql_project.write({"migsafe.toml": settings, "r.sql": "SELECT 1;"})
    if "kind" in settings and "path" not in settings:
        settings += '\npath = "migrations"'
        sql_project.write({"migsafe.toml": settings})
    assert_error(sql_project.migsafe("check"), 2, *words)


@pytest.mark.parametrize("key", ['config = "alembic.ini"', 'runner = "true"', 'placeholders = { a = "b" }'])
def test_a_key_for_another_tool_is_a_usage_error(sql_project: Project, key: str) -> None:
    sql_project.write({"migsafe.toml": f"{PLAIN}{key}\n"})
    assert_error(sql_project.migsafe("check"), 2, f"[history] {key.split()[0]} is only for", "of plain")


def test_a_role_that_can_not_be_made_is_a_usage_error(sql_project: Project) -> None:
    sql_project.write({"migsafe.toml": f'{PLAIN}[server]\nroles = ["app", "app", "pg_of_ours"]\n'})
    assert_error(sql_project.migsafe("check"), 2, "[server] roles: the role 'pg_of_ours' can't be made")


def test_a_negative_number_is_a_usage_error(sql_project: Project) -> None:
    ran = sql_project.migsafe("check", MIGSAFE_CHECKS_STATEMENT_TIMEOUT="-5")
    assert (ran.exit_code, "MIGSAFE_CHECKS_STATEMENT_TIMEOUT: statement_timeout must be" in ran.errors) == (2, True)


def test_settings_in_both_files_are_a_usage_error(sql_project: Project) -> None:
    sql_project.write({"pyproject.toml": '[tool.migsafe.history]\nkind = "plain"\n'})
    assert_error(sql_project.migsafe("check"), 2, "pyproject.toml:1", "migsafe.toml")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("CREATE TABLE x ();".encode("utf-16"), "is in UTF-16"),
        (b"SELECT 1;\n\xe3\x28", "2.sql:2: isn't UTF-8"),
        (b"SELECT 1;\n\0", "2.sql:2: holds a zero byte"),
        (b"\\! touch escaped\n", "2.sql:1: the psql command \\!"),
    ],
)
def test_a_file_that_is_no_sql_text_is_a_usage_error(sql_project: Project, content: bytes, words: str) -> None:
    (sql_project.root / "migrations/2.sql").write_bytes(content)
    assert_error(sql_project.migsafe("check"), 2, words)
    assert not (sql_project.root / "escaped").exists()


def test_links_that_lead_nowhere_are_named(sql_project: Project) -> None:
    folder = sql_project.root / "migrations"
    (folder / "itself").symlink_to(folder)
    (folder / "2.sql").symlink_to("2.sql")
    assert_error(sql_project.migsafe("check"), 2, "2.sql: can't be read: Too many levels of symbolic links")


@pytest.mark.parametrize(
    "name", ["2 \n\t.sql", "2_\x1b[31m\u202e.sql", "2_наёб_数据_🎉.sql", os.fsdecode(b"2_\xff.sql")]
)
def test_a_file_of_any_name_is_checked_and_shown_without_steering_the_terminal(sql_project: Project, name: str) -> None:
    sql_project.write({f"migrations/{name}": "SELECT nonsense;"})
    ran = sql_project.migsafe(*APPLY)
    assert (ran.exit_code, ran.errors) == (1, "")
    assert 'column "nonsense" does not exist' in ran.output
    assert not {"\x1b", "\u202e", "\t"} & set(ran.output)


@pytest.mark.parametrize(
    ("environment", "revisions", "words"),
    [
        ("def broken(:", {"a": "None"}, ["alembic/env.py:1: SyntaxError"]),
        ("import no_such_module", {"a": "None"}, ["alembic/env.py:1: ModuleNotFoundError", "[history] python"]),
        ("import os; os._exit(3)", {"a": "None"}, ["alembic.ini", "exit code 3"]),
        ("", {"a": "'b'", "b": "'a'"}, ["the history is a cycle"]),
        ("", {"a": "'a'"}, ["Self-loop"]),
        ("", {"a": "None\nimport no_such_module"}, ["alembic/versions/a.py:4: ModuleNotFoundError"]),
        ("", {"a": "None\nx = ("}, ["alembic/versions/a.py:4: SyntaxError"]),
        ("", {}, ["there is no migration in this alembic history"]),
    ],
)
def test_a_broken_alembic_project_is_a_usage_error(
    tmp_path: Path, environment: str, revisions: dict[str, str], words: list[str]
) -> None:
    project = Project(tmp_path)
    (tmp_path / "alembic/versions").mkdir(parents=True)
    alembic(project, environment, revisions)
    ran = project.migsafe("check", "--quiet")
    assert_error(ran, 2, *words)
    assert "s3cret" not in ran.errors


@pytest.mark.parametrize("written_as", ["custom", "plain"])
def test_a_dump_of_a_newer_server_names_the_version_to_use(sql_project: Project, written_as: str) -> None:
    dump = sql_project.root / "new.dump"
    try:
        clients.find("pg_dump", 18)
        with servers.start(ServerSettings(use="embedded", version=18)) as newer:
            newer.client("pg_dump", [f"--format={written_as}", f"--file={dump}"], "postgres")
    except (ServerUnavailable, ClientToolMissing) as missing:
        pytest.skip(str(missing))
    ran = sql_project.migsafe("check", "--quiet", "--dump", str(dump), "--server-version", "16")
    assert_error(ran, 3, "new.dump", "[server] version = 18")


def test_a_server_url_with_a_wrong_password_is_refused_without_repeating_it(
    sql_project: Project, server: Server
) -> None:
    url = server.address.url().replace(str(server.address.password), "wr0ng-secret")
    ran = sql_project.migsafe("check", MIGSAFE_SERVER_USE=url)
    assert_error(ran, 3, "password authentication failed")
    assert "wr0ng-secret" not in ran.errors


def test_a_url_that_is_none_is_a_usage_error_without_repeating_it(sql_project: Project) -> None:
    ran = sql_project.migsafe("check", MIGSAFE_SERVER_USE="postgresql://me:s3cret@host:port/db")
    assert_error(ran, 2, "its port is not a number")
    assert "s3cret" not in ran.errors


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system with room for a server and little more."""
    with tempfile.TemporaryDirectory(prefix="small") as path:
        mount = ["mount", "-t", "tmpfs", "-o", "size=120m,mode=1777", "tmpfs", path]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("mounting a small file system is not permitted here")
        yield Path(path)
        subprocess.run(["umount", path], check=True)


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_full_disk_is_no_verdict_on_the_migration(sql_project: Project, small_disk: Path, version: str) -> None:
    large = "CREATE TABLE large AS SELECT repeat(md5(g::text), 30) FROM generate_series(1, 200000) g;"
    sql_project.write({"migrations/2.sql": "SELECT 1;", f"migrations/{version}.sql": large})
    ran = sql_project.migsafe(*APPLY, MIGSAFE_SERVER_DIRECTORY=str(small_disk))
    assert_error(ran, 3, "the throwaway server's disk is full", "No space left on device", "'directory' under [server]")
    assert list(small_disk.iterdir()) == []


def test_nothing_is_written_into_a_project_that_is_read_only() -> None:
    account = server_account()
    python = python_of(account)
    with tempfile.TemporaryDirectory(prefix="readonly") as path:
        project = Project(Path(path))
        project.write({"migsafe.toml": PLAIN, "migrations/1.sql": "CREATE TABLE t (id int);"})
        project.root.chmod(stat.S_IRUSR | stat.S_IXUSR)
        (project.root / "migrations").chmod(0o755)
        os.chown(project.root, account.uid, account.gid)
        arguments = [python, "-m", "migsafe", "check", "--quiet", "--check", "apply"]
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), *sys.path))), "HOME": "/nonexistent"}
        for output, code in (((), 0), (("--output", "report.json"), 2)):
            ran = subprocess.run(
                [*arguments, *output],
                cwd=project.root,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                **account.privileges,
            )
            assert ran.returncode == code, ran.stderr
            assert "Traceback" not in ran.stderr
        assert sorted(file.name for file in project.root.iterdir()) == ["migrations", "migsafe.toml"]


def test_a_report_that_cannot_be_written_is_said(sql_project: Project) -> None:
    assert_error(sql_project.migsafe(*APPLY, "--output", "/dev/full"), 3, "/dev/full: the file can't be written")


def test_a_missing_home_cache_and_temporary_directory_cost_nothing(sql_project: Project, server: Server) -> None:
    if server.kind == "embedded" and os.geteuid() == 0:
        pytest.skip("as root, a wheel that the server's user can't reach needs a cache")
    nowhere = {"HOME": "", "MIGSAFE_CACHE": "/proc/none", "TMPDIR": "/nonexistent"}
    assert sql_project.migsafe(*APPLY, **nowhere).exit_code == 0


def test_a_reader_that_goes_away_is_met_in_silence(sql_project: Project) -> None:
    line = f"{sys.executable} -m migsafe check --quiet --check apply --format json | head -1"
    ran = subprocess.run(line, shell=True, cwd=sql_project.root, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("{\n", "")


@pytest.mark.parametrize("command", ["fingerprint", "schema"])
def test_a_file_that_can_not_be_written_is_refused_before_anything_is_read(sql_project: Project, command: str) -> None:
    ran = sql_project.migsafe(command, "postgresql://nobody@127.0.0.1:1/none", "-o", "gone/file.json")
    assert (ran.exit_code, "gone isn't there" in ran.errors) == (2, True), ran


def test_a_directory_that_is_a_file_is_no_defect(sql_project: Project, database: Address) -> None:
    ran = sql_project.migsafe("snapshot", "take", "--target", database.url(), "--directory", "migsafe.toml")
    assert (ran.exit_code, "migsafe.toml" in ran.errors, "defect" in ran.errors) == (3, True, False), ran


def test_a_pg_config_that_says_nothing_of_use_names_nothing(sql_project: Project) -> None:
    assert sql_project.migsafe(*APPLY, PG_CONFIG="/gone/pg_config").exit_code == 0
    sql_project.write({"pg_config": "#!/bin/sh\nprintf '/caf\\351\\n'\n"})
    (sql_project.root / "pg_config").chmod(0o755)
    assert sql_project.migsafe(*APPLY, PG_CONFIG=str(sql_project.root / "pg_config")).exit_code == 0


@pytest.mark.parametrize("command", ["schema env:T", "diff env:T env:T", "fingerprint env:T", "compare env:T env:T"])
def test_what_the_server_refuses_is_no_defect(sql_project: Project, server: Server, command: str) -> None:
    with ascii_database(server) as database:
        with databases.connect(server, database) as connection:
            connection.execute("SET client_encoding = sql_ascii")
            connection.execute(b"CREATE TABLE gr\xf6\xdfe ()")
        ran = sql_project.migsafe(*command.split(), T=server.address.on(database).url())
        assert (ran.exit_code, "invalid byte sequence" in ran.errors) == (3, True), ran


def test_a_value_that_is_no_utf8_does_not_keep_a_finding_from_being_told(sql_project: Project, server: Server) -> None:
    with ascii_database(server) as database:
        with databases.connect(server, database) as connection:
            connection.execute("SET client_encoding = sql_ascii")
            connection.execute(b"CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'caf\xe9')")
        sql_project.write({"migrations/3.sql": "UPDATE t SET a = a || '!';"})
        dump = [clients.find("pg_dump", server.major).path, "--format=custom", "--file=base.dump", database]
        environment = {**os.environ, **server.address.environment()}
        subprocess.run(dump, check=True, cwd=sql_project.root, env=environment)
        baseline = {"MIGSAFE_BASELINE_DUMP": "base.dump", "MIGSAFE_BASELINE_REVISION": "1"}
        ran = sql_project.migsafe("check", "--quiet", "--check", "apply-twice", **baseline)
        assert (ran.exit_code, "changes the database again" in ran.output) == (1, True), ran


@contextmanager
def ascii_database(server: Server) -> Iterator[str]:
    """A database that takes any bytes for text."""
    name = databases.name_for(server, "bytes")
    with databases.connect(server, "postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'".encode())
    try:
        yield name
    finally:
        databases.drop(server, name)
