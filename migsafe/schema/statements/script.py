"""The SQL that a person would write to get from one schema to another, and what there is no SQL for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import FieldChange, ObjectChange, compare_schemas
from migsafe.schema.model import ObjectKey, SchemaObject
from migsafe.schema.statements.columns import altering, not_null_name, out_of_order
from migsafe.schema.statements.kinds import RANKS, WRITERS
from migsafe.schema.statements.names import own_name
from migsafe.schema.statements.on_tables import attach_index
from migsafe.schema.statements.order import in_order
from migsafe.schema.statements.sequences import owned_by
from migsafe.schema.statements.steps import Step, Steps
from migsafe.schema.statements.tables import attach, is_key
from migsafe.schema.statements.traits import removed_defaults, traits
from migsafe.schema.statements.writer import TRAITS, NotWritten, Writer, Written, listed, text

_VERBS = ("drop", "create", "change", "link")
_DEFAULTS = "default privileges"

UNCHECKED_BODIES = "SET check_function_bodies = off"
"""A function in SQL may name what is made after it."""


@dataclass(frozen=True, slots=True)
class Script:
    """Statements without a semicolon, in order, and what was not written, with the reason."""

    statements: tuple[str, ...]
    not_written: tuple[NotWritten, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.statements or self.not_written)


def write_script(old: Catalog, new: Catalog) -> Script:
    """The statements that make the schema ``old`` into ``new``. Empty when they are equal.

    An enum's new value can't be used in the transaction that adds it (manual, ALTER TYPE), so that the statements are
    to be run one by one, or the script to be cut there.
    """
    return _Writing(old, new).script()


class _Writing:
    """The writing of one script; what can't be written gathers in ``not_written``."""

    def __init__(self, old: Catalog, new: Catalog) -> None:
        self.old, self.new = old, new
        self.steps = Steps(old, new, compare_schemas(old.schema, new.schema))
        self.major = new.major or old.major
        self.not_written: list[NotWritten] = []

    def script(self) -> Script:
        steps = self.steps
        covered: defaultdict[Step, list[ObjectKey]] = defaultdict(list)
        after: dict[Step, set[Step]] = {}
        for moving, find in ((steps.drops, steps.dropping), (steps.creates, steps.creating)):
            for key in sorted(moving | steps.suspended | {*self._parts_of_rebuilt(moving)}):
                step = find(key)
                if step:
                    covered[step].append(key)
                    after.setdefault(step, set())
        for key in sorted(steps.changes):
            after.setdefault(("change", key), set())
        for step in steps.links():
            after.setdefault(step, set())
        self._tie(after, covered)
        statements = [
            statement for step in in_order(after, self._rank) for statement in self._kept(self._written(step, covered))
        ]
        statements = [*self._defaults(last=False), *statements, *self._defaults(last=True)]
        if any(key[0] in ("function", "procedure") for key in (*steps.creates, *steps.changes)):
            statements.insert(0, UNCHECKED_BODIES)
        self._out_of_order()
        return Script(tuple(statements), tuple(dict.fromkeys(self.not_written)))

    def _parts_of_rebuilt(self, moving: frozenset[ObjectKey]) -> Iterator[ObjectKey]:
        """Columns of views and indexes of constraints that are made anew with them."""
        catalog = self.new if moving is self.steps.creates else self.old
        for key in self.steps.rebuilt:
            if key[0] in ("view", "materialized view"):
                yield from (part.key for part in catalog.parts.get(key[1], ()) if part.kind == "column")
            if key[0] == "constraint":
                of = catalog.parts.get(catalog.schema[key].parent or "", ())
                yield from (
                    part.key for part in of if part.kind == "index" and self.steps.is_of_rebuilt(part.key, catalog)
                )

    # The order

    def _rank(self, step: Step) -> tuple[int, int, str, int, str]:
        """Where nothing else tells: drops, creations, changes, each by kind, then by name; columns by their place."""
        verb, key = step
        item = (self.old if verb == "drop" else self.new).schema[key]
        place = int(str(item.fields["position"])) if key[0] == "column" else 0
        return (_VERBS.index(verb), RANKS[key[0]], item.parent or "" if place else "", place, key[1])

    def _tie(self, after: dict[Step, set[Step]], covered: dict[Step, list[ObjectKey]]) -> None:
        going: dict[str, Step] = {}
        for step, keys in covered.items():
            if step[0] == "drop":
                going.update((key[1], step) for key in keys)
        for step in [*after]:
            for key in covered.get(step, [step[1]]):
                self._tie_one(step, key, after, going)
        self._tie_columns(after)
        placed: Iterator[Step] = (("change", key) for key in self.steps.changes if self._is_placed(key))
        for step in (*self.steps.links(), *placed):
            self._tie_link(step, after)

    def _tie_columns(self, after: dict[Step, set[Step]]) -> None:
        """New columns of a table are added in the order in which they stand."""
        previous: dict[str, Step] = {}
        own = [step for step in after if step[0] == "create" and step[1][0] == "column"]
        for step in sorted(own, key=self._rank):
            table = self.new.schema[step[1]].parent or ""
            self._after(after, step, previous.get(table))
            previous[table] = step
            name = self.new.schema[step[1]].fields.get("not_null_constraint")
            for change in self.steps.changes.values() if name else ():
                if change.old.parent == table and change.old.kind == "column" and not_null_name(change.old) == name:
                    self._after(after, step, ("change", change.new.key))

    def _tie_one(self, step: Step, key: ObjectKey, after: dict[Step, set[Step]], going: dict[str, Step]) -> None:
        steps = self.steps
        if step[0] in ("create", "change"):
            for needed in self._needed(key, self.new):
                self._after(after, step, steps.creating(needed))
                if needed[1] != self.new.schema[key].parent:
                    self._after(after, step, ("change", needed))
        if key[0] == "index" and step == ("create", key):
            for below in self.new.partition_indexes.get(key[1], ()):
                self._after(after, step, steps.creating(("table", below.parent or "")))
        if step[0] == "create":
            for other in self._keys_gone(key):
                self._after(after, step, steps.dropping(other))
            self._after(after, step, steps.dropping(key))
            if key[1] in going:
                self._after(after, step, going[key[1]])
        if step[0] == "drop":
            for needed in self._needed(key, self.old):
                gone = steps.dropping(needed)
                if gone and gone != step:
                    self._after(after, gone, step)
                if ("change", needed) in after and needed[1] != self.old.schema[key].parent:
                    self._after(after, ("change", needed), step)
        if step[0] == "change":
            self._after(after, step, steps.letting_go(key))
            for needed in self._needed(key, self.old):
                gone = steps.dropping(needed)
                if gone and gone != step:
                    self._after(after, gone, step)

    def _keys_gone(self, key: ObjectKey) -> Iterator[ObjectKey]:
        """The keys that a new foreign key may not hold on to: PostgreSQL chooses one of those with its columns."""
        needed = self.new.needs.get(key, ()) if key[0] == "constraint" else ()
        for table in {self.new.schema[each].parent for each in needed if each[0] == "index"}:
            for part in self.old.parts.get(table or "", ()):
                if part.key in self.steps.drops and part.kind == "constraint" and is_key(part):
                    yield part.key

    def _tie_link(self, step: Step, after: dict[Step, set[Step]]) -> None:
        _, key = step
        item = self.new.schema[key]
        parts = self.new.parts.get(key[1], ()) if key[0] == "table" else ()
        names = [key, *(part.key for part in parts if part.kind in ("column", "constraint", "index"))]
        if item.fields.get("owned_by"):
            names += [("column", text(item, "owned_by")), ("table", item.parent or "")]
        if item.fields.get("partition_of"):
            names.append(("index", text(item, "partition_of")))
        names += self.new.needs.get(key, ())
        for parent in listed(item.fields.get("inherits")) if key[0] == "table" else ():
            names += [part.key for part in self.new.parts.get(parent, ()) if part.kind in ("constraint", "index")]
        for name in names:
            self._after(after, step, self.steps.creating(name))
            self._after(after, step, ("change", name))

    def _is_placed(self, key: ObjectKey) -> bool:
        """Whether it is tied to what must be there by then: a partition to its parent, a sequence to its column."""
        fields = {each.field for each in self.steps.changes[key].fields if each.new is not None}
        return bool(fields & {"inherits", "partition_bound"} if key[0] == "table" else fields & {"owned_by"})

    def _needed(self, key: ObjectKey, catalog: Catalog) -> Iterator[ObjectKey]:
        """What must be there while the object is: without the column that a sequence is tied to later on."""
        item = catalog.schema.get(key)
        if item is None:
            return
        for needed in catalog.needs.get(key, ()):
            tied = key[0] == "sequence" and needed[0] == "column"
            member = key[0] == "operator family" and needed[0] == "operator class"
            own = key[0] == "function" and needed[0] == "base type" and key in catalog.needs.get(needed, ())
            if not (tied or member or own):
                yield needed
        if item.parent is not None and item.kind != "sequence":
            yield from (
                (kind, item.parent)
                for kind in ("table", "view", "materialized view", "foreign table", "composite type")
                if (kind, item.parent) in catalog.schema
            )

    @staticmethod
    def _after(after: dict[Step, set[Step]], step: Step, before: Step | None) -> None:
        if before is not None and before in after and before != step:
            after[step].add(before)

    # The statements

    def _kept(self, written: Written) -> Iterator[str]:
        for each in written:
            if isinstance(each, NotWritten):
                self.not_written.append(each)
            else:
                yield each

    def _written(self, step: Step, covered: dict[Step, list[ObjectKey]]) -> Written:
        verb, key = step
        if key[0] == _DEFAULTS:
            return
        if key in self.steps.suspended and verb in ("drop", "create"):
            yield from self._suspended(step)
            return
        writer = WRITERS[key[0]]
        if verb == "drop":
            yield from writer.drop(self.old.schema[key], self.old)
        elif verb == "link":
            yield from self._linked(key)
        else:
            if verb == "create":
                item = self.new.schema[key]
                if key[0] == "base type":
                    yield from self._shell(key)
                yield from writer.create(item, self.new)
                yield from self._traits(writer, None, item)
            elif key in self.steps.changes:
                yield from self._changed(writer, self.steps.changes[key])
        if verb != "drop":
            yield from self._came_along(key, covered.get(step, []), verb)

    def _came_along(self, key: ObjectKey, keys: list[ObjectKey], verb: str) -> Written:
        """What remains to be said of the objects that came with this one."""
        for other in keys:
            if other != key and other in self.new.schema and (verb != "change" or other in self.steps.creates):
                if (other[0], key[0]) == ("constraint", "table") and self.new.schema[other].fields.get("unvalidated"):
                    yield NotWritten(
                        f"{other[0]} {other[1]}", "it is not validated", "a new partition has its parent's checks valid"
                    )
                yield from WRITERS[other[0]].complete(self.new.schema[other], self.new)
                yield from self._traits(WRITERS[other[0]], None, self.new.schema[other])

    def _shell(self, key: ObjectKey) -> Written:
        """The type's name, then the functions that take and give it, which its CREATE TYPE names."""
        yield f"CREATE TYPE {key[1]}"
        for needed in sorted(self.new.needs.get(key, ())):
            if needed[0] == "function" and self.steps.creating(needed) == ("create", key):
                yield from WRITERS[needed[0]].create(self.new.schema[needed], self.new)

    def _suspended(self, step: Step) -> Written:
        item = self.new.schema[step[1]]
        start = f"{altering(item, self.new)} ALTER COLUMN {own_name(item)}"
        yield f"{start} DROP DEFAULT" if step[0] == "drop" else f"{start} SET DEFAULT {text(item, 'default')}"

    def _linked(self, key: ObjectKey) -> Iterator[str]:
        item = self.new.schema[key]
        yield attach(item) if key[0] == "table" else owned_by(item) if key[0] == "sequence" else attach_index(item)

    def _changed(self, writer: Writer, change: ObjectChange) -> Written:
        """The fields that can be altered, then owner, privileges and comment; what else differs is not written."""
        known = (writer.alters | writer.follows | TRAITS | {"partition_of"}) - {"security_labels"}
        if change.new.kind == "index":
            known |= {"definition"}  # the constraint's, which was made anew
        fields = tuple(each for each in change.fields if each.field in writer.alters | {"partition_of"})
        if change.new.kind == "sequence":
            yield from self._traits(writer, change.old, change.new)  # only a table's owner can tie one to a column
        if fields:
            yield from writer.alter(ObjectChange(change.old, change.new, fields), self.old, self.new)
        yield from (_cannot(change, each) for each in change.fields if each.field not in known)
        if change.new.kind != "sequence":
            yield from self._traits(writer, change.old, change.new)

    def _traits(self, writer: Writer, old: SchemaObject | None, new: SchemaObject) -> Iterator[str]:
        column = new.fields.get("owned_by") if new.kind == "sequence" else None
        came_along = self.steps.creating(new.key) != ("create", new.key)
        if column and (came_along if old is None else old.fields.get("owned_by") == column):
            old, new = old and _without_owner(old), _without_owner(new)  # it follows its table's
        yield from traits(writer, old, new, self._given_by_default, self.major)

    @cached_property
    def _given_by_default(self) -> dict[str, SchemaObject]:
        """The default privileges that are in force while objects are made: the new ones of those that stay."""
        there = self.new.schema.of_kind(_DEFAULTS)
        return {item.name: item for item in there if item.key in self.old.schema}

    def _defaults(self, *, last: bool) -> Iterator[str]:
        """Default privileges are taken away or changed before anything is made, and new ones given after."""
        steps = self.steps
        if last:
            for item in (each for each in steps.difference.added if each.kind == _DEFAULTS):
                yield from traits(WRITERS[_DEFAULTS], None, item, {}, self.major)
            return
        for item in (each for each in steps.difference.removed if each.kind == _DEFAULTS):
            yield from removed_defaults(item, self.major)
        for change in (each for each in steps.difference.changed if each.new.kind == _DEFAULTS):
            yield from traits(WRITERS[_DEFAULTS], change.old, change.new, {}, self.major)

    def _out_of_order(self) -> None:
        for kind in ("table", "foreign table", "composite type"):
            for item in self.new.schema.of_kind(kind):
                if item.key in self.old.schema or item.fields.get("inherits"):
                    rebuilt = frozenset(key[1] for key in self.steps.rebuilt if key[0] == "column")
                    wrong = out_of_order(item.name, self.old, self.new, rebuilt)
                    if wrong:
                        self.not_written.append(wrong)


def _without_owner(item: SchemaObject) -> SchemaObject:
    fields = {name: value for name, value in item.fields.items() if name != "owner"}
    return SchemaObject(item.kind, item.name, fields, item.parent)


def _cannot(change: ObjectChange, field: FieldChange) -> NotWritten:
    reasons = {
        "partition_key": "a table can't be given another partition key: a new one must be made, and its rows moved",
        "security_labels": "labels are left to the label provider",
    }
    if change.new.kind == "user mapping":
        reasons["options"] = "they may be passwords, and are not read"
    why = reasons.get(field.field, f"PostgreSQL has no statement that changes this of a {change.new.kind} that stays")
    return NotWritten(str(change.new), str(field), why)
