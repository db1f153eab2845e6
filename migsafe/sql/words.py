"""The tokens of a statement, as PostgreSQL's own scanner finds them, with their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postgast import scan
from postgast.pg_query_pb2 import Token

_COMMENTS = frozenset((Token.Value("SQL_COMMENT"), Token.Value("C_COMMENT")))


@dataclass(frozen=True, slots=True)
class Word:
    """A token that isn't a comment, as it is written, and where it stands in characters. ``depth`` counts parentheses.

    ``after_comment`` says that a comment stands between it and the word before.
    """

    text: str
    start: int
    end: int
    depth: int
    after_comment: bool

    def is_keyword(self, *keywords: str) -> bool:
        return self.text.upper() in keywords


def words(sql: str) -> Iterator[Word]:
    """The tokens of a statement that can be parsed."""
    data = sql.encode()
    depth, commented = 0, False
    for token in scan(sql).tokens:
        if token.token in _COMMENTS:
            commented = True
            continue
        text = data[token.start : token.end].decode()
        depth -= text == ")"
        start = len(data[: token.start].decode())
        yield Word(text, start, start + len(text), depth, commented)
        depth += text == "("
        commented = False
