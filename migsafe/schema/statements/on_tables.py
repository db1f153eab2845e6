"""What hangs on tables: constraints, indexes, triggers, rules, policies, statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange
from migsafe.schema.model import Json, SchemaObject
from migsafe.schema.statements.columns import altering, relation_kind
from migsafe.schema.statements.names import own_name, parts
from migsafe.schema.statements.partitions import changes_place, made_on_partitions
from migsafe.schema.statements.writer import TRAITS, NotWritten, Writer, Written, fields_of, listed, mapped, text
from migsafe.sql.identifiers import quoted

ENABLED = {"origin": "ENABLE", "disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


@dataclass(frozen=True)
class Constraint(Writer):
    """A constraint of a table. NOT NULL is the column's."""

    word: str = "CONSTRAINT"
    of_relation: bool = True
    alters: frozenset[str] = frozenset({"definition", "unvalidated", "deferrable", "deferred", "triggers_disabled"})
    follows: frozenset[str] = frozenset({"inherited"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield f"{altering(item, catalog)} ADD CONSTRAINT {own_name(item)} {text(item, 'definition')}"
        if item.fields.get("triggers_disabled"):
            yield _triggers(item)

    def drop(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield f"{altering(item, catalog)} DROP CONSTRAINT {own_name(item)}"

    def needs_rebuilding(self, change: ObjectChange, old: Catalog, new: Catalog) -> bool:
        fields = fields_of(change)
        if fields.keys() & {"deferrable", "deferred"} or "definition" in fields:
            return not _becomes_validated(change) and not _is_deferred_otherwise(change)
        return "not_enforced" in fields or fields.get("unvalidated", (None, None))[1] is True

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        start, item = altering(change.new, new), change.new
        if _is_deferred_otherwise(change):
            words = "DEFERRABLE" if item.fields.get("deferrable") else "NOT DEFERRABLE"
            words += " INITIALLY DEFERRED" if item.fields.get("deferred") else ""
            yield f"{start} ALTER CONSTRAINT {own_name(item)} {words}"
        if _becomes_validated(change):
            yield f"{start} VALIDATE CONSTRAINT {own_name(item)}"
        if "triggers_disabled" in fields_of(change):
            yield _triggers(item)


def _becomes_validated(change: ObjectChange) -> bool:
    before, after = text(change.old, "definition"), text(change.new, "definition")
    return bool(change.old.fields.get("unvalidated")) and before.removesuffix(" NOT VALID") == after


def _is_deferred_otherwise(change: ObjectChange) -> bool:
    def plain(item: SchemaObject) -> str:
        return text(item, "definition").replace(" DEFERRABLE", "").replace(" INITIALLY DEFERRED", "")

    fields = fields_of(change)
    is_foreign_key = text(change.new, "definition").startswith("FOREIGN KEY")
    same = plain(change.old) == plain(change.new)
    return is_foreign_key and same and bool(fields.keys() & {"deferrable", "deferred"})


def _triggers(item: SchemaObject) -> NotWritten:
    what = "its triggers are disabled on one side"
    return NotWritten(str(item), what, "only a superuser may say ALTER TABLE … DISABLE TRIGGER ALL, for all of them")


@dataclass(frozen=True)
class Index(Writer):
    """An index that is no constraint's."""

    word: str = "INDEX"
    alters: frozenset[str] = frozenset({"clustered", "replica_identity", "tablespace", "statistics_targets"})

    follows: frozenset[str] = frozenset({"unique", "not_ready"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        definition = text(item, "definition")
        if made_on_partitions(item, catalog):
            definition = definition.replace(f" ON ONLY {item.parent} ", f" ON {item.parent} ", 1)
        yield definition
        yield from self.complete(item, catalog)
        if (item.fields.get("invalid") or item.fields.get("not_ready")) and " ON ONLY " not in definition:
            yield NotWritten(str(item), "it is invalid", "no statement makes an invalid index; here it is a valid one")

    def complete(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield from _alter_index(item, {name: (None, item.fields.get(name)) for name in self.alters})

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        attached = fields_of(change).get("partition_of", (None, None))[1]
        if attached and not changes_place(change.new, old, new):
            yield attach_index(change.new)
        yield from _alter_index(change.new, fields_of(change))

    def needs_rebuilding(self, change: ObjectChange, old: Catalog, new: Catalog) -> bool:
        fields = fields_of(change)
        if changes_place(change.new, old, new) or change.old.fields.get("partition_of") is None:
            fields.pop("partition_of", None)
        return bool(fields.keys() - self.alters - self.follows - TRAITS)


def attach_index(item: SchemaObject) -> str:
    """The statement that makes it the partition's part of the parent's index."""
    return f"ALTER INDEX {text(item, 'partition_of')} ATTACH PARTITION {item.name}"


def _alter_index(item: SchemaObject, fields: dict[str, tuple[Json, Json]]) -> Iterator[str]:
    index, table = parts(item.name)[-1], item.parent
    old, new = fields.get("clustered", (None, None))
    if old != new:
        yield f"ALTER TABLE {table} CLUSTER ON {index}" if new else f"ALTER TABLE {table} SET WITHOUT CLUSTER"
    if fields.get("replica_identity", (None, None))[1]:
        yield f"ALTER TABLE {table} REPLICA IDENTITY USING INDEX {index}"
    old, new = fields.get("tablespace", (None, None))
    if old != new:
        yield f"ALTER INDEX {item.name} SET TABLESPACE {new or 'pg_default'}"
    before, after = map(mapped, fields.get("statistics_targets", (None, None)))
    for number in sorted(before.keys() | after.keys()):
        yield f"ALTER INDEX {item.name} ALTER COLUMN {number} SET STATISTICS {after.get(number, -1)}"


@dataclass(frozen=True)
class Trigger(Writer):
    """A trigger; ``definition`` is the whole CREATE TRIGGER."""

    word: str = "TRIGGER"
    of_relation: bool = True
    alters: frozenset[str] = frozenset({"enabled"})
    follows: frozenset[str] = frozenset({"inherited"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield text(item, "definition").rstrip(";")
        if item.fields.get("enabled") != "origin":
            yield self._enable(item, catalog)

    def complete(self, item: SchemaObject, catalog: Catalog) -> Written:
        if item.fields.get("enabled") != "origin":
            yield self._enable(item, catalog)

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        yield self._enable(change.new, new)

    def _enable(self, item: SchemaObject, catalog: Catalog) -> str:
        kind = relation_kind(item, catalog).upper()
        word = "TABLE" if kind in ("VIEW", "MATERIALIZED VIEW") else kind
        return f"ALTER {word} {item.parent} {ENABLED[text(item, 'enabled')]} {self.word} {own_name(item)}"


@dataclass(frozen=True)
class Policy(Writer):
    """A row-level security policy."""

    word: str = "POLICY"
    of_relation: bool = True
    alters: frozenset[str] = frozenset({"roles", "using", "with_check"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        restrictive = " AS RESTRICTIVE" if item.fields.get("restrictive") else ""
        command = "" if item.fields.get("command") == "all" else f" FOR {text(item, 'command').upper()}"
        yield f"CREATE POLICY {self.address(item)}{restrictive}{command}{_policy(item, {*self.alters})}"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        yield f"ALTER POLICY {self.address(change.new)}{_policy(change.new, {*fields_of(change)})}"

    def needs_rebuilding(self, change: ObjectChange, old: Catalog, new: Catalog) -> bool:
        """An expression can be replaced, but not taken away."""
        gone = any(each.new is None for each in change.fields if each.field in ("using", "with_check"))
        return gone or Writer.needs_rebuilding(self, change, old, new)


def _policy(item: SchemaObject, fields: set[str]) -> str:
    words = ""
    roles = listed(item.fields.get("roles"))
    if "roles" in fields:
        words += " TO " + ", ".join("PUBLIC" if role == "public" else quoted(role) for role in roles)
    if "using" in fields and item.fields.get("using") is not None:
        words += f" USING ({text(item, 'using')})"
    if "with_check" in fields and item.fields.get("with_check") is not None:
        words += f" WITH CHECK ({text(item, 'with_check')})"
    return words


@dataclass(frozen=True)
class Statistics(Writer):
    """Extended statistics."""

    word: str = "STATISTICS"
    alters: frozenset[str] = frozenset({"statistics_target"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield text(item, "definition")
        if item.fields.get("statistics_target") is not None:
            yield self._target(item)

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        yield self._target(change.new)

    def _target(self, item: SchemaObject) -> str:
        return f"ALTER STATISTICS {item.name} SET STATISTICS {item.fields.get('statistics_target', -1)}"
