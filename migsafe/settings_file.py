"""The settings file: which one it is, what it says, and on which line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migsafe.errors import SettingsError

OWN = "migsafe.toml"
SHARED = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file and the settings in it. ``prefix`` leads to them: ``("tool", "migsafe")`` in a pyproject.toml."""

    path: Path
    text: str
    prefix: tuple[str, ...]
    content: Mapping[str, Any]

    def place(self, *names: str) -> str:
        """``file:line`` of a key or a table: the line after the longest part of the file that parses without it."""
        lines = self.text.splitlines(keepends=True)
        without = 0
        for end in range(1, len(lines) + 1):
            try:
                document = tomllib.loads("".join(lines[:end]))
            except tomllib.TOMLDecodeError:
                continue
            if _inside(document, (*self.prefix, *names)) is not None:
                break
            without = end
        return f"{self.path}:{without + 1}"


def find(start: Path) -> SettingsFile | None:
    """The settings nearest to ``start``, looked for upwards to the root of the git repository; none if there are none.

    Outside a repository only ``start`` itself is looked into: a settings file names programs to run, and the
    directories above may belong to someone else.
    """
    start = start.absolute()
    above = (start, *start.parents)
    root = next((directory for directory in above if (directory / ".git").exists()), start)
    for directory in above[: above.index(root) + 1]:
        there = [read(directory / name) for name in (OWN, SHARED) if (directory / name).is_file()]
        telling = [file for file in there if file.content]
        if len(telling) > 1:
            raise SettingsError(
                f"{OWN} beside it has settings too, and only one of them can count",
                where=telling[1].place(),
                hint=f"Move what stands under [tool.migsafe] into {OWN}, or the other way round.",
            )
        if telling:
            return telling[0]
    return None


def read(path: Path) -> SettingsFile:
    """The settings in this file: all of it, or ``[tool.migsafe]`` if it is a pyproject.toml.

    Raises :class:`SettingsError`, with line and column, when the file can't be read or isn't TOML.
    """
    path = path.absolute()
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(
            f"the settings can't be read: {error.strerror}",
            where=str(path),
            hint="Name the file with --config; migsafe init writes one.",
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"the settings are not UTF-8 (byte {error.start})", where=str(path)) from error
    except tomllib.TOMLDecodeError as error:
        raise _broken(path, text, error) from error
    except (ValueError, RecursionError) as error:  # a number or a nesting that Python can't hold
        raise SettingsError(f"the settings can't be read: {error}", where=str(path)) from error
    prefix = ("tool", "migsafe") if path.name == SHARED else ()
    content = _inside(document, prefix)
    if content is not None and not isinstance(content, dict):
        raise SettingsError("tool.migsafe must be a table", where=str(path))
    return SettingsFile(path, text, prefix, content or {})


def _inside(document: Any, names: Sequence[str]) -> Any:
    for name in names:
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document


def _broken(path: Path, text: str, error: tomllib.TOMLDecodeError) -> SettingsError:
    """The parser tells the place in its message alone: ``... (at line 3, column 5)`` or ``(at end of document)``."""
    what, _, where = str(error).rpartition(" (at ")
    numbers = re.findall(r"\d+", where)
    line, column = numbers if len(numbers) == 2 else (text.count("\n") + 1, len(text) - text.rfind("\n"))
    return SettingsError(f"this is not TOML: {what[:1].lower()}{what[1:]}", where=f"{path}:{line}:{column}")
