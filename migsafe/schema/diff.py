"""What differs between two schemas: one comparison for every kind of object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from migsafe.schema.model import Json, Schema, SchemaObject

_PRIVILEGES = frozenset({"owner", "privileges"})
_DEFAULT_PRIVILEGES = "default privileges"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs; none stands for "as usual"."""

    field: str
    old: Json
    new: Json

    def __str__(self) -> str:
        if isinstance(self.old, str) and isinstance(self.new, str) and "\n" in self.old + self.new:
            return f"{self.field}: {_first_difference(self.old.splitlines(), self.new.splitlines())}"
        if isinstance(self.old, list) and isinstance(self.new, list):
            return f"{self.field}: {_list_difference(self.old, self.new)}"
        return f"{self.field}: {_show(self.old)} → {_show(self.new)}"


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """An object that both schemas have, and the fields in which it differs."""

    old: SchemaObject
    new: SchemaObject
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    """Objects by kind and name: those that only the old schema has, those that only the new one has, those that differ.

    Nothing is paired by likeness: an object with another name is one removed and one added.
    """

    removed: tuple[SchemaObject, ...] = ()
    added: tuple[SchemaObject, ...] = ()
    changed: tuple[ObjectChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.removed or self.added or self.changed)

    def without_privileges(self) -> SchemaDifference:
        """Without owners and privileges, which name roles of the whole cluster."""
        kept = ((change, tuple(f for f in change.fields if f.field not in _PRIVILEGES)) for change in self.changed)
        return SchemaDifference(
            removed=tuple(item for item in self.removed if item.kind != _DEFAULT_PRIVILEGES),
            added=tuple(item for item in self.added if item.kind != _DEFAULT_PRIVILEGES),
            changed=tuple(ObjectChange(change.old, change.new, fields) for change, fields in kept if fields),
        )

    def without_positions(self) -> tuple[SchemaDifference, tuple[str, ...]]:
        """Without the places of columns among the others, and the names of those that only have another place."""
        split = [(change, tuple(f for f in change.fields if f.field != "position")) for change in self.changed]
        kept = tuple(ObjectChange(change.old, change.new, fields) for change, fields in split if fields)
        return replace(self, changed=kept), tuple(change.new.name for change, fields in split if not fields)

    def without_new_labels(self) -> tuple[SchemaDifference, tuple[str, ...]]:
        """Without labels that enums have gained, which PostgreSQL takes from none, and those: enum and label."""
        kept, labels = [], []
        for change in self.changed:
            labels += [f"{change.new.name} {label}" for each in change.fields for label in _labels_gained(each)]
            fields = tuple(each for each in change.fields if not _labels_gained(each))
            kept += [ObjectChange(change.old, change.new, fields)] if fields else []
        return replace(self, changed=tuple(kept)), tuple(labels)

    def lines(self) -> Iterator[str]:
        """One line a change: removed, added, changed, each by kind and name; parts of a removed table go unsaid."""
        for word, objects in (("removed", self.removed), ("added", self.added)):
            yield from (f"{item}: {word}" for item in topmost(objects))
        for change in self.changed:
            yield from (f"{change.new}: {field}" for field in change.fields)


def compare_schemas(old: Schema, new: Schema) -> SchemaDifference:
    """Compare object by object and field by field. Empty exactly when the schemas are equal."""
    return SchemaDifference(
        removed=tuple(old[key] for key in old if key not in new),
        added=tuple(new[key] for key in new if key not in old),
        changed=tuple(
            ObjectChange(old[key], new[key], tuple(_field_changes(old[key], new[key])))
            for key in old
            if key in new and old[key].fields != new[key].fields
        ),
    )


def _field_changes(old: SchemaObject, new: SchemaObject) -> Iterator[FieldChange]:
    for name in sorted({*old.fields, *new.fields}):
        before, after = old.fields.get(name), new.fields.get(name)
        if before != after:
            yield FieldChange(name, before, after)


def _labels_gained(change: FieldChange) -> list[Json]:
    """The labels of an enum that has got more of them, and is as it was but for that."""
    old, new = change.old or [], change.new or []
    if change.field != "labels" or not isinstance(old, list) or not isinstance(new, list):
        return []
    return [label for label in new if label not in old] if [label for label in new if label in old] == old else []


def topmost(objects: Iterable[SchemaObject]) -> list[SchemaObject]:
    """Those that don't hang on another one of them."""
    objects = list(objects)
    names = {item.name for item in objects}
    return [item for item in objects if item.parent not in names]


def _show(value: Json) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _first_difference(old: list[str], new: list[str]) -> str:
    number = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    lines = (text[number].strip() if number < len(text) else "nothing" for text in (old, new))
    return f"line {number + 1}: {' → '.join(lines)}"


def _list_difference(old: list[Json], new: list[Json]) -> str:
    parts = [f"-{_show(item)}" for item in old if item not in new] + [
        f"+{_show(item)}" for item in new if item not in old
    ]
    return ", ".join(parts) or f"{_show(old)} → {_show(new)}"
