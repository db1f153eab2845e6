"""A schema as a value: every object of a database with its fields, nothing that changes by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

ObjectKey: TypeAlias = tuple[str, str]
"""Kind and name."""


@dataclass(frozen=True, slots=True)
class SchemaObject:
    """One object, whatever its kind: a table, a column, a constraint, a grant …

    ``name`` is qualified and quoted as PostgreSQL prints it (``public."weird ""table"``, ``t_pkey on public.t``).
    ``parent`` is the name of the table or other relation that it hangs on. ``fields`` holds what can be said of it;
    what is as usual is left out, so that a field that is there says something.
    """

    kind: str
    name: str
    fields: Mapping[str, Json]
    parent: str | None = None

    @property
    def key(self) -> ObjectKey:
        return (self.kind, self.name)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Schema(Mapping[ObjectKey, SchemaObject]):
    """Objects by kind and name, sorted. Two schemas are equal when all their objects are."""

    def __init__(self, objects: Iterable[SchemaObject] = ()) -> None:
        self._objects = {item.key: item for item in sorted(objects, key=attrgetter("kind", "name"))}
        self._kinds: dict[str, list[SchemaObject]] = {}
        for item in self._objects.values():
            self._kinds.setdefault(item.kind, []).append(item)

    def __getitem__(self, key: ObjectKey) -> SchemaObject:
        return self._objects[key]

    def __iter__(self) -> Iterator[ObjectKey]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, key: object) -> bool:
        return key in self._objects

    def values(self) -> ValuesView[SchemaObject]:
        return self._objects.values()

    def __repr__(self) -> str:
        return f"Schema({len(self)} objects)"

    def of_kind(self, kind: str) -> tuple[SchemaObject, ...]:
        """All objects of one kind, by name."""
        return tuple(self._kinds.get(kind, ()))

    def without(self, relations: Iterable[str]) -> Schema:
        """Without these relations and everything that hangs on them."""
        gone = frozenset(relations)
        if not gone:
            return self
        return Schema(item for item in self.values() if item.parent not in gone and item.name not in gone)
