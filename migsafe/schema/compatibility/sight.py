"""The two schemas as an application sees them, by name, with what became of what it can't find any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from migsafe.findings import Evidence, Finding, Location, Severity
from migsafe.plain import first_lines
from migsafe.schema.catalog import Catalog
from migsafe.schema.model import Json, ObjectKey, SchemaObject
from migsafe.schema.statements.names import own_name, parts

RELATIONS = ("table", "view", "materialized view", "foreign table")
CALLED = ("function", "procedure", "aggregate")

_ANYWAY = frozenset({"position", "inherited", "statistics_target", "storage", "compression", "comment", "privileges"})
DEPENDENTS_SHOWN = 10


@dataclass(frozen=True)
class Sight:
    """Both schemas. With ``same_database`` the new one is a clone of the old one, changed: objects keep their oids and
    columns their numbers (PostgreSQL manual, 53.7 and 53.11), so that a new name is known for certain; otherwise it is
    told by likeness, and said to be. ``renamed`` are the new names that whoever asks gave, by the old objects."""

    old: Catalog
    new: Catalog
    same_database: bool = False
    renamed: Mapping[ObjectKey, str] = field(default_factory=dict)

    @cached_property
    def _new_by_identity(self) -> Mapping[object, ObjectKey]:
        return {identity: key for key, identity in self.new.identities.items()} if self.same_database else {}

    @cached_property
    def old_relations(self) -> Mapping[str, SchemaObject]:
        return {item.name: item for kind in RELATIONS for item in self.old.schema.of_kind(kind)}

    @cached_property
    def new_relations(self) -> Mapping[str, SchemaObject]:
        return {item.name: item for kind in RELATIONS for item in self.new.schema.of_kind(kind)}

    @cached_property
    def _gone_schemas(self) -> tuple[str, ...]:
        schemas = self.old.schema.of_kind("schema")
        return tuple(f"{item.name}." for item in schemas if item.key not in self.new.schema)

    def is_in_gone_schema(self, item: SchemaObject) -> bool:
        """Whether its schema is gone with all that was in it: that is one finding."""
        return item.name.startswith(self._gone_schemas) if self._gone_schemas else False

    def columns(self, relation: str, catalog: Catalog) -> Mapping[str, SchemaObject]:
        """The columns of a relation by their own names."""
        items = catalog.parts.get(relation, ())
        return {own_name(item): item for item in items if item.kind == "column"}

    def new_name(self, item: SchemaObject) -> tuple[str, str] | None:
        """Under which name the object is now, and how that is known; none where it is gone."""
        if item.key in self.renamed:
            return self.renamed[item.key], ""
        identity = self.old.identities.get(item.key)
        key = self._new_by_identity.get(identity) if identity else None
        if key is not None:
            return (key[1], "") if key[0] == item.kind and key != item.key else None
        like = None if self.same_database else self._likeness(item)
        return (like, ", as it seems from its likeness") if like else None

    def _likeness(self, item: SchemaObject) -> str | None:
        """The one new object that is like it in all but its name, where no other that is gone is like it as well."""
        come = self._alike(item, self.new, self.old)
        gone = self._alike(item, self.old, self.new)
        return come[0].name if len(come) == len(gone) == 1 else None

    def _alike(self, item: SchemaObject, there: Catalog, elsewhere: Catalog) -> list[SchemaObject]:
        """What of a schema is like the old object, and isn't in the other schema."""
        beside = there.parts.get(item.parent or "", ()) if item.kind == "column" else there.schema.of_kind(item.kind)
        alone = [each for each in beside if each.kind == item.kind and each.key not in elsewhere.schema]
        if item.kind == "column":
            return [each for each in alone if _content(each) == _content(item)]
        ours = {*self.columns(item.name, self.old)}
        return [each for each in alone if ours and {*self.columns(each.name, there)} == ours]

    def dependents(self, *keys: ObjectKey) -> list[str]:
        """What needed these objects in the old schema, as pg_depend has it, but for parts of the same table."""
        found = {
            _said(dependent, self.old)
            for key in keys
            for dependent in self.old.needed_by.get(key, ())
            if self.old.schema[dependent].parent != (self.old.schema[key].parent or self.old.schema[key].name)
            or dependent[0] == "policy"
        }
        return sorted(found - {f"{kind} {name}" for kind, name in keys})

    def finding(self, rule: str, item: SchemaObject, message: str, remedy: str, *keys: ObjectKey) -> Finding:
        """A finding on the old application, with what depends on the object."""
        dependents = self.dependents(item.key, *keys)
        shown = first_lines(dependents, DEPENDENTS_SHOWN)
        evidence = (Evidence("depends on it", "\n".join(shown)),) if shown else ()
        return Finding(
            rule=rule,
            severity=Severity.WARNING,
            message=message,
            remedy=remedy,
            location=Location(object=item.name),
            evidence=evidence,
        )


def _said(key: ObjectKey, catalog: Catalog) -> str:
    """The object as it is named to a person: the view for its column, the constraint for its index."""
    item = catalog.schema[key]
    for kind in ("view", "materialized view"):
        if key[0] == "column" and (kind, item.parent or "") in catalog.schema:
            return f"{kind} {item.parent}"
    return str(item)


def _content(item: SchemaObject) -> dict[str, Json]:
    return {name: value for name, value in item.fields.items() if name not in _ANYWAY}


def short(name: str) -> str:
    """The last part of a qualified name."""
    return parts(name)[-1]


def gives_value(column: SchemaObject) -> bool:
    """Whether the column has a value where an INSERT names none."""
    return any(column.fields.get(name) is not None for name in ("default", "identity", "generated"))


def is_partition(item: SchemaObject) -> bool:
    """Whether an application reaches it by its parent's name."""
    return item.fields.get("partition_bound") is not None


Findings = Iterator[Finding]
