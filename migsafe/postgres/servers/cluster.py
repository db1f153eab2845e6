"""Data directories: made once by ``initdb``, kept in the cache, copied for each run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from migsafe.errors import ServerUnavailable
from migsafe.postgres.installation import Installation
from migsafe.postgres.servers.account import Account
from migsafe.postgres.servers.places import cache_directory
from migsafe.postgres.servers.runs import cache_entry

SUPERUSER = "postgres"


def environment() -> dict[str, str]:
    """Ours without libpq's and the server's own variables; English messages, and UTC as the default time zone."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**inherited, "LC_ALL": "C", "TZ": "UTC"}


def initdb_options(major: int) -> tuple[str, ...]:
    """The same on every machine: UTF-8, sorted by code point, Unicode's own upper and lower case.

    From 17 on PostgreSQL has that locale built in (manual, 23.1.4); before, it is the C library's ``C.UTF-8``.
    Segments of the write-ahead log are 1 MB, so that a fresh data directory is small and quickly copied.
    """
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if major >= 17 else ("--lc-ctype=C.UTF-8",)
    common = (
        f"--username={SUPERUSER}",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--wal-segsize=1",
        "--no-sync",
    )
    return (*common, *locale)


def make_data_directory(installation: Installation, account: Account, target: Path) -> None:
    """Make ``target`` an initialised data directory that belongs to ``account``, from the cache where it can be.

    Raises :class:`ServerUnavailable` when ``initdb`` fails or there is no room.
    """
    cached = _cached(installation)
    try:
        if cached.is_dir():
            shutil.copytree(cached, target)
            _hand_over(target, account)
        else:
            _initdb(installation, account, target)
            _keep(target, cached)
    except OSError as error:
        raise ServerUnavailable(
            f"the data directory can't be made: {_reason(error)}",
            where=str(target),
            hint="Free some space there, or name another place with 'directory' under [server].",
        ) from error


def _reason(error: OSError) -> str:
    """The error in words; of the many that copying a tree collects, the first."""
    if isinstance(error, shutil.Error):
        return str(error.args[0][0][2])
    return str(error)


def _cached(installation: Installation) -> Path:
    identity = (str(installation.programs), installation.version, *initdb_options(installation.major))
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
    return cache_directory() / "clusters" / f"{installation.major}-{digest}"


def _initdb(installation: Installation, account: Account, target: Path) -> None:
    run = subprocess.run(
        [installation.initdb, *initdb_options(installation.major), "--pgdata", target],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        cwd="/",
        env=environment(),
        **account.privileges,
    )
    if run.returncode != 0:
        raise ServerUnavailable(
            f"initdb of PostgreSQL {installation.version} failed as user {account.name}: {_last_lines(run.stdout)}",
            where=str(installation.initdb),
            hint="Look at free space and permissions, or choose another server with --server.",
        )


def _keep(data: Path, cached: Path) -> None:
    """Store a copy. A cache that can't be written costs time in the next run, nothing else."""
    with suppress(OSError), cache_entry(cached) as entry:
        shutil.copytree(data, entry, dirs_exist_ok=True)


def _hand_over(tree: Path, account: Account) -> None:
    if account.own:
        return
    os.chown(tree, account.uid, account.gid)
    for directory, names, files in os.walk(tree):
        for name in (*names, *files):
            os.chown(Path(directory, name), account.uid, account.gid, follow_symlinks=False)


def server_options(chosen: Mapping[str, str]) -> list[str]:
    """Arguments that set up a server for throwaway use; what the user chose comes last and wins.

    Nothing needs to survive a crash of the machine (manual, 14.5), background work must not come between two equal
    runs, and shared memory segments lie in the data directory, so that deleting it leaves none behind.
    """
    settings = {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "wal_level": "replica",
        "max_wal_senders": "0",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "1h",
        "autovacuum": "off",
        "dynamic_shared_memory_type": "mmap",
        "huge_pages": "off",
        "max_connections": "200",
        "max_locks_per_transaction": "256",
        "password_encryption": "scram-sha-256",
        **chosen,
    }
    return [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]


def _last_lines(text: str, count: int = 3) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-count:]) or "it said nothing"
