"""New values for the columns of a key: a function of the old value and the copy's number, which never meets an old one.

A shift holds for a whole class of columns: a key and all that refer to it, so that copies refer to copies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import LiteralString

from psycopg import sql

from migsafe.populate.tables import Column

_INTEGERS: dict[str, tuple[int, int]] = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
    "oid": (0, 2**32 - 1),
}
_NUMBERS = {*_INTEGERS, "numeric", "real", "double precision"}
_TIMES = ("timestamp without time zone", "timestamp with time zone")
_OF_DAY = ("time without time zone", "time with time zone")

RANKS = ("number", "uuid", "text", "date", "timestamp", "bytea", "time")
"""The kinds of columns that can be given new values, the one to choose first in front."""


def kind_of(column: Column) -> str | None:
    """The kind of a column, none where no new values are known for its type."""
    if column.base in _NUMBERS:
        return "number"
    if column.category == "S" and column.base != '"char"':
        return "text"
    named = {"uuid": "uuid", "date": "date", "bytea": "bytea"} | dict.fromkeys(_TIMES, "timestamp")
    return (named | dict.fromkeys(_OF_DAY, "time")).get(column.base)


_LOW_AND_HIGH: dict[str, tuple[LiteralString, LiteralString]] = {
    "date": (
        "min({0}::date - date '2000-01-01') FILTER (WHERE isfinite({0}))",
        "max({0}::date - date '2000-01-01') FILTER (WHERE isfinite({0}))",
    ),
    "timestamp": (
        "floor(extract(epoch FROM min({0}) FILTER (WHERE isfinite({0}))) / 86400)",
        "ceil(extract(epoch FROM max({0}) FILTER (WHERE isfinite({0}))) / 86400)",
    ),
    "text": ("0", "coalesce(max(substring({0}::text FROM '~([0-9]{{1,9}})$')::bigint), 0)"),
}
_FINITE: tuple[LiteralString, LiteralString] = (
    "min({0}) FILTER (WHERE {0}::text NOT IN ('NaN', 'Infinity', '-Infinity'))",
    "max({0}) FILTER (WHERE {0}::text NOT IN ('NaN', 'Infinity', '-Infinity'))",
)


def measures(column: Column) -> tuple[sql.Composable, sql.Composable]:
    """Two aggregates that give the range of a column: the number that it begins with, and the one that it ends with.

    Days for dates and times; for texts the largest number that an earlier copy bears behind a tilde.
    """
    kind, name = kind_of(column) or "", sql.Identifier(column.name)
    usual: tuple[LiteralString, LiteralString] = ("NULL::int", "NULL::int")
    if kind == "number":
        usual = ("min({0}::bigint)", "max({0}::bigint)") if column.base in _INTEGERS else _FINITE
    low, high = _LOW_AND_HIGH.get(kind, usual)
    return sql.SQL(low).format(name), sql.SQL(high).format(name)


@dataclass(frozen=True, slots=True)
class Shift:
    """How a class of columns is shifted: by ``step`` for each copy, or marked with ``start`` and its number."""

    kind: str
    step: int
    start: int
    near: bool
    length: int | None

    @property
    def certain(self) -> bool:
        """Whether no two values can become one, and none becomes an old one."""
        return self.kind != "time" and not self.near and (self.kind != "text" or self.length is None)

    def value(self, column: Column, source: sql.Composable, copy: sql.Composable) -> sql.Composable:
        """The value that the column has in a copy, as SQL; null stays null."""
        return sql.SQL(self._template(column)).format(
            v=source,
            n=copy,
            step=sql.Literal(self.step),
            start=sql.Literal(self.start),
            length=sql.Literal(self.length),
        )

    def _template(self, column: Column) -> LiteralString:
        match self.kind:
            case "number" if column.base in _INTEGERS:
                return "({v}::bigint + {n} * {step}::bigint)"
            case "number":
                return "({v} + {n}::numeric * {step})"
            case "text" if self.length is None:
                return "({v}::text || '~' || ({start}::bigint + {n}))"
            case "text":
                return (
                    "CASE WHEN length({v}::text || '~' || ({start}::bigint + {n})) <= {length} "
                    "THEN {v}::text || '~' || ({start}::bigint + {n}) "
                    "ELSE left(md5({v}::text || '~' || ({start}::bigint + {n})), {length}) END"
                )
            case "uuid":
                return "md5({v}::text || '~' || ({start}::bigint + {n}))::uuid"
            case "bytea":
                return "({v} || int8send({start}::bigint + {n}))"
            case "date":
                return "({v} + ({n} * {step})::int)"
            case "timestamp" if not self.near:
                return "({v} + make_interval(days => ({n} * {step})::int))"
            case _:
                return "({v} + make_interval(secs => ({start}::bigint + {n}) * 0.000001))"


def shift_of(columns: Sequence[Column], low: Decimal, high: Decimal, rows: int, copies: int) -> Shift | str:
    """The shift for a class of columns that hold values from ``low`` to ``high``, or why there is none.

    ``rows`` is how many rows the largest of their tables has, ``copies`` how many times they are to be copied.
    """
    kinds = {kind_of(column) for column in columns}
    kind = kinds.pop()
    if kind is None or kinds:
        types = sorted({column.type for column in columns})
        return f"there are no new values for the type {' with '.join(types)}"
    near = kind == "timestamp" and any(column.bound for column in columns)
    lengths = [column.length for column in columns if column.length is not None]
    step = math.ceil(high) - math.floor(low) + 1
    if kind == "number":
        step = _within(columns, math.floor(low), math.ceil(high), step, copies)
        if step == 0:
            return f"{columns[0].type} has no room for {copies} times the range from {low} to {high}"
    return Shift(kind, step, math.ceil(high) if kind == "text" else rows, near, min(lengths, default=None))


def _within(columns: Sequence[Column], low: int, high: int, step: int, copies: int) -> int:
    """The step upwards, else downwards, with which all copies stay in all columns' types; 0 if neither does."""
    floor = max((bounds[0] for column in columns if (bounds := _bounds(column))), default=None)
    ceiling = min((bounds[1] for column in columns if (bounds := _bounds(column))), default=None)
    if ceiling is None or high + copies * step <= ceiling:
        return step
    return -step if floor is not None and low - copies * step >= floor else 0


def _bounds(column: Column) -> tuple[int, int] | None:
    if column.digits:
        return 1 - 10 ** column.digits[0], 10 ** column.digits[0] - 1
    return _INTEGERS.get(column.base)
