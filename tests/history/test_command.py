"""Any command is run as it is named, and led to the sandbox alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from migsafe.errors import ClientToolMissing, SettingsError
from migsafe.history.command import CommandHistory
from migsafe.history.model import HistorySettings, Migration
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.names import TableName
from tests.waiting import alive, wait_until

NOWHERE = Address("127.0.0.1", 1, "me", "shop", "s3cret/word")

MIGRATION = Migration("1", "one", Path("1.sql"))


def history(root: Path, runner: str, *, timeout: float = 60, **settings: object) -> CommandHistory:
    return CommandHistory(HistorySettings(root=root, runner=runner, timeout=timeout, **settings))  # type: ignore[arg-type]


def script(root: Path, text: str) -> str:
    """A command line that runs some Python in ``root``."""
    (root / "a tool.py").write_text(text, encoding="utf-8")
    return f"{sys.executable} 'a tool.py'"


def test_the_command_migrates_the_database_it_is_given(tmp_path: Path, database: Address) -> None:
    tool = "import os, psycopg\nwith psycopg.connect(os.environ['{}']) as c:\n    c.execute('{}')\n"
    up = script(tmp_path, tool.format("SHOP_URL", "CREATE TABLE shop ()"))
    (tmp_path / "down.py").write_text(tool.format("SHOP_URL", "DROP TABLE shop"), encoding="utf-8")
    shop = history(tmp_path, up, rollback=f"{sys.executable} down.py", url_by="env SHOP_URL")
    assert shop.upgrade(database, None).failure is None
    with connect_to(database) as connection:
        assert connection.execute("SELECT to_regclass('shop') IS NOT NULL").fetchone() == (True,)
        assert shop.downgrade(database, MIGRATION).failure is None
        assert connection.execute("SELECT to_regclass('shop') IS NULL").fetchone() == (True,)


def test_variables_lead_to_the_sandbox_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGSERVICE", "PGPASSFILE", "DATABASE_URL"):
        monkeypatch.setenv(name, "production")
    monkeypatch.setenv("SHOP_MODE", "kept")
    run = history(tmp_path, script(tmp_path, "import os\nfor each in os.environ.items(): print(*each)")).upgrade(
        NOWHERE, None
    )
    assert "production" not in run.output
    assert "SHOP_MODE kept" in run.output
    assert "PGHOST 127.0.0.1" in run.output
    assert "PGDATABASE shop" in run.output
    assert "PGSSLMODE disable" in run.output  # the tap declines encryption, which Go's driver would insist on


def test_the_password_is_in_neither_output_nor_failure(tmp_path: Path) -> None:
    tool = "import os\nprint(os.environ['DATABASE_URL'], os.environ['PGPASSWORD'])\nraise SystemExit(3)"
    run = history(tmp_path, script(tmp_path, tool)).upgrade(NOWHERE, None)
    assert run.failure is not None
    for text in (run.output, run.failure.message):
        assert "postgresql://me:***@127.0.0.1:1/shop ***" in text
        assert "s3cret" not in text


def test_a_failure_says_how_the_command_ended_and_its_last_words(tmp_path: Path) -> None:
    first = "import sys\nfor n in range(100): print('line', n, flush=True)"
    tool = f"{first}\nprint('ключ ñ 鍵', file=sys.stderr)\nsys.exit(3)"
    failure = history(tmp_path, script(tmp_path, tool)).upgrade(NOWHERE, None).failure
    assert failure is not None
    lines = failure.message.splitlines()
    assert lines[0].endswith("'a tool.py' ended with exit code 3:")
    assert lines[-1] == "ключ ñ 鍵"
    assert "line 0" not in lines


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (signal.SIGRTMIN + 1, f"signal {signal.SIGRTMIN + 1}")])
def test_a_command_that_is_killed_says_by_what(tmp_path: Path, number: int, name: str) -> None:
    tool = script(tmp_path, f"import os\nos.kill(os.getpid(), {number})")
    failure = history(tmp_path, tool).upgrade(NOWHERE, None).failure
    assert failure is not None
    assert failure.message.endswith(f"was ended by {name} and printed nothing")


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClientToolMissing, match="migrate-the-shop is not there") as caught:
        history(tmp_path, "migrate-the-shop up").upgrade(NOWHERE, None)
    assert "on PATH" in str(caught.value.hint)


def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("", encoding="utf-8")
    with pytest.raises(ClientToolMissing, match=r"\./tool could not be started: Permission denied"):
        history(tmp_path, "./tool").upgrade(NOWHERE, None)


def test_no_shell_reads_the_words(tmp_path: Path) -> None:
    runner = script(tmp_path, "import sys\nprint(sys.argv[1:])") + " '$HOME' ; rm 'a b'"
    assert "['$HOME', ';', 'rm', 'a b']" in history(tmp_path, runner).upgrade(NOWHERE, None).output


SPAWNS_A_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open("child", "w") as file:
    file.write(f"{child.pid}\\n")
time.sleep(60)
"""


def child_of_the_tool(root: Path) -> int:
    file = root / "child"
    wait_until(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    failure = history(tmp_path, script(tmp_path, SPAWNS_A_CHILD), timeout=2).upgrade(NOWHERE, None).failure
    assert failure is not None
    assert "ran longer than 2 s" in failure.message
    wait_until(lambda: not alive(child_of_the_tool(tmp_path)))


def test_an_interrupt_ends_the_command_with_its_children(tmp_path: Path) -> None:
    runner = script(tmp_path, SPAWNS_A_CHILD)
    code = (
        "from pathlib import Path; from tests.history.test_command import NOWHERE, history; "
        f"history(Path({str(tmp_path)!r}), {runner!r}).upgrade(NOWHERE, None)"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stderr=subprocess.DEVNULL) as migsafe:
        child = child_of_the_tool(tmp_path)
        migsafe.send_signal(signal.SIGINT)
    wait_until(lambda: not alive(child))


def test_a_question_gets_no_answer_instead_of_hanging(tmp_path: Path) -> None:
    failure = history(tmp_path, script(tmp_path, "input('Really? ')")).upgrade(NOWHERE, None).failure
    assert failure is not None
    assert "EOFError" in failure.message


def test_a_rollback_that_is_not_set_is_an_error_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="rollback is not set"):
        history(tmp_path, "true").downgrade(NOWHERE, MIGRATION)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"runner": None}, "runner is not set"),
        ({"runner": "a 'b"}, "can't be read as a command line"),
        ({"runner": "  "}, "runner is empty"),
        ({"runner": "true", "url_by": "-x url"}, "can't be done for a command"),
    ],
)
def test_settings_that_make_no_command_are_refused(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        CommandHistory(HistorySettings(root=tmp_path, **settings))  # type: ignore[arg-type]


def test_a_placeholder_that_means_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="placeholder that means nothing"):
        history(tmp_path, "true", url_by="env HOST={hots}").upgrade(NOWHERE, None)


def test_files_are_listed_for_information(tmp_path: Path) -> None:
    for name in ("2_more.sql", "1_shop.sql"):
        (tmp_path / "sql" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "sql" / name).touch()
    shop = history(tmp_path, "true", path=Path("sql"))
    assert [migration.version for migration in shop.migrations] == ["1_shop", "2_more"]
    assert not shop.stepwise
    assert history(tmp_path, "true").migrations == ()


def test_the_books_of_known_tools_are_known(tmp_path: Path) -> None:
    assert TableName("_prisma_migrations") in history(tmp_path, "true").version_tables
    assert history(tmp_path, "true", version_table="a.books").version_tables == (TableName("books", "a"),)
