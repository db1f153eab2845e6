"""From what Alembic renders offline to the text of each revision, with the places in its Python."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from migsafe.findings import Location
from migsafe.history.model import Migration
from migsafe.history.text import MigrationText, Runs, unread

Piece = list[Any]
"""``[revision, line, text]``, or ``[revision, line, none, reason]`` where rendering ended."""


def texts_of(migrations: Sequence[Migration], pieces: Sequence[Piece]) -> Iterator[MigrationText]:
    """The text of each migration, in order, from the pieces of all of them.

    Where env.py writes no BEGIN offline it is taken to open a transaction online, as Alembic's own template does.
    """
    of_revision: dict[str, list[Piece]] = {}
    together: dict[str, bool] = {}
    is_open = not any(line is None and _word(text) == "BEGIN" for _, line, text, *_ in pieces)
    for piece in pieces:
        revision, line, text = piece[:3]
        word = _word(text)
        if line is None and word in ("BEGIN", "COMMIT"):
            is_open = word == "BEGIN"
        elif revision is not None and (line is not None or text is None):
            together.setdefault(revision, is_open)
            of_revision.setdefault(revision, []).append(piece)
            if word in ("BEGIN", "COMMIT"):
                is_open = word == "BEGIN"
    reached = {piece[0] for piece in pieces}
    for migration in migrations:
        if migration.version not in reached and pieces:
            yield unread(migration, "Alembic did not come to it when it rendered the history")
        elif not pieces:
            yield unread(migration, "Alembic could not render the history offline")
        else:
            found = of_revision.get(migration.version, [])
            yield _text(migration, found, together=together.get(migration.version, is_open))


def _word(text: str | None) -> str:
    return (text or "").rstrip(";").strip().upper()


def _text(migration: Migration, pieces: Sequence[Piece], *, together: bool) -> MigrationText:
    sql, starts, lines = "", [], []
    missing = []
    for _, line, text, *reason in pieces:
        if text is None:
            where = Location(migration.up, line)
            missing.append((where, f"upgrade() can't be rendered offline from here on: {reason[0]}"))
        elif text:
            starts.append(len(sql))
            lines.append(line)
            sql += text if text.endswith("\n") else f"{text}\n"
    return MigrationText(
        migration.version,
        migration.up,
        sql,
        _places(migration, starts, lines),
        Runs.TOGETHER if together else Runs.ONE_BY_ONE,
        migration.description,
        tuple(missing),
    )


def _places(migration: Migration, starts: Sequence[int], lines: Sequence[int]) -> Callable[[int], Location]:
    def place(offset: int) -> Location:
        index = bisect_right(starts, offset) - 1
        return Location(migration.up, lines[index] if index >= 0 else None)

    return place
