"""What became of a value: the classes, and the SQL expression that tells them apart in the server.

The old value stands beside the new one, in the form that :func:`carried` names: numbers and times as they are, arrays
as arrays of text, everything else as its text. The session has the settings of :mod:`migsafe.postgres.reading`: UTC,
ISO dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from psycopg import sql

from migsafe.rows.lineage import TypedColumn


class Survival(StrEnum):
    """What became of a column's values, or of a table's rows; the worst comes first.

    *Lost* is a column or table that is gone with values in it; *disappeared* and *appeared* are rows.
    """

    LOST = "lost"
    DISAPPEARED = "disappeared"
    NULLED = "nulled"
    TRUNCATED = "truncated"
    ROUNDED = "rounded"
    SHIFTED = "shifted"
    CHANGED = "changed"
    APPEARED = "appeared"
    RETYPED = "re-typed"
    KEPT = "kept"


_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_FLOATS = {"real": ("1e-37", "3e38"), "double precision": ("1e-307", "1e308")}
"""With the absolute values between which a cast neither overflows nor underflows."""
_NUMBERS = _INTEGERS | _FLOATS.keys() | {"numeric"}
_STAMP_WITH_ZONE = "timestamp with time zone"
_STAMPS = frozenset({"timestamp without time zone", _STAMP_WITH_ZONE})
_MOMENTS = _STAMPS | {"date"}
_TIME, _TIME_WITH_ZONE = "time without time zone", "time with time zone"
_TIMES = frozenset({_TIME, _TIME_WITH_ZONE})
_JSON = frozenset({"json", "jsonb"})
_PLAIN_KEYS = _INTEGERS | _MOMENTS | {"numeric", "uuid"}

_SECONDS_APART = "extract(epoch FROM {o}::timestamp - {n}::timestamp)::numeric"
_COARSE = ("minute", "hour", "day")
_FINE = ("milliseconds", "second")
_LONGEST_SHOWN = 60
"""Characters of a value that are shown."""


def carried(column: TypedColumn) -> str:
    """The type in which a column's values are brought beside the new ones."""
    if column.base in _NUMBERS | _MOMENTS | _TIMES:
        return column.base
    return "text[]" if _is_array(column) else "text"


def key_type(old: TypedColumn, new: TypedColumn) -> str:
    """The type in which a key's old and new values are matched: their own where they can be, otherwise text."""
    if {old.base, new.base} <= _INTEGERS:
        return "bigint"
    return old.base if old.base == new.base and old.base in _PLAIN_KEYS else "text"


def depends_on_time_zone(old: TypedColumn, new: TypedColumn) -> bool:
    """Whether a cast between the two types may ask for the session's time zone (manual, 8.5.3)."""
    return old.base != new.base and any("with time zone" in each.base or "tstz" in each.base for each in (old, new))


def classify(
    old: TypedColumn, new: TypedColumn, o: sql.Composable, n: sql.Composable, *, shifts: bool = False
) -> sql.Composed:
    """The :class:`Survival` of one value, as text; null where it is kept. ``o`` and ``n`` are the value's two sides.

    ``shifts`` says that the new values are others when the session's time zone is another.
    """
    nulls = "CASE WHEN {o} IS NULL THEN CASE WHEN {n} IS NOT NULL THEN 'changed' END WHEN {n} IS NULL THEN 'nulled'"
    if shifts:
        infinite = "WHEN {o}::text = {n}::text AND {o}::text IN ('infinity', '-infinity') THEN NULL"
        return sql.SQL(f"{nulls} {infinite} ELSE 'shifted' END").format(o=o, n=n)
    kinds = (_same, _truncated, _rounded)
    same, truncated, rounded = (" OR ".join(tests(old, new)) or "false" for tests in kinds)
    outcomes = f"WHEN {same} THEN NULL WHEN {truncated} THEN 'truncated' WHEN {rounded} THEN 'rounded' ELSE 'changed'"
    return sql.SQL(f"{nulls} {outcomes} END").format(o=o, n=n)


def shown(value: sql.Composable) -> sql.Composed:
    """A value as text; a long one is cut at its end, and its length said, in ASCII, which every encoding has."""
    return sql.SQL(
        "CASE WHEN length({text}) > {longest}"
        " THEN left({text}, {longest}) || '... (' || length({text}) || ' characters)' ELSE {text} END"
    ).format(text=sql.SQL("{}::text").format(value), longest=_LONGEST_SHOWN)


