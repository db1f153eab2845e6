"""What a parameter may be, other than a body: it goes as text, and a list as the same parameter over and over."""

from __future__ import annotations

from typing import Any

from migsafe.contract.document import Document
from migsafe.contract.objects import Object
from migsafe.contract.shapes import Shape, shape_of

_WRITTEN = frozenset({"number", "integer", "boolean"})
_TEXT = frozenset({"string"})
_BOUNDS = frozenset({"format", "pattern", "minLength", "maxLength"})


def for_one_value(old: Shape, parameter: Object, document: Document) -> Any:
    """The schema that one value of the new parameter must fit: that of its items, where it became a list of them.

    Without ``explode: false`` a list of one is written as the value alone (OpenAPI, Style Values: form).
    """
    schema = parameter.get("schema")
    new = shape_of(schema, document)
    exploded = parameter.get("style", "form") == "form" and parameter.get("explode") is not False
    if parameter.get("in") != "query" or not exploded or new.types != frozenset({"array"}):
        return schema
    several = old.types is None or "array" in old.types or new.rest.get("minItems", 0) > 1
    return schema if several or new.rest.get("items") is None else new.rest["items"]


def is_free_text(old: Shape, new: Shape) -> bool:
    """Whether the new parameter is any text, as the old one's numbers and truth values are when they are written."""
    is_text = new.types == _TEXT and new.values is None and not new.rest.keys() & _BOUNDS
    return is_text and old.types is not None and bool(old.types & _WRITTEN) and old.types <= _WRITTEN | _TEXT
