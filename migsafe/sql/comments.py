"""The comments of a script, as PostgreSQL's own scanner finds them: not in strings, dollar quotes or COPY data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postgast import PgQueryError, scan
from postgast.pg_query_pb2 import ScanToken, Token

from migsafe.sql.position import line_and_column
from migsafe.sql.split import SourceStatement, split_script

_LINE_COMMENT = Token.Value("SQL_COMMENT")
_END_OF_DATA = "\\."


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from its marker to the end of its line, and where it begins, from 1."""

    text: str
    line: int
    column: int


def line_comments(sql: str) -> Iterator[Comment]:
    """The ``--`` comments of a script, in order; what the scanner refuses has none."""
    for offset, text in _stretches(sql):
        data = text.encode()
        for token in _tokens(text):
            if token.token == _LINE_COMMENT:
                start = offset + len(data[: token.start].decode())
                line, column = line_and_column(sql, start)
                yield Comment(data[token.start : token.end].decode().rstrip(), line, column)


def _stretches(sql: str) -> Iterator[tuple[int, str]]:
    """The statements with the comments before each, and what follows the last one."""
    end = 0
    for piece in split_script(sql):
        if isinstance(piece, SourceStatement):
            yield piece.offset, piece.text
            end = piece.offset + len(piece.text)
            if piece.copy_data is not None:
                end = sql.index(piece.copy_data, end) + len(piece.copy_data)
                end += len(_END_OF_DATA) if sql.startswith(_END_OF_DATA, end) else 0
    yield end, sql[end:]


def _tokens(text: str) -> list[ScanToken]:
    try:
        return list(scan(text).tokens)
    except PgQueryError as error:
        return list(scan(text[: error.cursorpos - 1]).tokens)