def _same(old: TypedColumn, new: TypedColumn) -> Iterator[str]:
    if old.base == new.base == carried(old) and old.base not in ("text", "text[]"):
        yield "{o} = {n}"
        return
    if _is_array(old) and _is_array(new):
        yield '{o}::text COLLATE "C" = {n}::text[]::text COLLATE "C"'
    else:
        yield '{o}::text COLLATE "C" = {n}::text COLLATE "C"'
    if {old.base, new.base} <= _NUMBERS:
        yield f"{_number('{o}', old)} = {_number('{n}', new)}"
    if {old.base, new.base} <= _JSON:
        yield "{o}::jsonb = {n}::jsonb"
    if {old.base, new.base} <= _MOMENTS:
        yield "{o}::timestamp = {n}::timestamp"
    if _gains_or_loses_zone(old, new):
        # The values don't depend on the session's zone, so the migration named one: the same moment, told elsewhere.
        yield (
            "CASE WHEN isfinite({o}) AND isfinite({n}) THEN"
            f" abs({_SECONDS_APART}) < 57600 AND mod({_SECONDS_APART}, 900) = 0 END"
        )
    if (old.base, new.base) == (_TIME, _TIME_WITH_ZONE):
        yield "{o} = {n}::time"


def _truncated(old: TypedColumn, new: TypedColumn) -> Iterator[str]:
    if _is_string(old) and _is_string(new):
        # Blanks at the end are no loss: what is trimmed was meant to be.
        yield (
            'starts_with({o} COLLATE "C", {n}::text COLLATE "C")'
            r" AND btrim(substr({o}, length({n}::text) + 1), E' \t\r\n') <> ''"
        )
    if _is_array(old) and _is_array(new):
        yield (
            "cardinality({n}::text[]) < cardinality({o})"
            " AND ({o})[array_lower({o}, 1):array_lower({o}, 1) + cardinality({n}::text[]) - 1] = {n}::text[]"
        )
    if old.base in _STAMPS and new.base == "date":
        # The date is that of some zone, at most 14 hours before and 12 after the one of UTC.
        apart = "BETWEEN -50400 AND 136800" if old.base == _STAMP_WITH_ZONE else "BETWEEN 0 AND 86400"
        yield f"CASE WHEN isfinite({{o}}) AND isfinite({{n}}) THEN {_SECONDS_APART} {apart} END"
    elif {old.base, new.base} <= _STAMPS:
        yield " OR ".join(f"{{n}}::timestamp = date_trunc('{unit}', {{o}}::timestamp)" for unit in _COARSE)
    if old.base in _STAMPS and new.base == _TIME:
        yield "{o}::timestamp::time = {n}"
    if (old.base, new.base) == (_TIME_WITH_ZONE, _TIME):
        yield "{o}::time = {n}"


def _rounded(old: TypedColumn, new: TypedColumn) -> Iterator[str]:
    kinds = {old.base in _NUMBERS, new.base in _NUMBERS}
    if True in kinds and all(each.base in _NUMBERS or _is_string(each) for each in (old, new)):
        before, after = _number("{o}", old), _number("{n}", new)
        digits = f"min_scale({after})"
        yield f"{digits} < min_scale({before}) AND {after} IN (round({before}, {digits}), trunc({before}, {digits}))"
    if old.base in _NUMBERS and new.base in _FLOATS:
        smallest, largest = _FLOATS[new.base]
        before = _number("{o}", old)
        yield f"CASE WHEN abs({before}) BETWEEN {smallest} AND {largest} THEN {{o}}::{new.base} = {{n}} END"
    for kind, bases in (("timestamp", _STAMPS), ("time", _TIMES)):
        if {old.base, new.base} <= bases:
            yield " OR ".join(f"{{n}}::{kind} = {{o}}::{kind}::{kind}({digits})" for digits in range(6))
    if {old.base, new.base} <= _STAMPS:
        yield " OR ".join(f"{{n}}::timestamp = date_trunc('{unit}', {{o}}::timestamp)" for unit in _FINE)


def _number(value: str, column: TypedColumn) -> str:
    """A value as numeric; null where it has no digits."""
    if column.base in _FLOATS:
        return f"CASE WHEN {value}::text !~ '[IN]' THEN {value}::text::numeric END"
    if column.base in _NUMBERS:
        return f"{value}::numeric"
    return rf"CASE WHEN {value}::text ~ '^\s*[-+]?[0-9]+(\.[0-9]+)?\s*$' THEN {value}::text::numeric END"


def _gains_or_loses_zone(old: TypedColumn, new: TypedColumn) -> bool:
    """Whether one of two moments has a zone and the other hasn't, without losing the time of day."""
    bases = (old.base, new.base)
    return bases.count(_STAMP_WITH_ZONE) == 1 and {*bases} <= _MOMENTS and new.base != "date"


def _is_string(column: TypedColumn) -> bool:
    """Text, bit strings (category V) and bytea: what its text begins with, it begins with."""
    return column.category in ("S", "V") or column.base == "bytea"


def _is_array(column: TypedColumn) -> bool:
    return column.base.endswith("[]")
