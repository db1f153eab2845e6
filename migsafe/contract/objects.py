"""A JSON object that knows where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from migsafe.findings import Location


class Object(dict[str, Any]):
    """A JSON object with the file it is in and the line of each of its keys (empty where lines aren't known)."""

    __slots__ = ("file", "lines")

    def __init__(self, items: Mapping[str, Any], file: Path, lines: Mapping[str, int] | None = None) -> None:
        super().__init__(items)
        self.file = file
        self.lines = dict(lines or {})

    def place(self, key: str | None = None, what: str | None = None) -> Location:
        """Where the key stands, or the object begins; ``what`` names it for a reader."""
        line = self.lines.get(key) if key in self.lines else min(self.lines.values(), default=None)
        return Location(self.file, line, object=what)
