"""pg_dump and pg_restore, by the programs that fit the server (PostgreSQL manual, 26.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import BaselineError, CannotCheck

if TYPE_CHECKING:
    from migsafe.postgres.server import Server

NEUTRAL = ("--no-owner", "--no-privileges")
"""Owners and privileges name roles of the whole cluster, which a throwaway server doesn't have."""

_COLUMN_NUMBER = re.compile(r"(?<=SET \()pg_attver=\d+(, )?|, pg_attver=\d+")
_UNKNOWN_COLUMN_NUMBER = 'unrecognized parameter "pg_attver"'
_DUMPED_FROM = re.compile(rb"(?:Dumped from database version |\0)([1-9][0-9])(?:\.[0-9]+|devel|beta[0-9]+|rc[0-9]+)\b")
"""In a plain dump a comment; in pg_dump's own formats a text after the four bytes of its length (``WriteStr``)."""


def dump(server: Server, database: str, file: Path) -> None:
    """Write schema and rows in pg_dump's custom format. Locks: ACCESS SHARE on every table."""
    with file.open("wb") as output:
        server.client("pg_dump", ["--format=custom", *NEUTRAL], database, stdout=output)


def dump_text(server: Server, database: str, file: Path) -> None:
    """Write schema and rows as SQL text, for comparison. Locks: ACCESS SHARE on every table."""
    with file.open("wb") as output:
        server.client("pg_dump", [*NEUTRAL], database, stdout=output)


def archive_text(server: Server, database: str, archive: Path, file: Path) -> None:
    """Write what :func:`dump` wrote of ``database`` as the SQL text that :func:`dump_text` would have written of it."""
    with archive.open("rb") as content, file.open("wb") as output:
        server.client("pg_restore", ["--file=-", *NEUTRAL], database, stdin=content, stdout=output)


def restore(server: Server, source: Path, database: str) -> None:
    """Restore a dump of any of pg_dump's formats (custom, directory, tar, plain) or any psql script into ``database``.

    Stops at the first error. Raises :class:`BaselineError` with pg_restore's or psql's own words.
    """
    try:
        if source.is_dir():
            server.client("pg_restore", ["--exit-on-error", *NEUTRAL, f"--dbname={database}", str(source)], database)
            return
        with source.open("rb") as content:
            if _is_archive(source):
                arguments = ["--exit-on-error", *NEUTRAL, f"--dbname={database}"]
                server.client("pg_restore", arguments, database, stdin=content)
            else:
                arguments = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
                server.client("psql", arguments, database, stdin=content)
    except CannotCheck as error:
        if type(error) is not CannotCheck:
            raise
        raise BaselineError(error.message, where=str(source), hint=_hint(error.message, source, server)) from error
    except OSError as error:
        raise BaselineError(f"can't be read: {error.strerror}", where=str(source)) from error


def _is_archive(file: Path) -> bool:
    """Whether this is pg_dump's custom format (it begins with PGDMP) or a tar (its first member is toc.dat)."""
    with file.open("rb") as content:
        return content.read(7).startswith((b"PGDMP", b"toc.dat"))


def _hint(message: str, source: Path, server: Server) -> str:
    made_on = _major_of(source)
    if made_on > server.major:
        return (
            f"The dump is of PostgreSQL {made_on}, and the server is {server.major}: set [server] version = {made_on}."
        )
    if clients_hint := hint_about_clients(message):
        return clients_hint
    if "extension" in message and "not available" in message:
        return "Use a server that has this extension: [server] use and image, or install its package."
    if "role" in message and "does not exist" in message:
        return "Name the roles that the baseline needs in [server] roles."
    return "Make the baseline load into an empty database with pg_restore or psql first."


def hint_about_clients(message: str) -> str | None:
    """What to do where a dump and the program or server that it is restored with don't fit; none for other errors."""
    if _UNKNOWN_COLUMN_NUMBER in message:
        return (
            "The dump holds pg_attver, a number that Debian's 17.12 gives each column and that only its own pg_dump "
            "leaves out. Dump with that server's own programs, or restore on a server of that build."
        )
    if "unsupported version" in message:
        return "The dump was made by a newer pg_dump: use a server of its version, or install its pg_restore."
    return None


def _major_of(source: Path) -> int:
    """The version of the server that was dumped, which stands near the beginning of every format; 0 if it doesn't."""
    with (source / "toc.dat" if source.is_dir() else source).open("rb") as content:
        found = _DUMPED_FROM.search(content.read(4096))
    return int(found[1]) if found else 0


def first_difference(one: Path, other: Path, lines: int = 10) -> tuple[str, ...]:
    """The first place where two dumps differ, up to ``lines`` lines of each (- one, + other); empty if nowhere.

    Not looked at are the random key of ``\\restrict`` in recent versions' plain dumps, and ``pg_attver``: a number that
    Debian's 17.12 gives each column, and that only clients which don't know it dump. Reads both files once, streaming.
    """
    pairs = zip_longest(_lines(one), _lines(other), fillvalue="")
    for left, right in pairs:
        if left != right:
            rest = [pair for pair, _ in zip(pairs, range(lines - 1), strict=False)]
            return (
                *(f"- {line.rstrip()}" for line, _ in [(left, right), *rest]),
                *(f"+ {line.rstrip()}" for _, line in [(left, right), *rest]),
            )
    return ()


def _lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8", errors="replace") as content:
        for line in content:
            if not line.startswith(("\\restrict", "\\unrestrict")):
                yield _COLUMN_NUMBER.sub("", line)
