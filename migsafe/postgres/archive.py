"""pg_dump's directory format: written and restored by several workers at once (PostgreSQL manual, pg_dump, --jobs)."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from migsafe.errors import CannotCheck, ServerUnavailable
from migsafe.postgres import clients
from migsafe.postgres.address import Address
from migsafe.postgres.dump import NEUTRAL, hint_about_clients
from migsafe.postgres.servers.runs import temporary_directory

_ROWS = re.compile(rb"\d+; \d+ (?P<table>\d+) TABLE DATA ")
_FULL = "No space left on device"
_SERVER_FULL = "The server's disk is full: free some space there."

_UP_TO_ROWS = ("--section=pre-data", "--section=data")


def dump_directory(address: Address, major: int, directory: Path, *, snapshot: str, jobs: int, privileges: bool) -> str:
    """Dump the exported ``snapshot`` into a new directory and return pg_dump's version.

    The database is only read: pg_dump's transactions are READ ONLY. Locks: ACCESS SHARE on every table. Raises
    :class:`ClientToolMissing` when no pg_dump fits, :class:`CannotCheck` with its own words when it fails.
    """
    program = clients.find("pg_dump", major)
    arguments = [
        "--format=directory",
        "--compress=1",  # a third of the time of the default, for a seventh more bytes
        f"--jobs={jobs}",
        f"--snapshot={snapshot}",
        f"--file={directory}",
        *_neutral(privileges=privileges),
    ]
    try:
        clients.run(program.path, arguments, address)
    except CannotCheck as error:
        raise _explained(error, f"Free some space in {directory.parent}, or name another place.") from error
    return program.version


def restore_directory(
    address: Address,
    major: int,
    directory: Path,
    *,
    jobs: int,
    privileges: bool,
    without: Collection[int] = (),
    inheritance: bool = False,
) -> None:
    """Restore into the empty database at ``address``, stopping at the first error. Raises as :func:`dump_directory`.

    ``without`` are tables, by oid, whose rows are left behind; then so is whatever is made after the rows: indexes,
    keys, triggers. ``inheritance`` says that there are partitions or inheriting tables: what is made after the rows is
    made by one worker then. A command on a parent locks its children too, which pg_restore doesn't know of, so that its
    workers may end in a deadlock.
    """
    program = clients.find("pg_restore", major)
    common = ["--exit-on-error", f"--dbname={address.database}", *_neutral(privileges=privileges)]
    runs = [[f"--jobs={jobs}"]]
    if inheritance:
        runs = [[f"--jobs={jobs}", *_UP_TO_ROWS], ["--section=post-data"]]
    with ExitStack() as stack:
        if without:
            listed = subprocess.run([program.path, "--list", str(directory)], capture_output=True, check=False)
            clients.raise_if_failed("pg_restore", listed.returncode, listed.stderr)
            wanted = stack.enter_context(temporary_directory()) / "wanted"
            lines = listed.stdout.splitlines(keepends=True)
            wanted.write_bytes(b"".join(line for line in lines if _is_wanted(line, without)))
            runs = [[f"--jobs={jobs}", *_UP_TO_ROWS, f"--use-list={wanted}"]]
        try:
            for arguments in runs:
                clients.run(program.path, [*common, *arguments, str(directory)], address)
        except CannotCheck as error:
            raise _explained(error, _SERVER_FULL) from error


def _is_wanted(line: bytes, without: Collection[int]) -> bool:
    """Whether a line of the list is for anything but the rows of these tables; it names their table by oid."""
    rows = _ROWS.match(line)
    return rows is None or int(rows["table"]) not in without


def replace_in_one_transaction(
    address: Address, major: int, directory: Path, *, before: str, first: str, privileges: bool
) -> None:
    """Run ``before``, then in one transaction ``first`` and the dump as a script. Raises as :func:`dump_directory`.

    The COMMIT is sent only when pg_restore has written all of it, so that half a script changes nothing.
    """
    restore, psql = clients.find("pg_restore", major), clients.find("psql", major)
    with tempfile.TemporaryFile() as said_by_restore, tempfile.TemporaryFile() as said_by_psql:
        writer = subprocess.Popen(
            [restore.path, "--file=-", *_neutral(privileges=privileges), str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said_by_restore,
        )
        reader = subprocess.Popen(
            [psql.path, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said_by_psql,
            env=clients.client_environment(address),
        )
        with writer, reader:
            try:
                _pass_on(writer, reader, f"{before}BEGIN;\n{first}")
            except BaseException:
                writer.kill()
                reader.kill()
                raise
        try:
            clients.raise_if_failed("psql", reader.returncode, _said(said_by_psql))
            clients.raise_if_failed("pg_restore", writer.returncode, _said(said_by_restore))
        except CannotCheck as error:
            raise _explained(error, _SERVER_FULL) from error


def _pass_on(writer: subprocess.Popen[bytes], reader: subprocess.Popen[bytes], first: str) -> None:
    assert writer.stdout
    assert reader.stdin
    with suppress(BrokenPipeError):  # psql stopped at an error, and says so
        reader.stdin.write(first.encode())
        shutil.copyfileobj(writer.stdout, reader.stdin)
        if writer.wait() == 0:
            reader.stdin.write(b"\nCOMMIT;\n")
        reader.stdin.flush()
    writer.stdout.close()
    with suppress(BrokenPipeError):
        reader.stdin.close()
    reader.wait()
    writer.wait()


def _said(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _neutral(*, privileges: bool) -> tuple[str, ...]:
    return () if privileges else NEUTRAL


def _explained(error: CannotCheck, on_full_disk: str) -> CannotCheck:
    if type(error) is not CannotCheck:
        return error
    if _FULL in error.message:
        return CannotCheck(error.message, where=error.where, hint=on_full_disk)
    if "server closed the connection" in error.message or "terminating connection" in error.message:
        return ServerUnavailable(error.message, where=error.where, hint="Look at the server's log, then run again.")
    hint = hint_about_clients(error.message)
    return CannotCheck(error.message, where=error.where, hint=hint) if hint else error
