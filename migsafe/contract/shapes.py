"""One schema of a document as a value to compare: ``allOf`` merged, both ways to say "nullable" made one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from migsafe.contract.document import Document
from migsafe.contract.objects import Object

NULL = "null"
ALL_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object"})

_MERGED = {"allOf", "properties", "required", "type", "nullable", "enum", "const", "anyOf", "oneOf"}


@dataclass(frozen=True)
class Shape:
    """What a schema says. ``types`` are without null (none: any), ``values`` those of enum or const (none: any).

    ``rest`` holds every other keyword as it stands. ``name`` is that of the component, where it is one.
    """

    schema: Object
    name: str | None
    types: frozenset[str] | None
    nullable: bool
    values: tuple[Any, ...] | None
    properties: Mapping[str, Any]
    required: frozenset[str]
    alternatives: Mapping[str, tuple[Any, ...]]
    rest: Mapping[str, Any]
    homes: Mapping[str, Object]

    def home(self) -> Object:
        """The object that holds the properties, or the schema itself: where one that is gone would have stood."""
        inner = self.schema.get("properties")
        return inner if isinstance(inner, Object) and inner.lines else self.schema


def component_name(value: Any) -> str | None:
    """The name of the component that a reference leads to; none for a schema that is written out."""
    if isinstance(value, Object) and isinstance(value.get("$ref"), str):
        name: str = value["$ref"].rpartition("/")[2]
        return name.replace("~1", "/").replace("~0", "~")
    return None


def shape_of(value: Any, document: Document) -> Shape:
    """The shape of a schema, a reference or a boolean (``true`` allows everything)."""
    name = component_name(value)
    schema = document.follow(value)
    if not isinstance(schema, Object):
        schema = Object({} if schema in (True, None) else {"not": {}}, document.file)
    parts = list(_parts(schema, document, ()))
    types, nullable = _types(parts)
    alternatives = {key: tuple(each for part in parts for each in part.get(key) or ()) for key in ("oneOf", "anyOf")}
    for key, among in list(alternatives.items()):
        without = tuple(each for each in among if not _is_null(each))
        if len(without) < len(among):
            nullable = True
            alternatives[key] = without
            if len(without) == 1 and len(parts) == 1 and "type" not in schema:
                return _nullable(shape_of(without[0], document), name)
    properties = {key: each for part in parts for key, each in (part.get("properties") or {}).items()}
    homes = {key: part["properties"] for part in parts for key in part.get("properties") or {}}
    return Shape(
        schema=schema,
        name=name,
        types=types,
        nullable=nullable,
        values=_values(parts),
        properties=properties,
        required=frozenset(key for part in parts for key in part.get("required") or () if isinstance(key, str)),
        alternatives=alternatives,
        rest={key: each for part in parts for key, each in part.items() if key not in _MERGED},
        homes={key: home for key, home in homes.items() if isinstance(home, Object)},
    )


def _parts(schema: Object, document: Document, above: tuple[int, ...]) -> Iterator[Object]:
    """The schema and everything that it is composed of by ``allOf``."""
    if id(schema) in above:
        return
    for each in schema.get("allOf") or ():
        inner = document.follow(each)
        if isinstance(inner, Object):
            yield from _parts(inner, document, (*above, id(schema)))
    yield schema


def _types(parts: list[Object]) -> tuple[frozenset[str] | None, bool]:
    """The types that all parts allow. Null is allowed where no part says a type, or one says that it is nullable."""
    types: frozenset[str] | None = None
    nullable = False
    for part in parts:
        said = part.get("type")
        given = frozenset(said) if isinstance(said, list) else frozenset({said}) if isinstance(said, str) else None
        if given is not None:
            nullable = nullable or NULL in given
            given -= {NULL}
            types = given if types is None else types & given
        nullable = nullable or part.get("nullable") is True
    return types, nullable


def _values(parts: list[Object]) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = None
    for part in parts:
        said = (part["const"],) if "const" in part else part.get("enum")
        if said is not None:
            said = tuple(each for each in said if each is not None)
            found = said if found is None else tuple(each for each in found if each in said)
    return found


def _is_null(value: Any) -> bool:
    return isinstance(value, Object) and value.get("type") == NULL


def _nullable(shape: Shape, name: str | None) -> Shape:
    """``anyOf`` of a schema and null is that schema, nullable."""
    return replace(shape, nullable=True, name=name or shape.name)
