"""Places in a text: from a character offset to line and column, and to an excerpt with a caret under it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1 and in characters, of the character at ``offset`` (from 0; the end counts too)."""
    starts = _line_starts(text)
    line = bisect_right(starts, min(offset, len(text)))
    return line, offset - starts[line - 1] + 1


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    """Kept for a while: the places of many statements of one script are asked for, one after the other."""
    return [0, *(newline.end() for newline in re.finditer("\n", text))]


def excerpt(text: str, offset: int, width: int = 70) -> str:
    """The line that holds the character at ``offset``, and under it a caret; two lines, without a newline at the end.

    A line longer than ``width`` columns is cut around the caret, with an ellipsis at each cut. Columns are those of a
    terminal: a wide character takes two, a combining one none, a tab is shown as one space, other control characters
    as ``·``.
    """
    offset = min(offset, len(text))
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", start)
    line = text[start : len(text) if end < 0 else end].rstrip("\r")
    cells = [(_shown(character), _columns(character)) for character in line]
    caret = min(offset - start, len(cells))
    first, last = _window([columns for _, columns in cells], caret, width)
    left = "…" if first else ""
    right = "…" if last < len(cells) else ""
    padding = len(left) + sum(columns for _, columns in cells[first:caret])
    return f"{left}{''.join(shown for shown, _ in cells[first:last])}{right}\n{' ' * padding}^"


def _window(columns: list[int], caret: int, width: int) -> tuple[int, int]:
    """The stretch of cells, around the caret, that fits into ``width`` columns together with its ellipses."""
    if sum(columns) <= width:
        return 0, len(columns)
    first = last = caret
    room = width - 2
    while room > 0 and (first > 0 or last < len(columns)):
        if last < len(columns) and (last - caret <= caret - first or first == 0):
            room -= columns[last]
            last += 1
        else:
            first -= 1
            room -= columns[first]
    return first, last


def _shown(character: str) -> str:
    if character == "\t":
        return " "
    return "·" if unicodedata.category(character) in ("Cc", "Cf") else character


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
