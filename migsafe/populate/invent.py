"""A few rows for every table, as an application would write them, made of the schema alone.

Three rows a table: a *usual* one, the *least* that is taken (null wherever it may be), and the *most* (the longest
texts, the largest numbers, the last label of an enum). What the server fills by itself is left to it: identities,
sequences, generated columns, defaults that are computed. Rows refer to rows that are there. Whether a row is right is
for the server to say: each is tried under a savepoint, with other values where a CHECK or a unique key refuses it, and
what can't be made is listed with the server's reason. The same schema and rows give the same new rows every time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors, sql
from psycopg.rows import tuple_row

from migsafe.populate.tables import find_references, find_tables, referred_first

if TYPE_CHECKING:
    from migsafe.populate.tables import Column, Reference, Table
    from migsafe.postgres.names import TableName

ATTEMPTS = 12

_CHECKS = """
SELECT conrelid::bigint, a.attname, pg_get_constraintdef(con.oid)
FROM pg_constraint con
JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = ANY (conkey)
WHERE contype = 'c'
ORDER BY conname
"""
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.])(-?\d+(?:\.\d+)?)")


class Shape(Enum):
    """How much of what the schema takes a row makes use of."""

    USUAL = 1
    LEAST = 2
    MOST = 3


_IN_WORDS = {
    Shape.USUAL: "usual row",
    Shape.LEAST: "row with a null wherever one may be",
    Shape.MOST: "row of the longest and largest values",
}


@dataclass(frozen=True, slots=True)
class Invented:
    """How many rows each table got, by printed name, and why some got fewer than there are shapes."""

    rows: Mapping[str, int]
    not_invented: Mapping[str, str]


class _Impossible(Exception):
    """There can be no such row."""


def invent(connection: psycopg.Connection, ignore: Collection[TableName] = ()) -> Invented:
    """Insert the rows; the connection must be idle and in autocommit. Triggers fire as for anybody."""
    tables = find_tables(connection, ignore)
    references = find_references(connection, tables)
    said = _said_in_checks(connection)
    rows, reasons = dict[str, int](), dict[str, str]()
    for number, table in enumerate(referred_first(tables, references)):
        own = [each for each in references if each.child is table]
        for shape in Shape:
            reason = _insert(connection, table, own, said, shape, 1000 + 100 * number + 20 * shape.value)
            if reason:
                reasons[table.printed] = f"no {_IN_WORDS[shape]}: {reason}"
            else:
                rows[table.printed] = rows.get(table.printed, 0) + 1
    return Invented(rows, reasons)


def _said_in_checks(connection: psycopg.Connection) -> Mapping[tuple[int, str], Sequence[str]]:
    """The literals in the CHECKs of each column: those that it may hold are among them, or near."""
    found: dict[tuple[int, str], list[str]] = {}
    with connection.cursor(row_factory=tuple_row) as cursor:
        for oid, column, definition in cursor.execute(_CHECKS):
            for text, number in _LITERAL.findall(definition):
                found.setdefault((oid, column), []).extend(_near(text, number))
    return found


def _near(text: str, number: str) -> Iterator[str]:
    yield number or text.replace("''", "'")
    if number.lstrip("-").isdigit():
        yield from (str(int(number) + 1), str(int(number) - 1))


def _insert(
    connection: psycopg.Connection,
    table: Table,
    references: Sequence[Reference],
    said: Mapping[tuple[int, str], Sequence[str]],
    shape: Shape,
    number: int,
) -> str:
    """Try until the server takes a row; returns its last reason if it takes none."""
    reason = ""
    for attempt in range(ATTEMPTS):
        try:
            with connection.transaction():
                values = dict(_row(table, said if attempt else {}, shape, number + attempt, attempt))
                for reference in references:
                    values.update(_referred(connection, reference, shape, attempt))
                connection.execute(_statement(table, values), list(values.values()))
                connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except _Impossible as impossible:
            return str(impossible)
        except psycopg.Error as error:
            if connection.broken:
                raise
            reason = error.diag.message_primary or str(error)
            if not isinstance(error, errors.IntegrityError | errors.DataError):
                return reason
        else:
            return ""
    return reason


def _statement(table: Table, values: Mapping[str, str | None]) -> sql.Composed:
    if not values:
        return sql.SQL("INSERT INTO {} DEFAULT VALUES").format(table.identifier)
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        table.identifier,
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(values)),
    )


def _row(
    table: Table, said: Mapping[tuple[int, str], Sequence[str]], shape: Shape, number: int, attempt: int
) -> Iterator[tuple[str, str | None]]:
    for column in table.written:
        if column.identity or column.sequence:
            continue
        if not column.not_null and shape is Shape.LEAST:
            yield column.name, None
            continue
        if column.default and not _constant(column, shape):
            continue
        candidates = said.get((table.oid, column.name), ())
        value = candidates[attempt % len(candidates)] if candidates else _value(column, shape, number)
        if value is None and column.not_null:
            raise _Impossible(f"no value is known for {column.name}, of type {column.type}")
        yield column.name, value


def _constant(column: Column, shape: Shape) -> bool:
    """Whether a default may be passed over: it is a plain value, and the row shall go as far as it can."""
    return shape is Shape.MOST and "(" not in (column.default or "(")


def _referred(
    connection: psycopg.Connection,
    reference: Reference,
    shape: Shape,
    attempt: int,
) -> Mapping[str, str | None]:
    """The key of a row of the parent, another one for each attempt; nulls where there may be none."""
    optional = [name for name in reference.columns if not reference.child.column(name).not_null]
    if shape is Shape.LEAST and optional:
        return dict.fromkeys(optional)
    keys = sql.SQL(", ").join(map(sql.Identifier, reference.keys))
    query = sql.SQL("SELECT {} FROM {} WHERE num_nulls({}) = 0 ORDER BY {} LIMIT {}").format(
        sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(key)) for key in reference.keys),
        reference.parent.source,
        keys,
        sql.SQL(", ").join(sql.SQL("{} DESC").format(sql.Identifier(key)) for key in reference.keys),
        sql.Literal(ATTEMPTS),
    )
    with connection.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(query).fetchall()
    if found:
        return dict(zip(reference.columns, found[attempt % len(found)], strict=True))
    if optional:
        return dict.fromkeys(optional)
    raise _Impossible(f"it must refer to {reference.parent}, where there is no row")


_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_FIXED = {
    "boolean": ("true", "false"),
    "real": ("1.5", "1e30"),
    "double precision": ("1.5", "1e300"),
    "interval": ("1 hour", "100 years"),
    "time without time zone": ("10:11:12", "23:59:59.999999"),
    "time with time zone": ("10:11:12+00", "23:59:59.999999+00"),
    "xml": ("<a/>", "<a/>"),
    "money": ("1.00", "1000000.00"),
    "point": ("(1,2)", "(1,2)"),
    "tsvector": ("a", "a"),
    "oid": ("1", "1"),
}
"""The usual value and the most, of types whose values are seldom keys."""


def _value(column: Column, shape: Shape, number: int) -> str | None:
    """A value as text, another one for each number; none where the type is not known."""
    most = shape is Shape.MOST
    base = column.base
    if column.labels:
        return column.labels[-1 if most else 0]
    if base in _FIXED:
        return _FIXED[base][most]
    if base in _LARGEST:
        return str(_LARGEST[base] - number if most else number)
    if base == "numeric":
        return _digits(column, shape, number)
    if column.category == "S":
        return _text(column, shape, number)
    return _other(column, shape, number)


def _digits(column: Column, shape: Shape, number: int) -> str:
    before, behind = column.digits or (20, 10)
    most = shape is Shape.MOST
    whole = "9" * before if most else str(number)[-before:] if before > 0 else "0"
    return f"{whole or 0}.{'9' * behind}" if most and behind > 0 else whole or "0"


def _text(column: Column, shape: Shape, number: int) -> str:
    if shape is not Shape.MOST:
        text = f"{column.name} {number}"
        return text if column.length is None or len(text) <= column.length else str(number)[-column.length :]
    return f"{number}{'ä' * 300}"[: column.length]


def _other(column: Column, shape: Shape, number: int) -> str | None:
    day = f"{'9999' if shape is Shape.MOST else '2024'}-{1 + number % 12:02}-{1 + number % 28:02}"
    if column.base == "date" or column.base.startswith("timestamp"):
        return day
    if column.base in ("json", "jsonb"):
        return f'{{"number": {number}}}'
    if column.base == "uuid":
        return f"{number:032x}"
    if column.base == "bytea":
        return rf"\x{number:08x}"
    if column.base in ("inet", "cidr"):
        return f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}"
    if column.base in ("macaddr", "macaddr8"):
        return f"{number:0{12 if column.base == 'macaddr' else 16}x}"
    if column.base.startswith("bit"):
        return f"{number:b}".zfill(column.length or 1)[-(column.length or 64) :]
    return {"A": "{}", "R": "empty"}.get(column.category)
