"""Servers out of the machine's own PostgreSQL: started, private, stopped, swept."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from migsafe.errors import ServerUnavailable, SettingsError
from migsafe.postgres import databases
from migsafe.postgres.address import Address, parse_url
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import cluster
from migsafe.postgres.servers import kinds as servers
from migsafe.postgres.servers.account import server_account
from migsafe.postgres.servers.embedded import Embedded
from migsafe.postgres.servers.local import Local
from migsafe.postgres.servers.places import data_directories
from migsafe.postgres.servers.runs import claimed
from tests.fix_server import Hold, python_of, wait_for

_ROOT = Path(__file__).parents[2]
KIND = Local() if any(map(Path.exists, Path("/").glob("usr/lib/postgresql/*/bin/initdb"))) else Embedded()


needs_installation = pytest.mark.skipif(
    isinstance(KIND, Embedded), reason="needs a PostgreSQL installation that the server's user can reach"
)


def query(address: Address, statement: str) -> str:
    with databases.connect_to(address) as connection:
        row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return str(row[0])


def directory_of(run_id: str, chosen: Path | None = None) -> Path | None:
    found = [path for place in data_directories(chosen) for path in place.glob(f"*migsafe-*-{run_id}")]
    return found[0] if found else None


def postmaster_of(run_id: str, chosen: Path | None = None) -> int:
    directory = directory_of(run_id, chosen)
    assert directory is not None
    return int((directory / "data" / "postmaster.pid").read_text().split()[0])


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_server_has_the_wanted_settings_and_roles() -> None:
    settings = ServerSettings(settings={"TimeZone": "Asia/Tokyo"}, roles=('weird "role"', "reader"))
    with KIND.start(settings) as server:
        assert query(server.address, "SHOW TimeZone") == "Asia/Tokyo"
        found = query(
            server.address, "SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE oid >= 16384"
        )
        assert found == 'reader,weird "role"'
        assert query(server.address, "SHOW server_version").startswith(str(server.major))


def test_text_is_unicode_and_sorted_by_code_point() -> None:
    with KIND.start(ServerSettings()) as server:
        assert query(server.address, "SELECT upper('äö')") == "ÄÖ"
        sorted_text = query(server.address, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{b,ä,B,a}'::text[]) AS x")
        assert sorted_text == "Babä"


def test_nothing_is_left_after_leaving() -> None:
    with KIND.start(ServerSettings()) as server:
        pid = postmaster_of(server.run_id)
    assert directory_of(server.run_id) is None
    assert not runs(pid)


def test_nothing_is_left_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), KIND.start(ServerSettings()) as server:
        1 / 0  # noqa: B018
    assert directory_of(server.run_id) is None


def test_a_wrong_password_is_refused_and_not_repeated() -> None:
    with KIND.start(ServerSettings()) as server:
        wrong = Address("127.0.0.1", server.address.port, "postgres", "postgres", "not the password")
        with pytest.raises(ServerUnavailable, match="password authentication failed") as caught:
            databases.connect_to(wrong)
    assert "not the password" not in f"{caught.value} {caught.value.hint}"


def test_the_password_is_in_no_argument_and_no_text() -> None:
    with KIND.start(ServerSettings()) as server:
        assert server.address.password
        arguments = Path(f"/proc/{postmaster_of(server.run_id)}/cmdline").read_text()
        log = (directory_of(server.run_id) or Path()) / "log"
        assert server.address.password not in arguments + repr(server) + str(server.address) + log.read_text()


def test_other_users_cannot_enter_the_directory() -> None:
    with KIND.start(ServerSettings()) as server:
        directory = directory_of(server.run_id)
        assert directory is not None
        assert directory.stat().st_mode & 0o777 == 0o700


def test_a_setting_that_the_server_refuses_is_shown_with_its_words() -> None:
    with (
        pytest.raises(ServerUnavailable, match='invalid value for parameter "work_mem"'),
        KIND.start(ServerSettings(settings={"work_mem": "much"})),
    ):
        pass


def test_a_directory_that_is_not_there_is_an_error_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="doesn't exist"), KIND.start(ServerSettings(directory=tmp_path / "none")):
        pass


def test_a_version_that_is_not_here_is_said_to_be_missing() -> None:
    with pytest.raises(ServerUnavailable, match="PostgreSQL 9 is") as caught:
        KIND.start(ServerSettings(version=9))
    assert caught.value.hint


@needs_installation
def test_a_second_start_copies_the_data_directory_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGSAFE_CACHE", str(tmp_path / "cache"))
    with KIND.start(ServerSettings()):
        pass
    monkeypatch.setattr(cluster, "_initdb", None)
    with KIND.start(ServerSettings()) as server:
        assert query(server.address, "SELECT 1") == "1"


@needs_installation
def test_a_cache_that_cannot_be_written_costs_only_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGSAFE_CACHE", "/proc/no-such-place")
    with KIND.start(ServerSettings()) as server:
        assert query(server.address, "SELECT 1") == "1"


def test_a_server_outlives_the_thread_that_started_it() -> None:
    starting = KIND.start(ServerSettings())
    thread = Thread(target=starting.__enter__)
    thread.start()
    thread.join()
    running = [path for place in data_directories() for path in place.glob("migsafe-*/data/postmaster.pid")]
    try:
        assert running
        time.sleep(0.2)  # a signal for the thread's death would have come by now
        assert all(runs(int(path.read_text().split()[0])) for path in running if path.exists())
    finally:
        starting.__exit__(None, None, None)


@pytest.mark.skipif(sys.platform != "linux", reason="the signal for the death of a parent is Linux's")
def test_a_killed_run_takes_its_server_along_and_the_next_run_deletes_its_directory(hold: Hold, place: Path) -> None:
    holder = hold(KIND.name, directory=place)
    pid = postmaster_of(holder.run_id, place)
    holder.process.kill()
    holder.process.wait()
    assert wait_for(lambda: not runs(pid))
    assert directory_of(holder.run_id, place)
    with KIND.start(ServerSettings(directory=place)):
        assert directory_of(holder.run_id, place) is None


def test_a_server_that_outlived_its_run_is_ended_by_the_next(hold: Hold, place: Path) -> None:
    holder = hold(KIND.name, directory=place, outlive=True)
    pid = postmaster_of(holder.run_id, place)
    holder.process.kill()
    holder.process.wait()
    assert runs(pid)
    with KIND.start(ServerSettings(directory=place)):
        assert not runs(pid)
        assert directory_of(holder.run_id, place) is None


def test_an_interrupted_run_leaves_nothing(hold: Hold, place: Path) -> None:
    holder = hold(KIND.name, directory=place)
    pid = postmaster_of(holder.run_id, place)
    holder.process.send_signal(signal.SIGINT)
    assert holder.process.wait(10) == 130
    assert directory_of(holder.run_id, place) is None
    assert not runs(pid)


def test_two_runs_side_by_side_do_not_disturb_each_other(hold: Hold, place: Path) -> None:
    holder = hold(KIND.name, directory=place)
    with KIND.start(ServerSettings(directory=place)) as server:
        assert query(server.address, "SELECT 1") == "1"
    address = parse_url(holder.url).on(holder.database)
    assert query(address, "SELECT current_database()") == holder.database


def test_an_ordinary_user_can_start_one() -> None:
    account = server_account()
    python = python_of(account)
    program = (
        "from migsafe.postgres.servers import kinds as servers; from migsafe.postgres.server import ServerSettings\n"
        f"with servers.start(ServerSettings(use={KIND.name!r})) as server: print(server.kind)"
    )
    with tempfile.TemporaryDirectory() as home:
        shutil.chown(home, account.uid, account.gid)
        run = subprocess.run(
            [python, "-c", program],
            env={"HOME": home, "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), *sys.path)))},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **account.privileges,
        )
        assert run.stdout == f"{KIND.name}\n", run.stderr
        assert (Path(home) / ".cache/migsafe/clusters").is_dir()


def test_a_planted_directory_ends_no_process_of_ours(place: Path) -> None:
    victim = subprocess.Popen(["sleep", "60"])
    planted = place / f"migsafe-{os.geteuid()}-0123456789ab"
    try:
        (planted / "data").mkdir(parents=True)
        (planted / "data/postmaster.pid").write_text(f"{victim.pid}\n")
        with KIND.start(ServerSettings(directory=place)):
            assert not planted.exists()
            assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


def test_every_kind_is_found_by_its_name() -> None:
    assert all(kind.name == name for name, kind in servers.KINDS.items())


@needs_installation
def test_a_half_made_cache_entry_of_a_killed_run_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGSAFE_CACHE", str(tmp_path))
    program = (
        "import os, signal; from pathlib import Path; from migsafe.postgres.servers.runs import cache_entry\n"
        f"with cache_entry(Path({str(tmp_path)!r}) / 'clusters' / 'entry') as entry:\n"
        "    (entry / 'file').touch(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    (left,) = (tmp_path / "clusters").iterdir()
    with KIND.start(ServerSettings()):
        assert not left.exists()


def test_a_directory_that_was_never_locked_is_deleted(place: Path) -> None:
    left = place / f".migsafe-{os.geteuid()}-0123456789ab"
    left.mkdir()
    with KIND.start(ServerSettings(directory=place)):
        assert not left.exists()


def test_a_claim_that_a_sweep_took_for_dead_is_made_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locks: list[int] = []

    def sweep_and_lock(descriptor: int, operation: int) -> None:
        locks.append(operation)
        if len(locks) == 1:
            (tmp_path / ".claim").rmdir()

    monkeypatch.setattr("migsafe.postgres.servers.runs.fcntl.flock", sweep_and_lock)
    with claimed(tmp_path / "claim") as path:
        assert path.is_dir()
        assert len(locks) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def mount(place: Path) -> Iterator[Callable[[str], Path]]:
    """Make a file system of a given size; it goes away with the test."""
    mounted = []

    def of_size(size: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs", str(place)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("mounting a small file system is not permitted here")
        mounted.append(place)
        return place

    yield of_size
    for path in mounted:
        subprocess.run(["umount", path], check=True)


def test_no_room_for_a_server_is_said_with_the_place_and_nothing_is_left(mount: Callable[[str], Path]) -> None:
    small = mount("8m")
    with pytest.raises(ServerUnavailable, match="No space left") as caught, KIND.start(ServerSettings(directory=small)):
        pass
    assert str(caught.value).count("No space left") == 1
    assert "'directory' under [server]" in str(caught.value.hint)
    assert list(small.iterdir()) == []


def test_a_disk_that_fills_up_is_said_to_be_full(mount: Callable[[str], Path]) -> None:
    small = mount("56m")

    def create_eight(server: Server) -> None:
        for count in range(8):
            databases.create(server, databases.name_for(server, f"copy_{count}"))

    with KIND.start(ServerSettings(directory=small)) as server, pytest.raises(ServerUnavailable, match="disk is full"):
        create_eight(server)
    assert list(small.iterdir()) == []


def test_a_checkpoint_that_fails_is_no_defect() -> None:
    with KIND.start(ServerSettings()) as server:
        name = databases.name_for(server, "one")
        databases.create(server, name)
        with databases.connect(server, name) as connection:
            (data,) = connection.execute("SELECT current_setting('data_directory')").fetchone() or ("",)
        mappings = Path(data) / "pg_logical" / "mappings"
        aside = mappings.rename(mappings.with_name("aside"))
        with pytest.raises(ServerUnavailable, match="the server failed: checkpoint request failed") as caught:
            databases.drop(server, name)
        assert "'directory' under [server]" in str(caught.value.hint)
        aside.rename(mappings)
