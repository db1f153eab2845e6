"""A running throwaway PostgreSQL for the tests that need one, and processes that hold one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from migsafe.postgres import clients
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.postgres.servers.account import Account

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for the whole session (each worker of pytest-xdist has its own): whatever auto finds."""
    with servers.start(ServerSettings()) as running:
        yield running


@pytest.fixture
def place() -> Iterator[Path]:
    """A place for runs that only this test knows, so that no other run sweeps it; open to the server's user."""
    with tempfile.TemporaryDirectory(prefix="place") as path:
        Path(path).chmod(0o1777)
        yield Path(path)


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    """Let the tests' own psql and pg_dump be found, where they only came with a wheel."""
    if shutil.which("psql") is None:
        os.environ["PATH"] += os.pathsep + str(clients.find("psql", 0).path.parent)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Skip what this machine's PostgreSQL was built without; where everything must be there, it fails."""
    try:
        yield
    except psycopg.errors.FeatureNotSupported as error:
        said = str(error.diag.message_primary)
        if ("is not available" not in said and "in this build" not in said) or "MIGSAFE_REQUIRE_DOCKER" in os.environ:
            raise
        pytest.skip(f"this server lacks it: {said}")


def python_of(account: Account) -> str:
    """A Python that can import migsafe as this user; skips the test when there is none, or nobody may become him."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), *sys.path)))}
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        if os.geteuid() == 0 and not account.own and account.can_run(Path(python)):
            command = [python, "-c", "import migsafe.gate, psycopg"]
            if subprocess.run(command, env=environment, cwd="/", check=False, **account.privileges).returncode == 0:
                return python
    pytest.skip(f"needs root, and a Python with migsafe's libraries that user {account.name} can reach")


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Wait until the condition holds; false if it doesn't within that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@dataclass(frozen=True)
class Holder:
    """Another process that has a server and holds on to it."""

    process: subprocess.Popen[str]
    run_id: str
    url: str
    database: str


Hold = Callable[..., Holder]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Start a process that starts a server: ``hold(use, image="", directory=None, outlive=False)``.

    What still runs at the end of the test is killed.
    """
    with ExitStack() as stack:

        def start(use: str, image: str = "", *, directory: Path | None = None, outlive: bool = False) -> Holder:
            program = Path(__file__).parent / "postgres" / "holder.py"
            command = [sys.executable, str(program), use, image, str(directory or ""), "outlive" if outlive else ""]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout is not None
            return Holder(process, **json.loads(process.stdout.readline()))

        yield start
