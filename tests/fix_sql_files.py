"""Folders of SQL files to open as a history, and a look at the database afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from migsafe.history.kinds import open_history
from migsafe.history.model import History, HistorySettings
from migsafe.postgres.address import Address

Folder = Callable[..., History]


@pytest.fixture
def sql_files(tmp_path: Path) -> Folder:
    """``sql_files({name: text}, kind=…)``: writes the files below ``tmp_path`` and opens them as a history."""

    def write(files: dict[str, str | bytes], **settings: Any) -> History:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return open_history(HistorySettings(**{"root": tmp_path, "path": Path(), **settings}))

    return write


def rows(database: Address, sql: LiteralString) -> list[tuple[Any, ...]]:
    """What a query gives, straight from the server."""
    with psycopg.connect(**database.keywords(), autocommit=True) as connection:  # type: ignore[arg-type]
        return connection.execute(sql).fetchall()


def applied(history: History, database: Address) -> set[str]:
    """What the history reads off its version table."""
    with psycopg.connect(**database.keywords(), autocommit=True) as connection:  # type: ignore[arg-type]
        return set(history.applied(connection))
