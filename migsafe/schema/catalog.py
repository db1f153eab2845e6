"""A schema with what it takes to change it: what needs what, and which object is which after a new name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from migsafe.postgres.names import TableName
from migsafe.schema.model import ObjectKey, Schema, SchemaObject
from migsafe.schema.statements.names import parts, unquoted

Identity: TypeAlias = tuple[int, int, int]
"""A catalog's oid, an oid in it, a column's number: the same object in a database and in its clone."""


@dataclass(frozen=True)
class Catalog:
    """A schema and its dependencies.

    ``needs`` names for each object what it can't be without, as ``pg_depend`` has it. ``identities`` is empty for a
    schema that comes from a file. ``version`` is the server's. ``owners`` is false where it says nothing of who owns
    what, or nothing that matters. ``books`` are the tables that are left out as a migration tool's own.
    """

    schema: Schema
    needs: Mapping[ObjectKey, frozenset[ObjectKey]] = field(default_factory=dict)
    identities: Mapping[ObjectKey, Identity] = field(default_factory=dict)
    version: str = ""
    owners: bool = True
    books: tuple[TableName, ...] = ()

    def without_tables(self, tables: Collection[TableName]) -> Catalog:
        """Without these tables and what hangs on them; one that is named without a schema may be in any."""
        gone = {item.name for item in self.schema.of_kind("table") if _is_among(item.name, tables)}
        return self.narrowed(self.schema.without(gone)) if gone else self

    def narrowed(self, schema: Schema) -> Catalog:
        """The catalog with a schema from which objects were taken away."""
        needs = {key: needed & schema.keys() for key, needed in self.needs.items() if key in schema}
        identities = {key: identity for key, identity in self.identities.items() if key in schema}
        return replace(self, schema=schema, needs=needs, identities=identities)

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


def _is_among(printed: str, tables: Collection[TableName]) -> bool:
    schema, name = map(unquoted, parts(printed))
    return any(table.name == name and table.schema in (None, schema) for table in tables)
