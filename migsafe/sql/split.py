"""SQL text as statements: where one ends and the next begins, and the place of each in its file.

Built on PostgreSQL's own scanner (through postgast), so strings, dollar quotes, nested comments and quoted names are
what the server takes them for; nothing is parsed, so SQL that the grammar refuses is split all the same. The rule for
where a statement ends is psql's (``psqlscan.l``): a semicolon outside parentheses and outside the ``BEGIN … END`` body
of a ``CREATE FUNCTION`` or ``CREATE PROCEDURE``.

Limit: what the scanner refuses (an unterminated string, say) and everything after it is one last statement, so that
the server has the last word on it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from postgast import PgQueryError, scan
from postgast.pg_query_pb2 import ScanToken, Token

_COMMENTS = frozenset((Token.Value("SQL_COMMENT"), Token.Value("C_COMMENT")))
_SEMICOLON, _PARENTHESIS, _CLOSING_PARENTHESIS, _BACKSLASH = (ord(character) for character in ";()\\")
_BEGIN, _CASE, _END = (Token.Value(name) for name in ("BEGIN_P", "CASE", "END_P"))
_CREATE, _OR, _REPLACE = (Token.Value(name) for name in ("CREATE", "OR", "REPLACE"))
_ROUTINES = frozenset((Token.Value("FUNCTION"), Token.Value("PROCEDURE")))
_COPY, _FROM, _STDIN = (Token.Value(name) for name in ("COPY", "FROM", "STDIN"))
_TELLING = frozenset(
    (*_COMMENTS, _SEMICOLON, _PARENTHESIS, _CLOSING_PARENTHESIS, _BACKSLASH, _BEGIN, _CASE, _END, _FROM, _STDIN)
)
_OPENING = 4
"""How many tokens it takes to know CREATE OR REPLACE FUNCTION."""
_UNSCANNABLE = -1
_STRETCH = 256 * 1024
"""About how many bytes are scanned at once, so that the tokens of a large script needn't all be held in memory."""

