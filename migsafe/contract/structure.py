"""Whether a document is built as OpenAPI has it, as far as it is looked at: objects, lists and texts where they belong.

It is not a validator: what nothing here reads may be wrong all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from migsafe.contract.document import Document
from migsafe.contract.objects import Object
from migsafe.errors import UsageError

DEEPEST = 100
"""Levels of objects inside of objects; a document with more of them isn't written by people or for them."""

Kind = str
"""A key of :data:`_PARTS`."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A value that holds no objects."""

    fits: Callable[[Any], bool]
    expected: str


@dataclass(frozen=True, slots=True)
class _One:
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Map:
    """Names and what they stand for; ``by_reference``: a reference may stand in its place."""

    inner: _One | _Map | _Leaf
    by_reference: bool = False


@dataclass(frozen=True, slots=True)
class _List:
    inner: _One | _Map


Part = _Leaf | _One | _Map | _List


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


_TEXT = _Leaf(lambda value: isinstance(value, str), "a text")
_TEXTS = _Leaf(_are_texts, "a list of texts")
_NUMBER = _Leaf(_is_number, "a number")
_ANY_LIST = _Leaf(lambda value: isinstance(value, list), "a list")
_SCHEMA, _SCHEMAS = _One("schema"), _List(_One("schema"))
_SECURITY = _List(_Map(_TEXTS))
_PARAMETERS = _List(_One("parameter"))
_CONTENT = _Map(_One("media type"))

_PARTS: Mapping[Kind, Mapping[str, Part]] = {
    "document": {
        "paths": _Map(_One("path")),
        "webhooks": _Map(_One("path")),
        "components": _One("components"),
        "servers": _List(_One("server")),
        "security": _SECURITY,
    },
    "components": {"schemas": _Map(_SCHEMA), "securitySchemes": _Map(_One("security scheme"))},
    "path": {
        "parameters": _PARAMETERS,
        **{
            method: _One("operation")
            for method in ("get", "put", "post", "delete", "options", "head", "patch", "trace")
        },
    },
    "operation": {
        "parameters": _PARAMETERS,
        "requestBody": _One("body"),
        "responses": _Map(_One("response")),
        "callbacks": _Map(_Map(_One("path"), by_reference=True)),
        "security": _SECURITY,
    },
    "parameter": {"name": _TEXT, "in": _TEXT, "schema": _SCHEMA, "content": _CONTENT},
    "body": {"content": _CONTENT},
    "response": {"content": _CONTENT, "headers": _Map(_One("header"))},
    "header": {"schema": _SCHEMA},
    "media type": {"schema": _SCHEMA},
    "server": {},
    "security scheme": {},
    "schema": {
        "type": _Leaf(lambda value: isinstance(value, str) or _are_texts(value), "a text or a list of texts"),
        "required": _TEXTS,
        "enum": _ANY_LIST,
        "properties": _Map(_SCHEMA),
        "items": _SCHEMA,
        "additionalProperties": _SCHEMA,
        "format": _TEXT,
        "pattern": _TEXT,
        **dict.fromkeys(("allOf", "oneOf", "anyOf"), _SCHEMAS),
        **{f"{end}{what}": _NUMBER for end in ("min", "max") for what in ("Length", "Items", "Properties", "imum")},
        **dict.fromkeys(
            ("exclusiveMinimum", "exclusiveMaximum"),
            _Leaf(lambda value: isinstance(value, bool) or _is_number(value), "a number or a boolean"),
        ),
    },
}
"""What is read of each kind of object, and what it must be."""


def require_structure(document: Document) -> None:
    """Raises :class:`UsageError`, with the place, for the first part that isn't what it must be."""
    _Walk(document).look(document.root, _One("document"), document.root, None, 0)


@dataclass(frozen=True, slots=True)
class _Walk:
    document: Document
    seen: set[tuple[int, Kind]] = field(default_factory=set)

    def look(self, value: Any, part: Part, holder: Object, key: str | None, depth: int) -> None:
        """Look at a value that stands under ``key`` in ``holder``; null is as good as nothing, but not in a list."""
        if value is None:
            return
        if depth > DEEPEST:
            raise _wrong(holder, key, f"no deeper than {DEEPEST} levels")
        if isinstance(part, _Leaf):
            if not part.fits(value):
                raise _wrong(holder, key, part.expected)
            return
        if isinstance(part, _List):
            if not isinstance(value, list):
                raise _wrong(holder, key, "a list")
            if None in value:
                raise _wrong(holder, key, "a list without null")
            for each in value:
                self.look(each, part.inner, holder, key, depth + 1)
            return
        found = self.document.follow(value) if isinstance(part, _One) or part.by_reference else value
        if part == _SCHEMA and isinstance(found, bool):
            return
        if not isinstance(found, Object):
            raise _wrong(holder, key, "an object")
        for inner, name in self._inside(found, part):
            self.look(found[name], inner, found, name, depth + 1)

    def _inside(self, found: Object, part: _One | _Map) -> Iterator[tuple[Part, str]]:
        if isinstance(part, _Map):
            may_be_extended = part.inner in (_One("path"), _One("response")) or isinstance(part.inner, _Map)
            yield from ((part.inner, name) for name in found if not (may_be_extended and name.startswith("x-")))
        elif (id(found), part.kind) not in self.seen:
            self.seen.add((id(found), part.kind))
            yield from ((inner, name) for name, inner in _PARTS[part.kind].items() if name in found)


def _wrong(holder: Object, key: str | None, expected: str) -> UsageError:
    return UsageError(
        f"{key or 'the document'} must be {expected}",
        where=str(holder.place(key)),
        hint="Check the document with a validator of OpenAPI first.",
    )
