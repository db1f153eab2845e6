"""``migsafe apply`` from the outside: what it leaves when all is well, and whatever ends it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from migsafe.history.kinds import open_history
from migsafe.history.model import HistorySettings
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.state import State, compare_states, read_state
from tests.fix_alembic import AlembicProject
from tests.fix_project import Project, Ran
from tests.fix_server import wait_for
from tests.fix_snapshots import SHOP

SETTINGS = '[history]\nkind = "flyway"\npath = "sql"\n'
FIRST = {"sql/V1__orders.sql": "ALTER TABLE orders ADD COLUMN note text DEFAULT 'new';"}
FAILS = {"sql/V2__fails.sql": "INSERT INTO orders VALUES (1000, 1, 1); SELECT 1/0;"}
HANGS = {"sql/V2__hangs.sql": "INSERT INTO orders VALUES (1000, 1, 1); SELECT pg_sleep(60);"}


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A project whose first version is the shop, and whose second is pending on :func:`target`."""
    project = Project(tmp_path / "project")
    project.write({"migsafe.toml": SETTINGS, "sql/V0__shop.sql": SHOP})
    return project


@pytest.fixture
def target(shop: Project, database: Address) -> Address:
    bring_to_first_version(shop, database)
    return database


def bring_to_first_version(shop: Project, address: Address) -> None:
    history = open_history(HistorySettings(root=shop.root, kind="flyway", path=shop.root / "sql"))
    assert history.upgrade(address, None).succeeded
    shop.write(FIRST)


def state_of(address: Address) -> State:
    with connect_to(address) as connection:
        return read_state(connection)


def unchanged(before: State, address: Address) -> bool:
    return not compare_states(before, state_of(address)).describe()


def apply(project: Project, address: Address, *options: str, yes: bool = True) -> Ran:
    return project.migsafe(
        "apply", "--target", "env:TARGET", *(["--yes"] if yes else []), *options, TARGET=address.url()
    )


def way_back(output: str) -> list[str]:
    """The command that restores, as it was said last."""
    command = [line.strip() for line in output.splitlines() if line.strip().startswith("migsafe snapshot restore")][-1]
    return shlex.split(command)[1:]


def password_of(address: Address) -> dict[str, str]:
    return {"PGPASSWORD": address.password} if address.password else {}