_END_OF_COPY_LINE = re.compile(rb"\bfrom\s+stdin\b[^;]*;[^\n]*(?:\n|\Z)", re.IGNORECASE)
_META_COMMAND_LINE = re.compile(rb"^[ \t]*\\[^\n]*(?:\n|\Z)", re.MULTILINE)
_END_OF_DATA = re.compile(rb"^\\\.[ \t\r]*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SourceStatement:
    """One statement of a script.

    ``text`` is what is sent: the comments before the statement and the statement, without its semicolon. ``offset`` is
    where ``text`` begins and ``first`` where its first token is that isn't a comment, in characters from the start of
    the script; ``line`` and ``column`` (from 1) are those of ``first``. ``copy_data`` holds the lines that follow
    ``COPY … FROM STDIN``.
    """

    text: str
    offset: int
    first: int
    line: int
    column: int
    copy_data: str | None = None


@dataclass(frozen=True, slots=True)
class MetaCommand:
    """A line for psql itself, such as ``\\set ON_ERROR_STOP on``: from the backslash to the end of the line."""

    text: str
    line: int
    column: int

    @property
    def name(self) -> str:
        """The command without its backslash and arguments."""
        return self.text[1:].split()[0] if self.text[1:].strip() else ""


def split(sql: str) -> list[SourceStatement]:
    """The statements of ``sql`` in order; empty ones are dropped. A backslash is SQL here, right or wrong."""
    return [piece for piece in _Splitter(sql, psql=False).pieces() if isinstance(piece, SourceStatement)]


def split_script(sql: str) -> list[SourceStatement | MetaCommand]:
    """The statements and meta-commands of a script written for psql, in order."""
    return list(_Splitter(sql, psql=True).pieces())


class _Token(NamedTuple):
    kind: int
    start: int


@dataclass(slots=True)
class _Open:
    """The statement that is being read: where it begins (bytes), how deep it is nested, what it may turn out to be."""

    start: int | None = None
    first: int | None = None
    depth: int = 0
    blocks: int = 0
    kinds: list[int] = field(default_factory=list)
    from_seen: bool = False
    copies_in: bool = False

    def add(self, token: _Token) -> None:
        kind = token.kind
        if self.start is None:
            self.start = token.start
        if kind in _COMMENTS:
            return
        if self.first is None:
            self.first = token.start
        if len(self.kinds) < _OPENING:
            self.kinds.append(kind)
        if kind == _PARENTHESIS:
            self.depth += 1
        elif kind == _CLOSING_PARENTHESIS:
            self.depth = max(0, self.depth - 1)
        elif not self.depth:
            self._note(kind)

    def _note(self, kind: int) -> None:
        if kind == _END:
            self.blocks = max(0, self.blocks - 1)
        elif (kind == _BEGIN and self._makes_routine()) or (kind == _CASE and self.blocks):
            self.blocks += 1
        elif kind == _FROM:
            self.from_seen = True
        elif kind == _STDIN and self.from_seen and self.kinds[0] == _COPY:
            self.copies_in = True

    def _makes_routine(self) -> bool:
        kinds = self.kinds
        return kinds[0] == _CREATE and (
            kinds[1] in _ROUTINES or (kinds[1:3] == [_OR, _REPLACE] and kinds[-1] in _ROUTINES)
        )


class _Splitter:
    """Goes through the script stretch by stretch: data of COPY and lines for psql must not reach the scanner."""

    def __init__(self, sql: str, *, psql: bool) -> None:
        self._data = sql.encode()
        self._psql = psql
        self._ruler = _Ruler(self._data)
        self._open = _Open()

    def pieces(self) -> Iterator[SourceStatement | MetaCommand]:
        start, stops = 0, self._stops()
        while start < len(self._data):
            stop, tokens = self._scan_stretch(start, stops)
            start = yield from self._read(tokens, stop)
        yield from self._statement(len(self._data))

    def _read(self, tokens: Iterator[_Token], stop: int) -> Generator[SourceStatement | MetaCommand, None, int]:
        """The pieces of one stretch; returns where the next one begins."""
        skip_to = 0
        for token in tokens:
            kind, start = token
            if kind == _SEMICOLON and not self._open.depth and not self._open.blocks:
                if self._open.copies_in:
                    copied, after = self._copy_data(start)
                    yield from self._statement(start, copied)
                    return after
                yield from self._statement(start)
            elif kind == _BACKSLASH and self._psql and start >= skip_to:
                skip_to = self._end_of_line(start)
                yield self._meta_command(start, skip_to)
            elif start >= skip_to:
                self._open.add(token)
        if line := self._meta_command_line(stop):
            yield self._meta_command(self._data.index(b"\\", stop), line.end())
            return line.end()
        return stop

    def _meta_command_line(self, start: int) -> re.Match[bytes] | None:
        return _META_COMMAND_LINE.match(self._data, start) if self._psql else None

    def _stops(self) -> list[int]:
        """Where the scanner stops, unless in a string or a comment: ends of COPY, lines for psql, ends of stretches."""
        stops = [found.end() for found in _END_OF_COPY_LINE.finditer(self._data)]
        if self._psql:
            stops += [found.start() for found in _META_COMMAND_LINE.finditer(self._data)]
        end = 0
        while (end := self._data.find(b";\n", end + _STRETCH) + 2) > 1:
            stops.append(end)
        return sorted(stops)

    def _scan_stretch(self, start: int, stops: list[int]) -> tuple[int, Iterator[_Token]]:
        """The tokens from ``start`` to the next stop that counts, or to the end, and where that is."""
        for stop in stops[bisect_left(stops, start) :]:
            if stop == start and not self._meta_command_line(stop):
                continue  # an end of COPY whose data didn't follow: the scanner has come this far already
            try:
                return stop, _tokens(self._data[start:stop].decode(), start)
            except PgQueryError:
                continue  # the stop is inside a string, a dollar quote or a comment
        text = self._data[start:].decode()
        try:
            return len(self._data), _tokens(text, start)
        except PgQueryError as error:
            return len(self._data), _tokens_before(text, error.cursorpos - 1, start)

    def _copy_data(self, semicolon: int) -> tuple[str, int]:
        """The lines of data after the line with this semicolon, and where the script goes on after them."""
        start = self._end_of_line(semicolon)
        end = _END_OF_DATA.search(self._data, start)
        last, after = (end.start(), end.end()) if end else (len(self._data), len(self._data))
        return self._data[start:last].decode(), after

    def _end_of_line(self, start: int) -> int:
        newline = self._data.find(b"\n", start)
        return len(self._data) if newline < 0 else newline + 1

    def _statement(self, end: int, copy_data: str | None = None) -> Iterator[SourceStatement]:
        read, self._open = self._open, _Open()
        if read.start is None or read.first is None:
            return
        offset, _, _ = self._ruler.at(read.start)
        first, line, column = self._ruler.at(read.first)
        yield SourceStatement(self._data[read.start : end].decode().rstrip(), offset, first, line, column, copy_data)

    def _meta_command(self, start: int, end: int) -> MetaCommand:
        line, column = _Ruler(self._data).at(start)[1:]
        return MetaCommand(self._data[start:end].decode().rstrip(), line, column)


class _Ruler:
    """Turns byte offsets, asked for in ascending order, into characters from the start, line and column."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._byte = self._character = self._line_start = 0
        self._line = 1

    def at(self, byte: int) -> tuple[int, int, int]:
        passed = self._data[self._byte : byte].decode()
        newline = passed.rfind("\n")
        if newline >= 0:
            self._line += passed.count("\n")
            self._line_start = self._character + newline + 1
        self._character += len(passed)
        self._byte = byte
        return self._character, self._line, self._character - self._line_start + 1


def _tokens(text: str, start: int) -> Iterator[_Token]:
    """Scan at once, so that an error shows here and not on the way."""
    return _telling(scan(text).tokens, start)


def _telling(tokens: Iterable[ScanToken], start: int) -> Iterator[_Token]:
    """Only the tokens that can matter: most of a large script is values, and is passed over here."""
    opening = _OPENING
    for token in tokens:
        kind = token.token
        if opening or kind in _TELLING:
            yield _Token(kind, start + token.start)
            if kind == _SEMICOLON:
                opening = _OPENING
            elif opening and kind not in _COMMENTS:
                opening -= 1


def _tokens_before(text: str, refused: int, start: int) -> Iterator[_Token]:
    yield from _tokens(text[:refused], start)
    yield _Token(_UNSCANNABLE, start + len(text[:refused].encode()))


def first_words(sql: str, count: int) -> list[str]:
    """The first words of a statement in upper case: keywords and unquoted names, outside parentheses and comments."""
    data = sql.encode()
    words: list[str] = []
    depth = 0
    try:
        tokens = scan(sql).tokens
    except PgQueryError as error:
        tokens = scan(sql[: error.cursorpos - 1]).tokens
    for token in tokens:
        if len(words) == count:
            break
        depth += (token.token == _PARENTHESIS) - (token.token == _CLOSING_PARENTHESIS)
        word = data[token.start : token.end].decode()
        if depth == 0 and word[0].isalpha() and token.token not in _COMMENTS and word.isidentifier():
            words.append(word.upper())
    return words
