"""Runs: each has an id and a directory that is locked while it lives. What has no lock is dead and is swept."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from migsafe.errors import ServerUnavailable
from migsafe.postgres.servers.account import Account, our_user_ids
from migsafe.postgres.servers.places import cache_directory, data_directories, data_directory

DATA = "data"
"""The name of the data directory inside a run's directory."""

_PARTIAL = "partial-"

_PATIENCE = 10.0
"""Seconds that a dead run's server is given to end; an immediate shutdown takes milliseconds."""


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The directory of one run, with mode 0700. Its name holds the run's id."""

    path: Path
    run_id: str


def new_run_id() -> str:
    """Twelve random hexadecimal digits: part of database names, so short and plain."""
    return secrets.token_hex(6)


def _prefix() -> str:
    return f"migsafe-{os.geteuid()}-"


@contextmanager
def claimed(path: Path) -> Iterator[Path]:
    """Make a directory with mode 0700, hold its lock, and delete it on leaving, if it is still there.

    The lock (``flock`` on the directory itself) goes with the process, however it ends. The directory gets its name
    only once it is locked, so that no sweep can mistake it for a dead one. Raises :class:`OSError`.
    """
    unnamed, descriptor = path.with_name(f".{path.name}"), None
    try:
        # In here, as an interrupt may come after the directory is made and before this function knows of it.
        descriptor = _make_and_lock(path, unnamed)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if descriptor is None:
            shutil.rmtree(unnamed, ignore_errors=True)
        else:
            os.close(descriptor)


def _make_and_lock(path: Path, unnamed: Path) -> int:
    """Make the directory as ``unnamed``, whose name has a dot, lock it, rename it; the value is what holds the lock.

    A sweep deletes what has a dot and no lock, as a run that was killed in here leaves it: then it is made once more.
    """
    while True:
        unnamed.mkdir(mode=0o700)
        with suppress(FileNotFoundError):
            descriptor = os.open(unnamed, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                unnamed.rename(path)
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """A directory for files that are gone afterwards; what a run that was killed leaves of it is swept by the next."""
    with claimed(Path(tempfile.gettempdir()) / f"{_prefix()}{new_run_id()}") as path:
        yield path


@contextmanager
def run_directory(account: Account, chosen: Path | None = None) -> Iterator[RunDirectory]:
    """Claim a directory that belongs to ``account``. Raises :class:`ServerUnavailable` when it can't be made."""
    run_id, place = new_run_id(), data_directory(chosen)
    with ExitStack() as stack:
        try:
            path = stack.enter_context(claimed(place / f"{_prefix()}{run_id}"))
            if not account.own:
                os.chown(path, account.uid, account.gid)
        except OSError as error:
            raise ServerUnavailable(
                f"a directory for the throwaway server can't be made: {error.strerror}",
                where=str(place),
                hint="Free some space there, or name another place with 'directory' under [server].",
            ) from error
        yield RunDirectory(path, run_id)


@contextmanager
def cache_entry(path: Path) -> Iterator[Path]:
    """A directory to be filled, which becomes the cache's ``path`` on leaving, whole or not at all.

    If another run was faster, its entry stays. Raises :class:`OSError` when there is no room or no permission.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with claimed(path.with_name(f"{_PARTIAL}{new_run_id()}")) as partial:
        yield partial
        try:
            partial.rename(path)
        except OSError:
            if not path.is_dir():
                raise


def is_alive(path: Path) -> bool:
    """Whether the run that owns this directory still holds its lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def sweep_directories(chosen: Path | None = None) -> None:
    """Delete what dead runs of ours left, in their directories and in the cache; a server that still runs is ended."""
    ours = our_user_ids()
    places, cache = data_directories(chosen), cache_directory()
    left = [path for place in places for dot in ("", ".") for path in place.glob(f"{dot}{_prefix()}*")]
    for path in (*left, *cache.glob(f"*/{_PARTIAL}*"), *cache.glob(f"*/.{_PARTIAL}*")):
        # Who else may write there could plant a directory to have us end a process: only ours are looked at.
        with suppress(FileNotFoundError):
            if path.lstat().st_uid in ours and not is_alive(path):
                _end_server(path / DATA)
                shutil.rmtree(path, ignore_errors=True)


def _end_server(data: Path) -> None:
    """Send SIGQUIT, PostgreSQL's immediate shutdown, to the server that runs in ``data``, if there is one."""
    try:
        pid = int((data / "postmaster.pid").read_bytes().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return
    if _runs_in(pid, data):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + _PATIENCE
        while _runs_in(pid, data) and time.monotonic() < deadline:
            time.sleep(0.01)  # it is no child of ours, so it can't be waited for


def _runs_in(pid: int, data: Path) -> bool:
    """Whether the process is the server of this data directory, and not another that was given its number since."""
    if Path("/proc/self").exists():
        try:
            # Unlike its working directory, the arguments of another user's process may be read in a container too.
            return os.fsencode(data) in (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
    command = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)
    return os.fsencode(data) in command.stdout
