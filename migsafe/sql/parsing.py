"""SQL text as parsed statements, each with its place; what can't be taken apart is said, with the reason.

Each statement is parsed by itself (PostgreSQL 18's grammar, through postgast), so that an error loses no other one.
What runs inside a DO block comes as statements of its own behind the block; what a PL/pgSQL function holds as well,
marked as not run now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import postgast
from postgast import pg_query_pb2 as pb

from migsafe.sql.actions import Action
from migsafe.sql.plpgsql import parse_plpgsql
from migsafe.sql.reading import actions_of
from migsafe.sql.split import SourceStatement, split_script


class Within(StrEnum):
    """What a statement is part of."""

    SCRIPT = "script"
    BLOCK = "DO block"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class ParsedStatement:
    """One statement. ``offset`` is where its first token is, in characters from the start of the script.

    ``within`` a function it isn't run by the script. ``conditional`` says that it stands under IF, in a loop or behind
    EXCEPTION, so that it may not be run at all, or its error be caught. A statement inside a block or a function is
    placed on its line there, as exact as PL/pgSQL's parser tells.
    """

    text: str
    offset: int
    actions: tuple[Action, ...]
    node: pb.Node
    within: Within = Within.SCRIPT
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class NotParsed:
    """A piece of a script that nobody here understands, and why. Never to be read as clean.

    ``refused`` says that PostgreSQL's own grammar refuses it, as a server will. ``within`` a function it isn't run.
    """

    text: str
    offset: int
    reason: str
    refused: bool = False
    within: Within = Within.SCRIPT


_SENDING = frozenset(
    ("i", "ir", "include", "include_relative", "g", "gx", "gexec", "gset", "copy", "if", "elif", "else", "endif", "c")
)
"""The commands of psql that change what is sent, or where."""


def parse_script(sql: str) -> Iterator[ParsedStatement | NotParsed]:
    """The statements of a script for psql, in order."""
    for piece in split_script(sql):
        if isinstance(piece, SourceStatement):
            yield from parse_statement(sql[piece.first : piece.offset + len(piece.text)], piece.first)
        elif piece.name in _SENDING:
            start = sql.splitlines(keepends=True)[: piece.line - 1]
            yield NotParsed(piece.text, sum(map(len, start)), f"\\{piece.name} is a command for psql itself")


_CHANGES_NO_CATALOG = ("INSERT", "UPDATE", "DELETE", "COPY", "COMMENT", "GRANT", "REVOKE", "ANALYZE", "VACUUM")
"""What statements begin with that change no name and no type."""

_AT_ONCE = 64 * 1024
"""Characters of a script that is parsed in one go; longer ones are mostly rows, which needn't be parsed at all."""


def parse_changes(sql: str) -> Iterator[ParsedStatement | NotParsed]:
    """Of the statements of a script those that may change what the catalog holds when they are run.

    It takes about half the time of :func:`parse_script`. Offsets say nothing.
    """
    if len(sql) < _AT_ONCE and "\\" not in sql and "copy" not in sql.lower():
        try:
            raw = postgast.parse(sql).stmts
        except postgast.PgQueryError:
            pass  # the statements before and after the error count
        else:
            data = sql.encode()
            for each in raw:
                end = each.stmt_location + each.stmt_len if each.stmt_len else len(data)
                text = data[each.stmt_location : end].decode()
                yield from _parsed(each.stmt, text, 0, functions=False)
            return
    for piece in split_script(sql):
        if isinstance(piece, SourceStatement):
            text = sql[piece.first : piece.offset + len(piece.text)]
            if not text[:8].upper().startswith(_CHANGES_NO_CATALOG):
                yield from parse_statement(text, piece.first, functions=False)


_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
"""A tag of a template (of Go, Jinja, Mustache …): SQL has none but in quotes, where it is no error."""


def parse_statement(sql: str, offset: int = 0, *, functions: bool = True) -> Iterator[ParsedStatement | NotParsed]:
    """One statement and what is inside it, also of ``functions``; ``offset`` is where its first token stands."""
    try:
        raw = postgast.parse(sql).stmts
    except postgast.PgQueryError as error:
        at = max(error.cursorpos - 1, 0)
        tag = _TAG.search(sql)
        reason = f"what becomes of the template's {tag[0]} isn't known" if tag else error.message
        yield NotParsed(sql, offset + at, reason, refused=tag is None)
        return
    for statement in raw:
        yield from _parsed(statement.stmt, sql, offset, functions=functions)


def _parsed(node: pb.Node, sql: str, offset: int, *, functions: bool) -> Iterator[ParsedStatement | NotParsed]:
    yield ParsedStatement(sql, offset, actions_of(node), node)
    kind = node.WhichOneof("node")
    if kind == "do_stmt":
        yield from _block(sql, offset, node.do_stmt)
    elif kind == "create_function_stmt" and functions:
        yield from _function(sql, offset, node.create_function_stmt)


