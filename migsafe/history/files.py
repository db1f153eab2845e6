"""What the histories made of SQL files share: reading a file, going back to a place in it, and natural order."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migsafe.errors import HistoryError, SettingsError
from migsafe.findings import Location
from migsafe.history.model import HistorySettings
from migsafe.sql.position import excerpt, line_and_column

USUAL_PLACES = (
    "migrations",
    "db/migrations",
    "db/migration",
    "database/migrations",
    "sql/migrations",
    "src/main/resources/db/migration",
    "sql",
)
"""Where SQL migrations are looked for when the settings name no directory."""


@dataclass(frozen=True, slots=True)
class Script:
    """The text of one SQL file as it is run.

    ``text`` differs from ``source``, what the file holds, where placeholders were replaced: each pair of ``anchors``
    says which offset in ``text`` came from which offset in ``source``.
    """

    file: Path
    source: str
    text: str
    anchors: tuple[tuple[int, int], ...] = ((0, 0),)

    def location(self, offset: int) -> Location:
        """Where in the file the character at this offset of ``text`` came from."""
        line, column = line_and_column(self.source, self._in_source(offset))
        return Location(file=self.file, line=line, column=column)

    def excerpt(self, offset: int) -> str:
        """The line of the file with a caret under that character."""
        return excerpt(self.source, self._in_source(offset))

    def _in_source(self, offset: int) -> int:
        index = bisect_right(self.anchors, (offset, len(self.source))) - 1
        run, original = self.anchors[index]
        following = self.anchors[index + 1][1] if index + 1 < len(self.anchors) else len(self.source) + 1
        return min(original + offset - run, following - 1)


def read_script(file: Path) -> Script:
    """Read an SQL file in UTF-8, with or without a byte order mark.

    Raises :class:`HistoryError`, with the line, when it is in another encoding or holds a zero byte, which PostgreSQL
    can't be sent.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise HistoryError(
            f"can't be read: {error.strerror}", where=str(file), hint="Mend the file or link, or take it away."
        ) from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise HistoryError("is in UTF-16", where=str(file), hint="Save the file as UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise HistoryError(
            f"isn't UTF-8: the byte 0x{data[error.start]:02x} begins no character",
            where=f"{file}:{line}",
            hint="Save the file as UTF-8; it may be Latin-1 or Windows-1252 now.",
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise HistoryError(
            "holds a zero byte, which SQL can't", where=f"{file}:{line}", hint="Save the file as text, in UTF-8."
        )
    return Script(file, text, text)


def natural_key(name: str) -> tuple[str | int, ...]:
    """A sort key under which ``2_x`` comes before ``10_x``: runs of digits compare as numbers."""
    return tuple(int(part) if index % 2 else part for index, part in enumerate(re.split(r"([0-9]+)", name)))


def migrations_directory(settings: HistorySettings) -> Path:
    """The directory that the settings name, or the first of the usual places that exists.

    Raises :class:`SettingsError` when there is none.
    """
    if settings.path is not None:
        directory = settings.root / settings.path
        if not directory.is_dir():
            raise SettingsError(
                "there is no such directory" if not directory.exists() else "this is not a directory",
                where=str(directory),
                hint="Name the directory that holds the migrations in [history] path.",
            )
        return directory
    found = next(usual_directories(settings), None)
    if found is None:
        raise SettingsError(
            f"no directory with migrations was found in {settings.root}",
            hint="Name it in [history] path.",
        )
    return found


def usual_directories(settings: HistorySettings) -> Iterator[Path]:
    """The directories to look at: the one that the settings name, or those of the usual places that exist."""
    places = (settings.path,) if settings.path is not None else USUAL_PLACES
    yield from (directory for place in places if (directory := settings.root / place).is_dir())
