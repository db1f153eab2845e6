"""The fields of an API and the columns behind them: what of a change of the schema a client would notice.

A field belongs to a column by their names (component and table in singular or plural, snake or camel case), or by what
the settings say. This knows nothing of the application between them: where it does more than pass values on, say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from migsafe.contract.changes import Side
from migsafe.contract.document import Document
from migsafe.contract.objects import Object
from migsafe.contract.operations import operations
from migsafe.contract.shapes import Shape, component_name, shape_of
from migsafe.findings import Location

_AFFIXES = re.compile(r"_(?:read|response|request|out|in|input|output|dto|schema|create|update|base|model|public)$")


@dataclass(frozen=True)
class Field:
    """A field of a component: ``name`` is ``Customer.email``, ``sides`` are the ways that its values go."""

    name: str
    shape: Shape
    required: bool
    sides: frozenset[Side]
    location: Location


def fields(document: Document) -> Iterator[Field]:
    """Every field of every component that some operation sends or gets."""
    reached = {
        side: set(_components(_bodies(document, key), document))
        for side, key in ((Side.REQUEST, "requestBody"), (Side.RESPONSE, "responses"))
    }
    for name, schema in ((document.root.get("components") or {}).get("schemas") or {}).items():
        shape = shape_of(schema, document)
        sides = frozenset(side for side, names in reached.items() if name in names)
        for key, each in shape.properties.items() if sides else ():
            inner = shape_of(each, document)
            hidden = {Side.REQUEST: "readOnly", Side.RESPONSE: "writeOnly"}
            visible = frozenset(side for side in sides if inner.rest.get(hidden[side]) is not True)
            home = shape.homes.get(key, shape.schema)
            what = f"{name}.{key}"
            yield Field(what, inner, key in shape.required, visible, home.place(key, what))


def belongs(field: Field, table: str, column: str, said: Mapping[str, str]) -> bool:
    """Whether the field's values are the column's. ``table`` is ``schema.table``; ``said`` has the last word."""
    if field.name in said:
        return said[field.name].replace('"', "") == f"{table}.{column}".replace('"', "")
    component, _, name = field.name.rpartition(".")
    short = table.rpartition(".")[2].strip('"')
    return _snake(name) == _snake(column.strip('"')) and bool(_forms(component) & _forms(short))


def _forms(name: str) -> frozenset[str]:
    """A name in snake case, as it is and in its singular, also without what models are often called beside."""
    plain = _AFFIXES.sub("", _snake(name))
    singular = (
        re.sub(r"ies$", "y", plain)
        if plain.endswith("ies")
        else re.sub(r"(?:(?<=[sxz])|(?<=ch)|(?<=sh))es$|s$", "", plain)
    )
    return frozenset({plain, singular, plain.removesuffix("s")})


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\s-]+", "_", name).lower()


def _bodies(document: Document, key: str) -> Iterator[Any]:
    for operation in operations(document).values():
        yield operation.content.get(key)


def _components(values: Iterator[Any], document: Document) -> Iterator[str]:
    """The names of all components that a value leads to, by way of others too."""
    waiting, seen = list(values), set[int]()
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, Object) and id(value) not in seen:
            seen.add(id(value))
            if name := component_name(value):
                yield name
                waiting.append(document.follow(value))
            waiting.extend(value.values())