@contextmanager
def applying(project: Project, address: Address, *options: str) -> Iterator[subprocess.Popen[str]]:
    """``migsafe apply`` in the middle of its second migration."""
    command = [sys.executable, "-m", "migsafe", "apply", "--yes", "--target", "env:TARGET", *options]
    process = subprocess.Popen(
        command,
        cwd=project.root,
        env={**os.environ, "TARGET": address.url()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with connect_to(address.on("postgres")) as watcher:
            query = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND query LIKE '%%pg_sleep(60)%%'"
            assert wait_for(lambda: watcher.execute(query, (address.database,)).fetchone() is not None, 60)
        yield process
    finally:
        process.kill()
        process.wait()


def test_what_is_pending_is_applied_and_what_has_changed_is_said(shop: Project, target: Address) -> None:
    ran = apply(shop, target)
    assert ran.exit_code == 0, ran.output + ran.errors
    assert "column public.orders.note: added" in ran.output
    with connect_to(target) as connection:
        assert connection.execute("SELECT count(*) FROM orders WHERE note = 'new'").fetchone() == (300,)
    again = apply(shop, target)
    assert (again.exit_code, again.output) == (0, "nothing is pending\n")


def test_the_history_may_be_named_by_flags(shop: Project, target: Address) -> None:
    shop.write({"migsafe.toml": ""})
    ran = apply(shop, target, "--history", "flyway", "--path", "sql", yes=False)
    assert (ran.exit_code, "pending: 1" in ran.output) == (2, True), ran
    wrong = apply(shop, target, "--history", "flyway", "--path", "nowhere")
    assert (wrong.exit_code, "nowhere: there is no such directory" in wrong.errors) == (2, True)


def test_the_plan_is_said_first_and_without_a_terminal_it_needs_yes(shop: Project, target: Address) -> None:
    before = state_of(target)
    ran = apply(shop, target, yes=False)
    assert ran.exit_code == 2
    assert "pending: 1" in ran.output
    assert "it would take about" in ran.output
    assert "--yes" in ran.errors
    assert unchanged(before, target)


def test_a_history_that_its_tool_refuses_is_refused_before_anything_is_done(shop: Project, target: Address) -> None:
    shop.write({"sql/V1__twin.sql": "SELECT 1;"})
    ran = apply(shop, target)
    assert (ran.exit_code, ran.output) == (2, "")
    assert "V1__twin.sql" in ran.errors
    assert not (shop.root / ".migsafe").exists()


def test_a_tool_that_can_not_begin_leaves_the_old_state_and_that_is_proved(
    project: AlembicProject, database: Address
) -> None:
    project.revision("a", None)
    project.write("alembic/env.py", "from alembic import context\ncontext.is_offline_mode() or nothing\n")
    project.write("migsafe.toml", '[history]\nkind = "alembic"\n')
    ran = apply(Project(project.root), database)
    assert ran.exit_code == 1, ran.errors
    assert "failed: a: " in ran.output
    assert "env.py:2: NameError" in ran.output
    assert "nothing to restore" in ran.output


def test_a_failure_in_one_transaction_has_nothing_to_restore_and_that_is_proved(shop: Project, target: Address) -> None:
    apply(shop, target)
    shop.write(FAILS)
    before = state_of(target)
    ran = apply(shop, target)
    assert ran.exit_code == 1
    assert "division by zero" in ran.output
    assert "nothing to restore" in ran.output
    assert unchanged(before, target)


def test_what_was_committed_before_the_failure_is_taken_back(shop: Project, target: Address) -> None:
    shop.write(FAILS)
    before = state_of(target)
    ran = apply(shop, target)
    assert ran.exit_code == 1
    assert "left behind: column public.orders.note: added" in ran.output
    assert "restored in" in ran.output, ran.output + ran.errors
    assert unchanged(before, target)


def test_the_tools_own_table_is_put_back_and_not_listed_among_what_has_changed(shop: Project, target: Address) -> None:
    shop.write({"sql/V2__loses.sql": "DELETE FROM orders WHERE id = 1;"})
    before = state_of(target)
    assert "public.flyway_schema_history" in before.contents.tables
    ran = apply(shop, target)
    assert (ran.exit_code, "left behind: table public.orders: 300 → 299 rows" in ran.output) == (1, True), ran.output
    assert "flyway_schema_history" not in ran.output
    assert unchanged(before, target)
    applied = apply(shop, target, "--accept-loss")
    assert (applied.exit_code, "flyway_schema_history" in applied.output) == (0, False)


def test_a_migration_that_left_nothing_but_the_tools_mark_is_taken_back_to_before_the_mark(
    tmp_path: Path, database: Address
) -> None:
    project = Project(tmp_path / "project")
    project.write({"migsafe.toml": '[history]\nkind = "golang-migrate"\npath = "sql"\n', "sql/1_shop.up.sql": SHOP})
    assert apply(project, database).exit_code == 0
    project.write({"sql/2_fails.up.sql": FAILS["sql/V2__fails.sql"]})
    before = state_of(database)
    ran = apply(project, database)
    assert ran.exit_code == 1
    assert "left behind: only what the migration tool wrote into its own tables" in ran.output
    assert "restored in" in ran.output, ran.output + ran.errors
    assert unchanged(before, database)


def test_a_migration_that_loses_values_is_taken_back_unless_the_loss_is_accepted(
    shop: Project, target: Address
) -> None:
    shop.write({"sql/V2__narrow.sql": "ALTER TABLE orders DROP COLUMN amount; DELETE FROM orders WHERE id > 290;"})
    before = state_of(target)
    ran = apply(shop, target)
    assert ran.exit_code == 1
    assert "failed: data-disappeared: public.orders: 10 of 300 rows disappeared" in ran.output
    assert "failed: data-lost: public.orders.amount: The column is gone with 300 values in it" in ran.output
    assert unchanged(before, target)
    accepted = apply(shop, target, "--accept-loss")
    assert accepted.exit_code == 0
    with connect_to(target) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (290,)


def test_values_are_judged_as_the_gate_judges_them_and_an_ignore_comment_counts(shop: Project, target: Address) -> None:
    loss = "ALTER TABLE orders ALTER COLUMN amount TYPE numeric(8, 0);"
    shop.write({"sql/V2__round.sql": "UPDATE orders SET amount = id + 1000.11;"})
    assert apply(shop, target).exit_code == 0
    shop.write({"sql/V3__round.sql": loss})
    before = state_of(target)
    ran = apply(shop, target)
    assert ran.exit_code == 1, ran.output + ran.errors
    assert "failed: data-rounded: public.orders.amount: 300 of 300 values are rounded" in ran.output
    assert unchanged(before, target)
    shop.write({"sql/V3__round.sql": f"-- migsafe: ignore data-rounded whole crowns are enough\n{loss}"})
    meant = apply(shop, target)
    assert meant.exit_code == 0, meant.output + meant.errors
    assert "whole crowns are enough" in meant.output


def test_values_that_cannot_be_compared_are_not_called_safe_and_counts_are_judged_all_the_same(
    shop: Project, target: Address
) -> None:
    nowhere = ("--server", "postgresql://nobody@127.0.0.1:1/none")
    shop.write({"sql/V2__more.sql": "UPDATE orders SET amount = amount + 1;"})
    ran = apply(shop, target, *nowhere)
    assert ran.exit_code == 3, ran.output + ran.errors
    assert "not checked: data-not-comparable: public.orders: " in ran.output
    shop.write({"sql/V3__fewer.sql": "DELETE FROM orders WHERE id > 290;"})
    before = state_of(target)
    lost = apply(shop, target, *nowhere)
    assert lost.exit_code == 1
    assert "lost: table public.orders: 300 → 290 rows" in lost.output
    assert unchanged(before, target)


def test_a_report_for_programs_says_which_state_is_left(shop: Project, target: Address) -> None:
    done = apply(shop, target, "--format", "json")
    report = json.loads(done.output)
    assert (report["command"], report["verdict"], done.exit_code) == ("apply", "safe", 0)
    assert "target-migrated" in [finding["rule"] for finding in report["findings"]]
    assert "restoring it would take about" in done.errors
    shop.write(FAILS)
    failed = apply(shop, target, "--output", "report.json", "--format", "json")
    report = json.loads((shop.root / "report.json").read_text())
    assert (report["verdict"], failed.exit_code) == ("unsafe", 1)
    assert "target-unchanged" in [finding["rule"] for finding in report["findings"]]
    assert "nothing to restore" in failed.output


def test_read_only_binds_new_sessions_of_others_while_it_runs_and_is_taken_back(shop: Project, target: Address) -> None:
    shop.write(HANGS)
    before = state_of(target)
    with applying(shop, target, "--read-only") as process:
        with closing(psycopg.connect(target.url(), autocommit=True)) as other, pytest.raises(psycopg.Error) as refused:
            other.execute("INSERT INTO customers (email) VALUES ('late@example.org')")
        assert refused.value.sqlstate == "25006"
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "new sessions may write again" in output
    with closing(psycopg.connect(target.url(), autocommit=True)) as other:
        assert other.execute("SHOW default_transaction_read_only").fetchone() == ("off",)
    assert shop.migsafe(*way_back(output), "--end-sessions", **password_of(target)).exit_code == 0
    assert unchanged(before, target)


def test_a_run_under_read_only_that_is_killed_says_how_to_set_others_free(shop: Project, target: Address) -> None:
    shop.write(HANGS)
    before = state_of(target)
    with applying(shop, target, "--read-only", "--tag", "release 7") as process:
        process.kill()
        output, _ = process.communicate(timeout=60)
    free = re.search(r"if it is killed, this sets them free: (SET .*)", output)
    assert free
    with connect_to(target.on("postgres")) as connection:
        query = "SELECT 1 FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = %s"
        assert connection.execute(query, (target.database,)).fetchone()
    restored = shop.migsafe(
        "snapshot", "restore", "release 7", *way_back(output)[3:], "--end-sessions", **password_of(target)
    )
    assert restored.exit_code == 0, restored.output + restored.errors
    assert unchanged(before, target)
    with connect_to(target.on("postgres")) as connection:  # a restore brings back the database's own settings too
        assert connection.execute(query, (target.database,)).fetchone() is None
        for statement in free[1].split(";"):
            connection.execute(statement.encode())


def test_what_others_wrote_is_not_overwritten_but_by_the_command_that_is_said(shop: Project, target: Address) -> None:
    shop.write({"sql/V2__fails.sql": "SELECT pg_sleep(60);"})
    before = state_of(target)
    with applying(shop, target) as process:
        with closing(psycopg.connect(target.url(), autocommit=True)) as other:
            other.execute("INSERT INTO customers (email) VALUES ('late@example.org')")
        with connect_to(target.on("postgres")) as killer:
            killer.execute(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%'"
            )
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "1 session that came and went" in output
    assert "not restored" in output
    with connect_to(target) as connection:
        assert connection.execute("SELECT 1 FROM customers WHERE email LIKE 'late%'").fetchone() == (1,)
    assert shop.migsafe(*way_back(output), **password_of(target)).exit_code == 0
    assert unchanged(before, target)


def test_a_reader_that_is_idle_since_before_is_not_taken_for_a_writer(shop: Project, target: Address) -> None:
    shop.write(FAILS)
    before = state_of(target)
    with closing(psycopg.connect(target.url(), autocommit=True)) as other:
        other.execute("SELECT 1")
        ran = apply(shop, target, "--end-sessions")
    assert "restored in" in ran.output, ran.output + ran.errors
    assert unchanged(before, target)


def test_a_lock_that_is_not_to_be_had_ends_the_migration_in_time(shop: Project, target: Address) -> None:
    before = state_of(target)
    with closing(psycopg.connect(target.url())) as other:
        other.execute("LOCK TABLE orders IN ACCESS SHARE MODE")
        ran = apply(shop, target, "--lock-timeout", "1")
    assert ran.exit_code == 1
    assert "lock timeout" in ran.output
    assert "nothing to restore" in ran.output
    assert unchanged(before, target)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_half_way_has_said_the_command_that_restores(
    shop: Project, target: Address, number: signal.Signals
) -> None:
    shop.write(HANGS)
    before = state_of(target)
    with applying(shop, target) as process:
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    restored = shop.migsafe(*way_back(output), "--end-sessions", **password_of(target))
    assert restored.exit_code == 0, restored.output + restored.errors
    assert unchanged(before, target)


def test_a_dropped_connection_is_a_failure_and_is_taken_back(shop: Project, target: Address) -> None:
    shop.write(HANGS)
    before = state_of(target)
    with applying(shop, target) as process:
        with connect_to(target.on("postgres")) as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%'"
                " AND pid <> pg_backend_pid()"
            )
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "restored in" in output
    assert unchanged(before, target)


def test_a_killed_server_leaves_a_snapshot_and_the_command(shop: Project) -> None:
    with servers.start(ServerSettings()) as server:
        name = databases.name_for(server, "killed")
        databases.create(server, name)
        address = server.address.on(name)
        bring_to_first_version(shop, address)
        shop.write(HANGS)
        with connect_to(address) as connection:
            row = connection.execute("SELECT current_setting('data_directory')").fetchone()
        assert row
        with applying(shop, address) as process:
            os.kill(int((Path(row[0]) / "postmaster.pid").read_text().splitlines()[0]), signal.SIGQUIT)
            output, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "the target may be half migrated" in output
    assert shop.migsafe("snapshot", "verify", way_back(output)[2], "--deep").exit_code == 0
