"""What a value may be: type, null, enum, format, bounds, pattern. Each compares two shapes; none looks inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from migsafe.contract.changes import Change, Side, narrowed, widened
from migsafe.contract.shapes import ALL_TYPES, Shape
from migsafe.findings import Location, Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING

UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")

WIDER_FORMATS = {"int32": {"int64"}, "float": {"double"}}
"""Formats all of whose values are those of another one too."""


def compare_values(old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
    """Everything but what is inside of objects, arrays and alternatives."""
    yield from _types(old, new, side, path)
    yield from _null(old, new, side, path)
    yield from _enum(old, new, side, path)
    yield from _format(old, new, side, path)
    yield from _bounds(old, new, side, path)
    yield from _pattern(old, new, side, path)


def _types(old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
    before, after = _closed(old.types), _closed(new.types)
    where = new.schema.place("type", path)
    told = f"{path} was {_words(old.types)} and is {_words(new.types)}"
    if before - after:
        yield from narrowed(side, "type", f"{told}: what clients send is refused.", where, ERROR)
    if after - before:
        yield from widened(side, "type", f"{told}: clients don't expect that.", where, ERROR)


def _closed(types: frozenset[str] | None) -> frozenset[str]:
    """With what is allowed along: every integer is a number."""
    types = ALL_TYPES if types is None else types
    return types | {"integer"} if "number" in types else types


def _null(old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
    where = new.schema.place("type", path)
    if _maybe_null(old) and not _maybe_null(new):
        yield from narrowed(side, "not-nullable", f"{path} may no longer be null.", where, ERROR)
    if _maybe_null(new) and not _maybe_null(old):
        yield from widened(side, "nullable", f"{path} may be null now.", where, ERROR)


def _maybe_null(shape: Shape) -> bool:
    """A schema that says no type allows null as everything else; only a type that is said rules it out."""
    return shape.nullable and shape.types is not None


def _enum(old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
    if old.values == new.values:
        return
    where = new.schema.place("const" if "const" in new.schema else "enum", path)
    before, after = old.values, new.values
    gone = [each for each in before or () if after is not None and each not in after]
    come = [each for each in after or () if before is not None and each not in before]
    if before is None:
        yield from narrowed(side, "enum", f"{path} takes only {_some(after)} now.", where, ERROR)
    elif gone:
        yield from narrowed(side, "enum", f"{path} no longer takes {_some(gone)}.", where, ERROR)
    if come:
        hard = ERROR if "const" in old.schema else WARNING
        yield from widened(side, "enum", f"{path} may be {_some(come)} now, which clients don't know.", where, hard)
    elif after is None:
        yield from widened(side, "enum", f"{path} may be anything now, not only {_some(before)}.", where, WARNING)


def _format(old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
    before, after = old.rest.get("format"), new.rest.get("format")
    if before == after or (old.types and new.types and not old.types & new.types):
        return
    where = new.schema.place("format", path)
    told = f"{path} had {_named(before)} and has {_named(after)}."
    if after is not None and after not in WIDER_FORMATS.get(str(before), ()):
        yield from narrowed(side, "format", told, where, ERROR)
    if before is not None and before not in WIDER_FORMATS.get(str(after), ()):
        yield from widened(side, "format", told, where, ERROR)


def _bounds(old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
    """A bound that is new in a request is a warning: servers often had it before they said so."""
    for keywords, sign in ((UPPER, 1), (LOWER, -1)):
        for keyword in keywords:
            before, after = _bound(old, keyword), _bound(new, keyword)
            if before == after:
                continue
            told = f"{keyword} of {path} was {_number(before)} and is {_number(after)}."
            where = new.schema.place(keyword, path)
            if before is None:
                yield from narrowed(side, "bound", told, where, WARNING)
            elif after is None or sign * after > sign * before:
                yield from widened(side, "bound", told, where, ERROR)
            else:
                yield from narrowed(side, "bound", told, where, ERROR)


def _bound(shape: Shape, keyword: str) -> float | None:
    """OpenAPI 3.0 says ``exclusiveMaximum: true`` beside ``maximum``; 3.1 gives it the number."""
    plain = keyword.replace("exclusiveM", "m")
    given = shape.rest.get(keyword)
    exclusive = shape.rest.get(f"exclusiveM{keyword[1:]}") is True
    if given is True:
        given = shape.rest.get(plain)
    elif exclusive:
        given = None
    return given if isinstance(given, int | float) and not isinstance(given, bool) else None


def _pattern(old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
    before, after = (shape.rest.get("pattern") or None for shape in (old, new))  # an empty one is none
    if before == after:
        return
    where: Location = new.schema.place("pattern", path)
    told = f"the pattern of {path} was {_named(before)} and is {_named(after)}."
    if after is not None:
        yield from narrowed(side, "pattern", told, where, ERROR if before is None else WARNING)
    if before is not None:
        yield from widened(side, "pattern", told, where, WARNING)


def _words(types: frozenset[str] | None) -> str:
    return " or ".join(sorted(types)) if types else "any type"


def _some(values: Any) -> str:
    shown = [json.dumps(each, ensure_ascii=False, default=str) for each in list(values or ())[:8]]
    return ", ".join(shown) + (", …" if len(values or ()) > 8 else "") if shown else "nothing"


def _named(value: Any) -> str:
    return "none" if value is None else str(value)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
