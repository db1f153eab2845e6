"""What a migration's file would send, as text: for reading it where nothing is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from migsafe.errors import HistoryError
from migsafe.findings import Location
from migsafe.history.files import Script, read_script
from migsafe.history.model import Migration


class Runs(StrEnum):
    """How a tool sends the statements of a migration, and so which transactions there are."""

    ONE_BY_ONE = "each statement by itself"
    TOGETHER = "all between BEGIN and COMMIT"
    AS_ONE_QUERY = "all as one query, which is one transaction where it has several statements"


@dataclass(frozen=True, slots=True)
class MigrationText:
    """The SQL of one migration. ``place`` turns an offset of ``sql`` into a place in ``file``.

    ``not_analysed`` says of what is missing in ``sql`` where it is and why. ``source`` is what the file holds, and
    ``rewritten`` gives the text that there would be were it to hold something else; none where it isn't SQL.
    """

    version: str
    file: Path
    sql: str
    place: Callable[[int], Location]
    runs: Runs = Runs.ONE_BY_ONE
    description: str = ""
    not_analysed: Sequence[tuple[Location, str]] = field(default=())
    source: str = ""
    rewritten: Callable[[str], MigrationText] | None = None


def texts_of_files(
    migrations: Sequence[Migration],
    runs: Callable[[Script, Migration], Runs],
    read: Callable[[Path], Script] = read_script,
) -> Iterator[MigrationText]:
    """The texts of migrations that are SQL files; a file that can't be read is not analysed."""
    for migration in migrations:
        try:
            script = read(migration.up)
        except HistoryError as error:
            yield unread(migration, error.message)
        else:
            yield text_of(script, runs(script, migration), migration.version, migration.description)


def text_of(script: Script, runs: Runs, version: str, description: str = "") -> MigrationText:
    """The text of one SQL file, without the part that takes it back where both are in one file."""
    sql, said = _way_up(script.text)

    def rewritten(source: str) -> MigrationText:
        return text_of(Script(script.file, source, source), runs, version, description)

    return MigrationText(
        version, script.file, sql, script.location, said or runs, description, (), script.source, rewritten
    )


def unread(migration: Migration, reason: str, location: Location | None = None) -> MigrationText:
    """Of this migration nothing is known but the reason for it."""
    place = location or Location(migration.up)
    return MigrationText(
        migration.version,
        migration.up,
        "",
        lambda _: place,
        description=migration.description,
        not_analysed=((place, reason),),
    )


_UP = re.compile(r"^--\s*(?:migrate:up|\+goose\s+Up|\+migrate\s+Up)\b(?P<options>.*)", re.IGNORECASE | re.MULTILINE)
_DOWN = re.compile(r"^--\s*(?:migrate:down|\+goose\s+Down|\+migrate\s+Down)\b", re.IGNORECASE | re.MULTILINE)
_NO_TRANSACTION = re.compile(r"transaction:\s*false|notransaction|NO TRANSACTION", re.IGNORECASE)
_NOT_A_LINE_END = re.compile(r"[^\n]")


def _way_up(sql: str) -> tuple[str, Runs | None]:
    """The sections of dbmate, goose and sql-migrate that go up, in their places, and how those tools run them."""
    up = _UP.search(sql)
    if up is None:
        return sql, None
    down = _DOWN.search(sql)
    alone = _NO_TRANSACTION.search(up["options"]) or re.search(r"^--\s*\+goose\s+NO TRANSACTION", sql, re.MULTILINE)
    if down and down.start() > up.start():
        sql = sql[: down.start()] + _NOT_A_LINE_END.sub(" ", sql[down.start() :])
    elif down:
        sql = _NOT_A_LINE_END.sub(" ", sql[: up.start()]) + sql[up.start() :]
    return sql, Runs.ONE_BY_ONE if alone else Runs.TOGETHER
