"""``migsafe snapshot`` from the outside: what is said, and what is left when something ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.state import compare_states, read_state
from tests.fix_disk import small_disk
from tests.fix_project import Project, Ran
from tests.fix_server import wait_for
from tests.fix_snapshots import SHOP

MUCH = "CREATE TABLE much AS SELECT i, md5(i::text) || md5((-i)::text) AS words FROM generate_series(1, 1500000) i"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.write({"migsafe.toml": ""})
    return made


def snapshot(project: Project, address: Address, *arguments: str) -> Ran:
    return project.migsafe("snapshot", *arguments, TARGET=address.url(), PGPASSWORD=address.password or "")


def store(project: Project) -> Path:
    return project.root / ".migsafe" / "snapshots"


def children(process: int, name: str) -> list[int]:
    """The processes below ``process`` whose program is called so, but for those that are only asked their version."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = path.read_text().split(" (", 1)
            program, fields = rest.rsplit(") ", 1)
            asked = b"--version" in path.with_name("cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields.split()[1]) == process and program == name and not asked:
            found.append(int(number))
    return found


def child(process: int, name: str) -> int:
    """The first such process, as soon as there is one."""
    found: list[int] = []
    assert wait_for(lambda: bool(found or found.extend(children(process, name)) or found), 60)
    return found[0]


@contextmanager
def dumping(project: Project, address: Address) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``migsafe snapshot take`` while its pg_dump runs, and the pg_dump's process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "migsafe", "snapshot", "take", "--target", "env:TARGET"],
        cwd=project.root,
        env={**os.environ, "TARGET": address.url()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, child(process.pid, "pg_dump")
    finally:
        process.kill()
        process.wait()


def test_a_tag_is_kept_shown_and_names_its_newest_snapshot(project: Project, filled: Address) -> None:
    for tag in ("before 2.0", "other"):
        assert snapshot(project, filled, "take", "--target", "env:TARGET", "--tag", tag).exit_code == 0
    assert "tag before 2.0" in snapshot(project, filled, "list").output
    assert "before 2.0" in snapshot(project, filled, "show", "before 2.0").output
    unknown = snapshot(project, filled, "show", "before 3.0")
    assert (unknown.exit_code, unknown.output) == (2, "")


def test_where_there_is_no_snapshot_that_is_said(project: Project, filled: Address) -> None:
    listed = snapshot(project, filled, "list")
    assert (listed.exit_code, listed.output, "there is no snapshot in " in listed.errors) == (0, "", True)
    assert json.loads(snapshot(project, filled, "list", "--format", "json").output) == []


def test_a_store_that_can_not_be_made_is_named_with_another_way(project: Project, filled: Address) -> None:
    project.write({"taken": ""})
    refused = snapshot(project, filled, "take", "--target", "env:TARGET", "--directory", "taken/store")
    assert refused.exit_code == 3
    assert "taken/store: the directory for snapshots can't be made: Not a directory" in refused.errors
    assert "--directory" in refused.errors


def test_a_round_trip(project: Project, filled: Address) -> None:
    taken = snapshot(project, filled, "take", "--target", "env:TARGET", "--privileges")
    assert taken.exit_code == 0, taken.errors
    assert "2 tables, 400 rows" in taken.output
    (listed,) = json.loads(snapshot(project, filled, "list", "--format", "json").output)
    assert listed["format"] == "migsafe.snapshot/2"
    assert listed["name"] in taken.output
    assert "400 rows" in snapshot(project, filled, "show", "latest").output
    assert snapshot(project, filled, "verify", "latest").output.startswith("whole: ")
    with connect_to(filled) as connection:
        before = read_state(connection)
        connection.execute("DROP TABLE orders")
    restored = snapshot(project, filled, "restore", "latest", "--target", "env:TARGET")
    assert restored.exit_code == 0, restored.errors
    assert "equal to" in restored.output
    with connect_to(filled) as connection:
        assert not compare_states(before, read_state(connection))
    assert "removing" in snapshot(project, filled, "prune", "--keep", "0").output
    assert snapshot(project, filled, "list").output == ""


def test_a_damaged_snapshot_is_said_by_exit_code_1(project: Project, filled: Address) -> None:
    snapshot(project, filled, "take", "--target", "env:TARGET")
    (toc,) = store(project).glob("*/dump/toc.dat")
    toc.write_bytes(b"")
    ran = snapshot(project, filled, "verify", "latest")
    assert ran.exit_code == 1
    assert "dump/toc.dat: 0 bytes" in ran.output


def test_a_database_that_migsafe_did_not_make_must_be_named(project: Project, filled: Address) -> None:
    snapshot(project, filled, "take", "--target", "env:TARGET")
    ran = snapshot(project, filled.on("postgres"), "restore", "latest", "--target", "env:TARGET")
    assert ran.exit_code == 2
    assert "--into postgres" in ran.errors


def test_a_tag_is_not_pruned_away_unless_that_is_said_and_what_is_kept_is_said_with_the_reason(
    project: Project, filled: Address
) -> None:
    snapshot(project, filled, "take", "--target", "env:TARGET", "--tag", "release-7")
    snapshot(project, filled, "take", "--target", "env:TARGET")
    tried = snapshot(project, filled, "prune", "--keep", "0", "--dry-run").output
    assert "it has the tag release-7; --tagged lets it go" in tried
    assert "would remove" in tried
    assert "keeping" in snapshot(project, filled, "prune", "--keep", "0").output
    assert "tag release-7, so kept" in snapshot(project, filled, "list").output
    assert "unless with --tagged" in snapshot(project, filled, "show", "release-7").output
    assert snapshot(project, filled, "prune", "--keep", "0", "--except", "release-8").exit_code == 2
    snapshot(project, filled, "prune", "--keep", "0", "--tagged")
    assert list(store(project).iterdir()) == []


def test_a_snapshot_that_can_not_be_read_is_named_and_stops_nothing(project: Project, filled: Address) -> None:
    for _ in range(2):
        snapshot(project, filled, "take", "--target", "env:TARGET")
    first, second = sorted(store(project).iterdir())
    (first / "manifest.json").write_text('{"format": "migsafe.snapshot/1"}')
    listed = snapshot(project, filled, "list")
    assert (listed.exit_code, listed.output.split()[0]) == (0, second.name)
    assert f"{first.name}: this snapshot has the format migsafe.snapshot/1" in listed.errors
    assert (
        f"keeping {first.name}: this snapshot has the format"
        in snapshot(project, filled, "prune", "--keep", "1").output
    )
    assert snapshot(project, filled, "show", first.name).exit_code == 3


def test_nothing_is_pruned_unless_it_is_said_what(project: Project, filled: Address) -> None:
    assert snapshot(project, filled, "prune").exit_code == 2


def test_no_password_is_in_what_is_kept_or_said(project: Project, filled: Address) -> None:
    with connect_to(filled) as connection:
        connection.execute("DROP ROLE IF EXISTS secretive")
        connection.execute("CREATE ROLE secretive SUPERUSER LOGIN PASSWORD 'hunter2'")
    address = Address(filled.host, filled.port, "secretive", filled.database, "hunter2")
    ran = project.migsafe("snapshot", "take", "--target", "env:TARGET", TARGET=address.url())
    assert ran.exit_code == 0, ran.errors
    texts = [path.read_bytes() for path in store(project).rglob("*") if path.is_file()]
    assert not any(b"hunter2" in text for text in texts)
    assert "hunter2" not in ran.output + ran.errors


def test_a_killed_pg_dump_leaves_nothing(project: Project, filled: Address) -> None:
    with connect_to(filled) as connection:
        connection.execute(MUCH)
    with dumping(project, filled) as (process, pg_dump):
        os.kill(pg_dump, signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "pg_dump failed" in output
    assert list(store(project).iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_snapshot_leaves_nothing(project: Project, filled: Address, number: signal.Signals) -> None:
    with connect_to(filled) as connection:
        connection.execute(MUCH)
    with dumping(project, filled) as (process, _):
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert list(store(project).iterdir()) == []


def test_what_a_killed_snapshot_leaves_is_none_and_is_pruned(project: Project, filled: Address) -> None:
    with connect_to(filled) as connection:
        connection.execute(MUCH)
    with dumping(project, filled) as (process, pg_dump):
        process.kill()
        process.wait()
        with suppress(ProcessLookupError):
            os.kill(pg_dump, signal.SIGKILL)
    assert snapshot(project, filled, "list").output == ""
    (left,) = store(project).iterdir()
    assert left.name.startswith(".partial-")
    assert snapshot(project, filled, "prune", "--keep", "1").output.startswith("removing .partial-")
    assert list(store(project).iterdir()) == []


def test_a_server_that_is_killed_meanwhile_leaves_nothing(project: Project) -> None:
    with servers.start(ServerSettings()) as server:
        name = databases.name_for(server, "killed")
        databases.create(server, name)
        address = server.address.on(name)
        with connect_to(address) as connection:
            connection.execute(MUCH)
            row = connection.execute("SELECT current_setting('data_directory')").fetchone()
        assert row
        with dumping(project, address) as (process, _):
            os.kill(int((Path(row[0]) / "postmaster.pid").read_text().splitlines()[0]), signal.SIGQUIT)
            output, _ = process.communicate(timeout=60)
    assert process.returncode == 3, output
    assert list(store(project).iterdir()) == []


def test_a_full_disk_leaves_nothing(project: Project, filled: Address) -> None:
    with connect_to(filled) as connection:
        connection.execute(MUCH)
    with small_disk(1) as disk:
        kept = disk.path / "store"
        ran = snapshot(project, filled, "take", "--target", "env:TARGET", "--directory", str(kept))
        assert ran.exit_code == 3, ran.output
        assert "No space left on device" in ran.errors
        assert list(kept.iterdir()) == []


def test_apply_with_a_full_disk_runs_no_migration(project: Project, database: Address) -> None:
    with connect_to(database) as connection:
        connection.execute(MUCH)
        before = read_state(connection)
    project.write({"migsafe.toml": '[history]\nkind = "golang-migrate"\npath = "sql"\n', "sql/1_shop.up.sql": SHOP})
    with small_disk(1) as disk:
        directory = ("--directory", str(disk.path / "store"))
        ran = project.migsafe("apply", "--yes", "--target", "env:TARGET", *directory, TARGET=database.url())
    assert ran.exit_code == 3
    assert "no migration was run: the target is as it was" in ran.output
    with connect_to(database) as connection:
        assert not compare_states(before, read_state(connection))


HELD = """
CREATE FUNCTION hold(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE application_name = 'holder of the restore') THEN
        PERFORM pg_catalog.pg_sleep(600);
    END IF;
    RETURN $1;
END $$;
CREATE INDEX held ON customers (public.hold(id::integer));
"""
"""An index whose making stands still in the middle of a restore for as long as that session is there."""


@pytest.mark.parametrize("way", ["beside", "in place"])
def test_a_restore_that_is_killed_leaves_the_old_database(project: Project, filled: Address, way: str) -> None:
    with connect_to(filled) as connection:
        connection.execute(HELD)
    snapshot(project, filled, "take", "--target", "env:TARGET")
    with connect_to(filled) as connection:
        connection.execute("DELETE FROM orders")
        before = read_state(connection)
    options = ["--in-place"] if way == "in place" else []
    command = ["snapshot", "restore", "latest", "--target", "env:TARGET", *options]
    with connect_to(filled.on("postgres")) as watcher:
        watcher.execute("SET application_name = 'holder of the restore'")
        process = subprocess.Popen(
            [sys.executable, "-m", "migsafe", *command],
            cwd=project.root,
            env={**os.environ, "TARGET": filled.url()},
        )
        clients = "FROM pg_stat_activity WHERE application_name IN ('pg_restore', 'psql') AND datname ~ 'migsafe'"
        held = f"SELECT 1 {clients} AND wait_event = 'PgSleep'".encode()
        assert wait_for(lambda: watcher.execute(held).fetchone() is not None, 60)
        running = [*children(process.pid, "pg_restore"), *children(process.pid, "psql")]
        process.kill()
        process.wait()
        for each in running:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        watcher.execute(f"SELECT pg_terminate_backend(pid) {clients}".encode())
        ours = ["migsafe", "pg_restore", "psql"]  # the server must have noticed that they are gone
        left = "SELECT 1 FROM pg_stat_activity WHERE application_name = ANY (%s) AND pid <> pg_backend_pid()"
        assert wait_for(lambda: watcher.execute(left, (ours,)).fetchone() is None, 60)
    with connect_to(filled) as connection:
        assert not compare_states(before, read_state(connection))
    assert snapshot(project, filled, *command[1:]).exit_code == 0
    with connect_to(filled.on("postgres")) as connection:
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname ~ '_(restored|replaced)'").fetchone() is None
