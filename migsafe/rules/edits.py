"""What a rule may write into a script: small changes of the text that leave all else of it as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.sql.words import Word, words

if TYPE_CHECKING:
    from migsafe.sql.parsing import ParsedStatement


@dataclass(frozen=True, slots=True)
class Edit:
    """``text`` in place of what stands from ``start`` to ``end``, in characters from the statement's first token."""

    start: int
    end: int
    text: str


Fix = tuple[Edit, ...]
"""The changes that make one finding go away, in the order of their places, none over another."""


def edited(text: str, edits: Iterable[Edit], offset: int = 0) -> str:
    """The text with the changes made; ``offset`` is where the statement begins in it."""
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        text = text[: offset + edit.start] + edit.text + text[offset + edit.end :]
    return text


def before(sql: str) -> Edit:
    """A statement before this one."""
    return Edit(0, 0, f"{sql};\n")


def behind(statement: str, *keywords: str, text: str) -> Edit:
    """A word behind the first of these keywords that stands outside of parentheses."""
    at = next(word.end for word in words(statement) if word.depth == 0 and word.is_keyword(*keywords))
    return Edit(at, at, f" {text}")


def at_end(statement: str, text: str) -> Edit:
    """Text at the end of the statement, before a comment that may stand there and the semicolon."""
    end = max(word.end for word in words(statement))
    return Edit(end, end, text)


def end_of_action(statement: str, number: int, among: int) -> int | None:
    """Where an action of ALTER TABLE ends, the first having the number 0; none where they can't be told apart."""
    found = list(words(statement))
    commas = [place for place, word in enumerate(found) if word.text == "," and word.depth == 0]
    if len(commas) != among - 1:
        return None
    return found[commas[number] - 1 if number < len(commas) else -1].end


def in_front(statement: str, keyword: str, text: str) -> Edit:
    """A text and a blank before the first such keyword outside of parentheses."""
    at = _first(statement, keyword).start
    return Edit(at, at, f"{text} ")


def head(statement: str, keyword: str, after: str | None = None) -> str:
    """What stands before the first such keyword (``after`` another one), as it was written: ``ALTER TABLE ONLY t``."""
    start = _first(statement, after).end if after else 0
    return statement[: _first(statement, keyword, start).start].rstrip()


def rest_from(statement: str, *keywords: str, text: str) -> Edit | None:
    """Text for all that stands behind the first of these keywords; none where a comment would be lost."""
    found = list(words(statement))
    number = next(number for number, word in enumerate(found) if word.depth == 0 and word.is_keyword(*keywords))
    if any(word.after_comment for word in found[number + 1 :]):
        return None
    return Edit(found[number].end, found[-1].end, text)


def type_words(statement: ParsedStatement, column: str) -> Iterator[Word]:
    """The first words of the types that the statement gives columns of that name."""
    node, text = statement.node, statement.text.encode()
    if node.HasField("create_stmt"):
        elements = list(node.create_stmt.table_elts)
    else:
        elements = [getattr(each.alter_table_cmd, "def") for each in node.alter_table_stmt.cmds]
    columns = (each.column_def for each in elements if each.HasField("column_def"))
    starts = {len(text[: each.type_name.location].decode()) for each in columns if each.colname == column}
    yield from (word for word in words(statement.text) if word.start in starts)


def _first(statement: str, keyword: str, start: int = 0) -> Word:
    found = (word for word in words(statement) if word.start >= start and word.depth == 0)
    return next(word for word in found if word.is_keyword(keyword))
