"""A schema with what it takes to change it: what needs what, and which object is which after a new name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from migsafe.schema.model import Json, ObjectKey, Schema, SchemaObject

Identity: TypeAlias = tuple[int, int, int]
"""A catalog's oid, an oid in it, a column's number: the same object in a database and in its clone."""

_NAME = r'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)'
_QUALIFIED = re.compile(rf"{_NAME}(?:\.{_NAME})+")

_RELATIONS = frozenset({"table", "view", "materialized view", "foreign table", "sequence"})
_NAMED_IN_TEXT = _RELATIONS | {
    "function",
    "procedure",
    "aggregate",
    "enum",
    "domain",
    "range",
    "composite type",
    "base type",
}


@dataclass(frozen=True)
class Catalog:
    """A schema and its dependencies.

    ``needs`` names for each object what it can't be without: what ``pg_depend`` says, or, where ``inferred``, what its
    definition names. ``identities`` is empty for a schema that comes from a file. ``version`` is the server's.
    """

    schema: Schema
    needs: Mapping[ObjectKey, frozenset[ObjectKey]] = field(default_factory=dict)
    identities: Mapping[ObjectKey, Identity] = field(default_factory=dict)
    version: str = ""
    inferred: bool = False

    @property
    def major(self) -> int:
        """The server's major version; 0 where it isn't known."""
        match = re.match(r"\d+", self.version)
        return int(match[0]) if match else 0

    @cached_property
    def parts(self) -> Mapping[str, tuple[SchemaObject, ...]]:
        """What hangs on each relation, by the relation's name."""
        found: dict[str, list[SchemaObject]] = {}
        for item in self.schema.values():
            if item.parent is not None:
                found.setdefault(item.parent, []).append(item)
        return {name: tuple(items) for name, items in found.items()}

    @cached_property
    def partition_indexes(self) -> Mapping[str, tuple[SchemaObject, ...]]:
        """The indexes of partitions that are parts of each partitioned table's index, by the latter's name."""
        found: dict[str, list[SchemaObject]] = {}
        for item in self.schema.of_kind("index"):
            if item.fields.get("partition_of"):
                found.setdefault(str(item.fields["partition_of"]), []).append(item)
        return {name: tuple(items) for name, items in found.items()}

    @cached_property
    def owned_sequences(self) -> Mapping[str, SchemaObject]:
        """The sequences that belong to columns, by the column's name."""
        sequences = self.schema.of_kind("sequence")
        return {str(item.fields["owned_by"]): item for item in sequences if item.fields.get("owned_by")}

    @cached_property
    def needed_by(self) -> Mapping[ObjectKey, frozenset[ObjectKey]]:
        """For each object the objects that need it."""
        found: dict[ObjectKey, set[ObjectKey]] = {}
        for dependent, needed in self.needs.items():
            for key in needed:
                found.setdefault(key, set()).add(dependent)
        return {key: frozenset(dependents) for key, dependents in found.items()}


def without_dependencies(schema: Schema, version: str) -> Catalog:
    """A catalog whose dependencies are inferred from the qualified names in the objects' definitions."""
    by_name: dict[str, set[ObjectKey]] = {}
    for item in schema.values():
        if item.kind in _NAMED_IN_TEXT:
            by_name.setdefault(item.name.partition("(")[0], set()).add(item.key)
    needs = {
        item.key: frozenset(
            key
            for text in _texts(item.fields.values())
            for name in _QUALIFIED.findall(text)
            for key in by_name.get(name, ())
            if key != item.key
        )
        for item in schema.values()
    }
    return Catalog(schema, {key: needed for key, needed in needs.items() if needed}, {}, version, inferred=True)


def _texts(values: Iterable[Json]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _texts(value)
        elif isinstance(value, dict):
            yield from _texts(value.values())
