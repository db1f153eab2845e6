"""Text made fit to be shown: from outside without secrets and characters that steer a terminal; counts in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import category

_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Control, format (right-to-left overrides among them), surrogate, and the two Unicode line breaks."""

_JOINERS = "\u200c\u200d"  # Persian words and emoji need them

_SECRETS = (
    (re.compile(r"(?i)(\bpassword\s*=?\s*)(?:e?'(?:[^']|'')*'|\$(\w*)\$.*?\$\2\$)", re.DOTALL), r"\1'***'"),
    (re.compile(r"(?i)(\bpassword=)[^\s'\"(),;]+"), r"\1***"),
    (re.compile(r"(\w://[^\s:/@]*:)[^\s/]*@"), r"\1***@"),
)


def plain(text: str) -> str:
    """The text with secrets blotted out and steering characters written as escapes; line breaks and tabs stay."""
    return "".join(_escaped(character) for character in blotted(text))


def one_line(text: str) -> str:
    """As :func:`plain`, with line breaks and tabs written as escapes too."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


_COMMENTS_BEFORE = re.compile(r"\A(?:\s*(?:--[^\n]*(?:\n|\Z)|/\*.*?\*/))+", re.DOTALL)


def shortened(sql: str, characters: int) -> str:
    """A statement on one line without the comments before it, cut off where it has more characters."""
    text = one_line(" ".join((_COMMENTS_BEFORE.sub("", sql, count=1) or sql).split()))
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def blotted(text: str) -> str:
    """The text without the passwords of role definitions, connection strings and URLs.

    A last net: what is kept from errors and reports in the first place needs none.
    """
    for secret, instead in _SECRETS:
        text = secret.sub(instead, text)
    return text


def first_lines(lines: Sequence[str], most: int) -> tuple[str, ...]:
    """The first ``most`` lines; where there are more, a last one says how many."""
    more = len(lines) - most
    return (*lines[:most], f"… and {more:,} more") if more > 0 else tuple(lines)


def many(number: int, thing: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def many_are(number: int, thing: str) -> str:
    """``1 row is``, ``2,000 rows are``."""
    return f"{many(number, thing)} {'is' if number == 1 else 'are'}"


def size(count: int) -> str:
    """Bytes as people read them: ``812 B``, ``8.3 MB``."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def value(text: str | None) -> str:
    """A value of a row: as it is where that is clear, else in quotes."""
    if text is None:
        return "NULL"
    return text if text and text == text.strip() else repr(text)


def _escaped(character: str) -> str:
    if character in "\n\t" or character in _JOINERS or category(character) not in _STEERING:
        return character
    return character.encode("unicode_escape").decode("ascii")