def _block(sql: str, offset: int, node: pb.DoStmt) -> Iterator[ParsedStatement | NotParsed]:
    options = {each.def_elem.defname: each.def_elem.arg.string.sval for each in node.args}
    language = options.get("language", "plpgsql")
    if language.lower() != "plpgsql":
        yield NotParsed(sql, offset, f"a DO block in {language} can't be read")
    else:
        yield from _plpgsql(sql, offset, options.get("as", ""), Within.BLOCK)


def _function(sql: str, offset: int, node: pb.CreateFunctionStmt) -> Iterator[ParsedStatement | NotParsed]:
    options = {each.def_elem.defname: each.def_elem.arg for each in node.options}
    language = options["language"].string.sval.lower() if "language" in options else "sql"
    body = options["as"].list.items[0].string.sval if "as" in options else ""
    if language == "plpgsql":
        yield from _plpgsql(sql, offset, body, Within.FUNCTION)
    elif language == "sql" and body:
        begin = offset + max(sql.find(body), 0)
        for piece in split_script(body):
            if isinstance(piece, SourceStatement):
                for each in parse_statement(piece.text, begin + piece.offset):
                    yield _moved(each, Within.FUNCTION, conditional=False)


def _plpgsql(sql: str, offset: int, body: str, within: Within) -> Iterator[ParsedStatement | NotParsed]:
    try:
        functions = parse_plpgsql(sql)
    except postgast.PgQueryError as error:
        yield NotParsed(sql, offset, f"its PL/pgSQL can't be read: {error.message}", within=within)
        return
    begin = offset + max(sql.find(body), 0)
    lines = [0]
    for line in body.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    for found in _inside([each["PLpgSQL_function"].get("action") for each in functions]):
        start = begin + lines[min(max(found.line - 1, 0), len(lines) - 1)]
        start += _indent(body, start - begin)
        if found.dynamic:
            yield NotParsed(
                found.sql, start, f"EXECUTE of text that is put together at run time, in a {within}", within=within
            )
            continue
        for each in parse_statement(found.sql, start):
            if isinstance(each, NotParsed):
                yield NotParsed(each.text, start, f"{each.reason} (in a {within})", within=within)
            else:
                yield _moved(each, within, conditional=found.conditional)


def _indent(body: str, start: int) -> int:
    return len(body[start:]) - len(body[start:].lstrip()) if 0 <= start < len(body) else 0


def _moved(each: ParsedStatement | NotParsed, within: Within, *, conditional: bool) -> ParsedStatement | NotParsed:
    if isinstance(each, NotParsed):
        return each
    return ParsedStatement(each.text, each.offset, each.actions, each.node, within, conditional)


@dataclass(frozen=True, slots=True)
class _Found:
    sql: str
    line: int
    conditional: bool
    dynamic: bool = False


_CONDITIONS = (
    "PLpgSQL_stmt_if",
    "PLpgSQL_stmt_case",
    "PLpgSQL_stmt_loop",
    "PLpgSQL_stmt_while",
    "PLpgSQL_stmt_fori",
    "PLpgSQL_stmt_fors",
    "PLpgSQL_stmt_foreach_a",
    "PLpgSQL_stmt_dynfors",
    "PLpgSQL_exception_block",
)


def _inside(tree: object, line: int = 1, *, conditional: bool = False) -> Iterator[_Found]:
    """The statements in the tree that PL/pgSQL's parser gives, in order."""
    if isinstance(tree, list):
        for each in tree:
            yield from _inside(each, line, conditional=conditional)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            below = value.get("lineno", line) if isinstance(value, dict) else line
            if name == "PLpgSQL_stmt_dynexecute":
                yield _executed(value, below, conditional=conditional)
            elif name == "PLpgSQL_stmt_execsql":
                yield _Found(value["sqlstmt"]["PLpgSQL_expr"]["query"], below, conditional)
            elif name in ("PLpgSQL_stmt_perform", "PLpgSQL_stmt_call"):
                yield _Found(value["expr"]["PLpgSQL_expr"]["query"], below, conditional)
            else:
                caught = isinstance(value, dict) and "exceptions" in value
                yield from _inside(value, below, conditional=conditional or caught or name in _CONDITIONS)


def _executed(statement: dict[str, object], line: int, *, conditional: bool) -> _Found:
    """EXECUTE of one constant text is as good as the statement itself; of anything else it isn't known."""
    query = str(statement["query"]["PLpgSQL_expr"]["query"])  # type: ignore[index]
    try:
        value = postgast.parse(f"SELECT {query}").stmts[0].stmt.select_stmt.target_list[0].res_target.val
    except (postgast.PgQueryError, IndexError):
        return _Found(query, line, conditional, dynamic=True)
    if value.HasField("a_const") and value.a_const.HasField("sval"):
        return _Found(value.a_const.sval.sval, line, conditional)
    return _Found(query, line, conditional, dynamic=True)
