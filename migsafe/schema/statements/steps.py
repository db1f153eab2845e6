"""Which statement makes, drops or changes each object: its own, or that of the object it comes and goes with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange, SchemaDifference
from migsafe.schema.model import ObjectKey, SchemaObject
from migsafe.schema.statements.partitions import changes_place, counterpart, made_by_parent
from migsafe.schema.statements.rebuilding import VIEWS, constraint_of, to_rebuild
from migsafe.schema.statements.sequences import serial_word
from migsafe.schema.statements.tables import inline_constraints
from migsafe.schema.statements.writer import TRAITS, listed

Verb: TypeAlias = Literal["drop", "create", "change", "link"]
Step: TypeAlias = tuple[Verb, ObjectKey]

_HOLDERS = ("table", "view", "materialized view", "foreign table", "composite type")
_GO_WITH_COLUMN = ("index", "constraint", "statistics")


@dataclass(frozen=True)
class Steps:
    """The steps from one schema to the other, and which step covers which object.

    ``drop`` takes away, ``create`` makes, ``change`` alters; ``link`` ties what exists by then: a partition to its
    parent, a sequence to its column. A column whose default needs something that is made anew is *suspended*: dropping
    and creating stand for its default alone.
    """

    old: Catalog
    new: Catalog
    difference: SchemaDifference
    dropped: dict[ObjectKey, Step] = field(default_factory=dict)
    created: dict[ObjectKey, Step] = field(default_factory=dict)

    @cached_property
    def all_changes(self) -> Mapping[ObjectKey, ObjectChange]:
        return {change.new.key: change for change in self.difference.changed}

    @cached_property
    def rebuilt(self) -> frozenset[ObjectKey]:
        return to_rebuild(self.all_changes, self.old, self.new)

    @cached_property
    def removed(self) -> frozenset[ObjectKey]:
        return frozenset(item.key for item in self.difference.removed)

    @cached_property
    def added(self) -> frozenset[ObjectKey]:
        return frozenset(item.key for item in self.difference.added)

    @cached_property
    def suspended(self) -> frozenset[ObjectKey]:
        return frozenset(
            dependent
            for key in self.drops
            for dependent in self.old.needed_by.get(key, ())
            if dependent[0] == "column" and dependent in self.new.schema and dependent not in self.rebuilt
            if self.new.schema[dependent].fields.get("default") is not None
            and (key in self.new.needs.get(dependent, ()) or dependent not in self.all_changes)
        )

    @cached_property
    def changes(self) -> Mapping[ObjectKey, ObjectChange]:
        """What is altered: without what is made anew, and without what a parent passes on to its children."""
        found = {}
        for key, change in self.all_changes.items():
            if key in self.rebuilt or self.is_of_rebuilt(key, self.new):
                continue
            inherits = counterpart(change.old, self.old) and counterpart(change.new, self.new)
            parent = self.all_changes.get(inherits or ("", ""))
            passed = parent.fields if parent else ()
            if key[0] == "column" and any(holder in self.new.schema for holder in _holders(change.new)[1:3]):
                passed = tuple(each for each in change.fields if each.field != "default")  # the rest is the query's
            fields = tuple(each for each in change.fields if each not in passed or each.field in TRAITS)
            if self.letting_go(key):  # what it had from its parent stays, under the parent's name
                fields = tuple(each for each in fields if each.field != "not_null_constraint")
            if fields:
                found[key] = ObjectChange(change.old, change.new, fields)
        return found

    @cached_property
    def drops(self) -> frozenset[ObjectKey]:
        return self.removed | self.rebuilt

    @cached_property
    def creates(self) -> frozenset[ObjectKey]:
        return self.added | self.rebuilt

    def letting_go(self, key: ObjectKey) -> Step | None:
        """The change by which a parent's column keeps its NOT NULL to itself: the child's is its own from then on."""
        change = self.all_changes.get(key)
        above = counterpart(change.old, self.old) if change and key[0] == "column" else None
        passing_on = self.all_changes.get(above) if above else None
        fields = passing_on.fields if passing_on else ()
        left = any(each.field == "not_null_no_inherit" and each.new for each in fields)
        return ("change", above) if above and left else None

    # Which step covers an object

    def dropping(self, key: ObjectKey) -> Step | None:
        """The step after which the object is gone; none where it stays."""
        return self._covering(key, self.drops, self.dropped, "drop", self._goes_with)

    def creating(self, key: ObjectKey) -> Step | None:
        """The step after which the object is there; none where it was there before."""
        return self._covering(key, self.creates, self.created, "create", self._comes_with)

    def _covering(
        self,
        key: ObjectKey,
        moving: frozenset[ObjectKey],
        known: dict[ObjectKey, Step],
        verb: Verb,
        find: Callable[[SchemaObject], Step | None],
    ) -> Step | None:
        if key in self.suspended:
            return (verb, key)
        if key in known:
            return known[key]
        catalog = self.old if verb == "drop" else self.new
        if key not in moving and not self.is_of_rebuilt(key, catalog):
            return None
        known[key] = (verb, key)  # where objects go round in a circle
        known[key] = find(catalog.schema[key]) or (verb, key)
        return known[key]

    def is_of_rebuilt(self, key: ObjectKey, catalog: Catalog) -> bool:
        """Whether it is a column of a view, or an index of a constraint, that is made anew."""
        item = catalog.schema.get(key)
        if item is None:
            return False
        if key[0] == "column":
            return any((kind, item.parent or "") in self.rebuilt for kind in VIEWS)
        return key[0] == "index" and constraint_of(key, catalog) in self.rebuilt

    def _goes_with(self, item: SchemaObject) -> Step | None:
        if item.key in self.apart:
            return None
        for holder in _holders(item):
            if holder in self.drops:
                return self.dropping(holder)
        if item.kind == "column" and any(holder in self.changes for holder in _holders(item) if holder[0] in VIEWS):
            return ("change", next(holder for holder in _holders(item) if holder in self.changes))
        if item.kind == "index" and (constraint := constraint_of(item.key, self.old)) in self.drops and constraint:
            return self.dropping(constraint)
        if item.kind == "table" and item.fields.get("partition_bound") is not None:
            (above,) = listed(item.fields["inherits"])
            return self.dropping(("table", above)) if ("table", above) in self.removed else None
        if item.kind == "publication table" and (publication := _publication(item)) in self.removed:
            return self.dropping(publication)
        if (parent := counterpart(item, self.old, by_name=False)) in self.drops and parent:
            return self.dropping(parent)
        if self._changes_with_place(item):
            return ("change", ("table", item.parent or ""))
        if item.kind == "sequence" and item.fields.get("owned_by"):
            column = ("column", str(item.fields["owned_by"]))
            return self.dropping(column) if column in self.removed else self._with_identity(column)
        if item.key in self.rebuilt:
            return None
        needed = self.old.needs.get(item.key, frozenset())
        if item.kind == "constraint" and any(self._is_own_index(key, item) for key in needed):
            return None  # a foreign key to its own table goes with one side's columns and keeps the other's from going
        if item.kind in _GO_WITH_COLUMN:
            columns = (key for key in needed if key[0] == "column" and key in self.removed)
            own = (key for key in columns if self.old.schema[key].parent == item.parent)
            return next((self.dropping(key) for key in sorted(own)), None)
        if item.kind == "function":
            bases = (key for key in needed if key[0] == "base type" and key in self.removed)
            return next((("drop", key) for key in bases if item.key in self.old.needs.get(key, ())), None)
        return None

    def _is_own_index(self, key: ObjectKey, item: SchemaObject) -> bool:
        return key[0] == "index" and self.old.schema[key].parent == item.parent

    def _comes_with(self, item: SchemaObject) -> Step | None:
        parent = counterpart(item, self.new)
        if item.kind == "constraint" and item.fields.get("unvalidated") and parent in self.creates and parent:
            return self.creating(parent)  # NOT VALID passes to the partitions that are there
        if item.kind == "function":
            bases = (key for key in self.new.needs.get(item.key, ()) if key[0] == "base type" and key in self.creates)
            return next((("create", key) for key in bases if item.key in self.new.needs.get(key, ())), None)
        for holder in _holders(item):
            if holder in self.creates and self._is_made_with(item, self.new.schema[holder]):
                attached = holder in self.attached and item.fields.get("inherited")
                is_own = item.kind == "column" or not _is_foreign(item)
                return ("link", holder) if attached and not is_own else self.creating(holder)
        if self._changes_with_place(item):
            return ("change", ("table", item.parent or ""))
        if item.kind == "column" and any(holder in self.changes for holder in _holders(item) if holder[0] in VIEWS):
            return ("change", next(holder for holder in _holders(item) if holder in self.changes))
        if item.kind in ("index", "constraint") and self._is_placed(item):
            constraint = constraint_of(item.key, self.new) if item.kind == "index" else None
            return self.creating(constraint) if constraint else None  # made first: attaching takes it up
        if item.kind == "index" and (constraint := constraint_of(item.key, self.new)) in self.creates and constraint:
            return self.creating(constraint)
        if parent in self.creates and parent:
            return self.creating(parent)
        if item.kind == "sequence" and item.fields.get("owned_by"):
            column = ("column", str(item.fields["owned_by"]))
            if column in self.creates and (
                item.fields.get("identity") or serial_word(self.new.schema[column], self.new)
            ):
                return self.creating(column)
            return self._with_identity(column)
        return None

    def _with_identity(self, column: ObjectKey) -> Step | None:
        """The step that makes it an identity column, or an ordinary one: its sequence comes and goes with it."""
        change = self.all_changes.get(column)
        return ("change", column) if change and any(each.field == "identity" for each in change.fields) else None

    def _changes_with_place(self, item: SchemaObject) -> bool:
        """Whether attaching or detaching the partition makes or drops it: inherited triggers and foreign keys."""
        inherited = bool(item.fields.get("inherited")) and _is_foreign(item)
        there = ("table", item.parent or "") in self.all_changes
        return inherited and there and changes_place(item, self.old, self.new)

    def _is_placed(self, item: SchemaObject) -> bool:
        there = ("table", item.parent or "") in self.all_changes
        return there and changes_place(item, self.old, self.new)

    def _is_made_with(self, item: SchemaObject, holder: SchemaObject) -> bool:
        """Whether CREATE of the table or view makes this part of it, or attaching it does."""
        if item.kind == "column":
            return True
        if item.key in {each.key for each in inline_constraints(holder, self.new)}:
            return True
        if item.kind == "index" and (constraint := constraint_of(item.key, self.new)):
            return self.creating(constraint) == ("create", holder.key)
        if item.fields.get("partition_of"):
            above = ("index", str(item.fields["partition_of"]))
            return above not in self.creates or self.creating(above) == self.creating(("table", self._parent_of(above)))
        if made_by_parent(holder, self.new) or holder.fields.get("partition_bound") is None:
            return counterpart(item, self.new) is not None
        return bool(item.fields.get("inherited")) and _is_foreign(item)

    def _parent_of(self, key: ObjectKey) -> str:
        return self.new.schema[key].parent or ""

    @cached_property
    def attached(self) -> frozenset[ObjectKey]:
        """The new partitions that are made by themselves and then attached."""
        return frozenset(
            key
            for key in self.added
            if key[0] == "table"
            and self.new.schema[key].fields.get("partition_bound") is not None
            and not made_by_parent(self.new.schema[key], self.new)
        )

    @cached_property
    def apart(self) -> frozenset[ObjectKey]:
        """Foreign keys between removed tables that refer to each other: they are dropped before the tables."""
        refers: dict[str, set[str]] = {}
        keys = [item for item in self.difference.removed if item.kind == "constraint" and _is_foreign(item)]
        for item in keys:
            refers.setdefault(item.parent or "", set()).update(self._referenced(item) - {item.parent or ""})
        while True:
            free = [table for table, others in refers.items() if not others & refers.keys()]
            if not free:
                break
            for table in free:
                del refers[table]
        return frozenset(item.key for item in keys if item.parent in refers and self._referenced(item) & refers.keys())

    def _referenced(self, item: SchemaObject) -> set[str]:
        needed = self.old.needs.get(item.key, ())
        return {self.old.schema[key].parent or "" for key in needed if ("table", item.parent or "") in self.removed}

    def links(self) -> Iterator[Step]:
        """Partitions to attach, and sequences to tie to their columns."""
        yield from (("link", key) for key in sorted(self.attached))
        for key in sorted(key for key in self.added if self.creating(key) == ("create", key)):
            item = self.new.schema[key]
            placed = ("table", self._parent_of(key)) in self.attached or self._is_placed(item)
            if item.fields.get("owned_by") or (item.fields.get("partition_of") and not placed):
                yield ("link", key)


def _is_foreign(item: SchemaObject) -> bool:
    """Whether it is a foreign key or a trigger: what attaching a partition makes by itself."""
    return item.kind == "trigger" or str(item.fields.get("definition", "")).startswith("FOREIGN KEY")


def _holders(item: SchemaObject) -> list[ObjectKey]:
    if item.parent is None or item.kind == "sequence":
        return []
    return [(kind, item.parent) for kind in _HOLDERS]


def _publication(item: SchemaObject) -> ObjectKey:
    return ("publication", item.name.removeprefix(f"{item.parent} in publication "))
