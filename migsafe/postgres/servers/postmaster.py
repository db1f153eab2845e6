"""Start a server from an installation on this machine: a child process with a data directory of its own."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from migsafe.errors import CannotCheck, ServerUnavailable
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.installation import Installation
from migsafe.postgres.roles import create_roles
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import cluster
from migsafe.postgres.servers.account import Account, server_account
from migsafe.postgres.servers.child import start_child
from migsafe.postgres.servers.running import RunningServer
from migsafe.postgres.servers.runs import DATA, RunDirectory, run_directory, sweep_directories

_PATIENCE = 30.0
"""Seconds that a server is given to start."""

_ATTEMPTS = 5
"""How often another port is tried when somebody took the free one before the server could."""

_LONGEST_SOCKET_PATH = 103
"""Bytes; macOS has the shorter ``sun_path``, Linux allows 107."""

# Whoever can enter the run's directory is this user or root; over TCP anyone on the machine could come.
_CLIENT_AUTHENTICATION = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@contextmanager
def start(kind: str, installation: Installation, settings: ServerSettings) -> Iterator[RunningServer]:
    """Start a server of this installation, with a fresh data directory and a password that only this run knows.

    It listens on 127.0.0.1 and in the run's own directory, and is gone on leaving. Raises :class:`ServerUnavailable`
    with the end of the server's log when it doesn't start.
    """
    account = server_account()
    sweep_directories(settings.directory)
    with run_directory(account, settings.directory) as run:
        cluster.make_data_directory(installation, account, run.path / DATA)
        (run.path / "hba.conf").write_text(_CLIENT_AUTHENTICATION)
        (run.path / "hba.conf").chmod(0o644)
        with _running(installation, account, run, settings) as port:
            password = secrets.token_urlsafe(24)
            _set_up(Address(str(run.path), port, cluster.SUPERUSER, "postgres"), password, settings.roles)
            yield RunningServer(
                kind=kind,
                version=installation.version,
                major=installation.major,
                run_id=run.run_id,
                address=Address("127.0.0.1", port, cluster.SUPERUSER, "postgres", password),
                programs=(installation.programs,),
            )


@contextmanager
def _running(
    installation: Installation, account: Account, run: RunDirectory, settings: ServerSettings
) -> Iterator[int]:
    """Run ``postgres`` until leaving; the value is its port."""
    process, port = _start_on_free_port(installation, account, run, settings)
    try:
        yield port
    except CannotCheck as error:
        if not _has_ended(process):
            raise
        raise ServerUnavailable(
            f"the throwaway server ended in the middle of the run; the last it said:\n{_Log(run.path / 'log').end()}",
            hint="Look at free memory and disk space, then run again.",
        ) from error
    finally:
        _stop(process)


@dataclass(frozen=True, slots=True)
class _Log:
    path: Path

    def end(self, lines: int = 5) -> str:
        said = self.path.read_text(errors="replace").strip().splitlines()[-lines:]
        return "\n".join(said) or "it said nothing"


def _start_on_free_port(
    installation: Installation, account: Account, run: RunDirectory, settings: ServerSettings
) -> tuple[subprocess.Popen[bytes], int]:
    log = _Log(run.path / "log")
    for _ in range(_ATTEMPTS):
        port = _free_port()
        command = _command(installation, run, settings, port)
        with log.path.open("ab") as output:
            process = start_child(command, account, cluster.environment(), output)
        try:
            if _wait_until_ready(process, run.path / DATA):
                return process, port
        except BaseException:
            _stop(process)
            raise
        if _is_free(port):
            break
    raise ServerUnavailable(
        f"PostgreSQL {installation.version} did not start:\n{log.end()}",
        where=str(installation.postgres),
        hint="Look at the settings under [server.settings], at free space and memory.",
    )


def _command(installation: Installation, run: RunDirectory, settings: ServerSettings, port: int) -> list[str | Path]:
    if len(str(run.path / f".s.PGSQL.{port}").encode()) > _LONGEST_SOCKET_PATH:
        raise ServerUnavailable(
            "the path is too long for a Unix socket",
            where=str(run.path),
            hint="Name a directory with a shorter path under [server].",
        )
    own = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(run.path),
        "hba_file": str(run.path / "hba.conf"),
    }
    return [installation.postgres, "-D", run.path / DATA, *cluster.server_options({**settings.settings, **own})]


def _wait_until_ready(process: subprocess.Popen[bytes], data: Path) -> bool:
    """Wait until the server accepts connections; false if it ended instead.

    It says so in the eighth line of ``postmaster.pid`` (``src/include/utils/pidfile.h``). Raises
    :class:`ServerUnavailable` when it does neither in time.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        try:
            lines = (data / "postmaster.pid").read_bytes().splitlines()
        except FileNotFoundError:
            lines = []
        if len(lines) >= 8 and lines[7].strip() == b"ready":
            return True
        time.sleep(0.005)  # the server says that it is ready in this file alone
    raise ServerUnavailable(
        f"PostgreSQL did not accept connections within {_PATIENCE:.0f} s",
        hint="Is the machine overloaded? Try again, or choose another server with --server.",
    )


def _set_up(address: Address, password: str, roles: tuple[str, ...]) -> None:
    """Set the superuser's password, encrypted on this side, and make the wanted roles."""
    with connect_to(address) as connection:
        encrypted = connection.pgconn.encrypt_password(password.encode(), address.user.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(address.user), sql.Literal(encrypted.decode())))
        create_roles(connection, roles)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server at once (SIGQUIT: immediate shutdown), and its children with it."""
    if process.poll() is None:
        process.send_signal(signal.SIGQUIT)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the server ended by itself, just now perhaps: its clients learn it before its parent does."""
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
