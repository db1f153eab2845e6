"""A schema under new names: what it is once tables and columns were renamed, and the statements that rename them.

Whoever asks says what was renamed. PostgreSQL then prints other texts for whatever names the table or column (an index,
a foreign key, a default of a sequence's value), and the same is done here, identifier by identifier. The texts of views
and rules are left as they are: PostgreSQL keeps the old names in them as aliases, so that they are made anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from migsafe.errors import UsageError
from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import FieldChange, ObjectChange, SchemaDifference
from migsafe.schema.model import Json, Schema, SchemaObject
from migsafe.schema.statements.columns import usual_not_null_name
from migsafe.schema.statements.names import IDENTIFIER, own_name, parts
from migsafe.sql.identifiers import quoted

TABLES = ("table", "foreign table")
"""The kinds of relations that can be renamed."""

_MOVED_ALONG = ("index", "sequence")
"""What goes into another schema with its table."""

_CALLED = ("function", "procedure", "aggregate", "cast", "operator")
"""Kinds whose names hold the types of arguments, which may be rows of a table."""

_LEFT = ("view", "materialized view", "rule")
_WRITTEN_BY_USERS = frozenset({"comment", "body", "labels", "options", "server_options", "settings", "privileges"})

_WORDS = re.compile(rf"(?P<text>E'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*')|(?P<name>{IDENTIFIER}(?:\.{IDENTIFIER})*)")


@dataclass(frozen=True, slots=True)
class Renaming:
    """The schema under the new names, what was renamed (as it was, as it is then), and the statements for it, to be run
    before all others."""

    catalog: Catalog
    renamed: tuple[tuple[SchemaObject, SchemaObject], ...] = ()
    statements: tuple[str, ...] = ()


def rename(catalog: Catalog, tables: Mapping[str, str], columns: Mapping[str, Mapping[str, str]]) -> Renaming:
    """Rename tables (old to new, as printed), and columns by the old table's name (old to new, unquoted).

    Raises :class:`UsageError` for a new name that is taken, and for a schema that isn't there.
    """
    names = _Names(catalog, tables, columns)
    names.refuse_taken()
    items = {key: names.item(item) for key, item in catalog.schema.items()}
    renamed = Catalog(
        Schema(items.values()),
        {items[key].key: frozenset(items[each].key for each in needed) for key, needed in catalog.needs.items()},
        {items[key].key: identity for key, identity in catalog.identities.items()},
        catalog.version,
    )
    pairs = tuple((item, items[item.key]) for item in names.renamed())
    return Renaming(renamed, pairs, tuple(names.statements()))


def with_new_names(difference: SchemaDifference, renaming: Renaming, new: Schema) -> SchemaDifference:
    """The difference between the renamed schema and a new one, with each new name as a change of the object."""
    changes = {change.new.key: change for change in difference.changed}
    for before, after in renaming.renamed:
        if after.key in new:  # else it is told as removed
            name = FieldChange("name", own_name(before), own_name(after))
            change = changes.get(after.key, ObjectChange(after, new[after.key], ()))
            changes[after.key] = replace(change, fields=(name, *change.fields))
    return replace(difference, changed=tuple(changes[key] for key in sorted(changes)))


class _Names:
    """What becomes of names: of relations by their parts, and of columns by their table."""

    def __init__(self, catalog: Catalog, tables: Mapping[str, str], columns: Mapping[str, Mapping[str, str]]) -> None:
        self._catalog = catalog
        self._tables = tables
        self._given = {
            table: {quoted(old): quoted(new) for old, new in names.items()} for table, names in columns.items()
        }
        self._columns = {**self._given, **self._inherited()}
        self._relations = {tuple(parts(old)): new for old, new in self._all_relations()}

    def _inherited(self) -> dict[str, dict[str, str]]:
        """The columns that children and partitions have from a table: they are renamed with the table's."""
        found: dict[str, dict[str, str]] = {}
        above = dict(self._given)
        while above:
            below: dict[str, dict[str, str]] = {}
            for item in (each for kind in TABLES for each in self._catalog.schema.of_kind(kind)):
                parents = item.fields.get("inherits")
                for parent in parents if isinstance(parents, list) else ():
                    below.setdefault(item.name, {}).update(above.get(str(parent), {}))
            above = {name: names for name, names in below.items() if names}
            for name, names in above.items():
                found[name] = {**found.get(name, {}), **self._given.get(name, {}), **names}
        return found

    def _all_relations(self) -> Iterator[tuple[str, str]]:
        """The tables, and the indexes and sequences that go into another schema with one."""
        for old, new in self._tables.items():
            yield old, new
            schema = parts(new)[0]
            if parts(old)[0] != schema:
                for item in self._catalog.parts.get(old, ()):
                    if item.kind in _MOVED_ALONG:
                        yield item.name, f"{schema}.{parts(item.name)[-1]}"

    def refuse_taken(self) -> None:
        relations = {item.name for item in self._catalog.schema.values() if item.parent is None}
        for old, new in self._tables.items():
            schema = parts(new)[0]
            if new in relations:
                raise UsageError(f"{old} can't be renamed: the old schema has {new} already")
            if ("schema", schema) not in self._catalog.schema:
                raise UsageError(
                    f"{old} can't be renamed into schema {schema}, which the old side hasn't",
                    hint=f"Make the schema {schema} there first.",
                )
        for table, columns in self._given.items():
            for old_column, new_column in columns.items():
                if ("column", f"{table}.{new_column}") in self._catalog.schema:
                    raise UsageError(f"column {old_column} of {table} can't be renamed: it has {new_column} already")

    def renamed(self) -> Iterator[SchemaObject]:
        """The tables and columns that were named, as they were."""
        for item in self._catalog.schema.values():
            named = item.kind == "column" and own_name(item) in self._given.get(item.parent or "", {})
            if named or (item.kind in TABLES and item.name in self._tables):
                yield item

    def statements(self) -> Iterator[str]:
        for table, columns in self._given.items():
            for old, new in columns.items():
                yield f"ALTER {self._word(table)} {table} RENAME COLUMN {old} TO {new}"
        for old, new in self._tables.items():
            (old_schema, old_name), (schema, name) = parts(old), parts(new)
            if old_schema != schema:
                yield f"ALTER {self._word(old)} {old} SET SCHEMA {schema}"
            if old_name != name:
                yield f"ALTER {self._word(old)} {schema}.{old_name} RENAME TO {name}"

    def _word(self, table: str) -> str:
        return "TABLE" if ("table", table) in self._catalog.schema else "FOREIGN TABLE"

    def item(self, item: SchemaObject) -> SchemaObject:
        """The object under its new name, with the names in it replaced."""
        parent = self._tables.get(item.parent or "", item.parent)
        fields = item.fields
        if item.kind not in _LEFT:
            own = self._columns.get(item.parent or "", {}) if item.kind != "table" else self._columns.get(item.name, {})
            fields = {
                name: value if name in _WRITTEN_BY_USERS else self._value(item.kind, name, value, own)
                for name, value in item.fields.items()
            }
        if item.kind == "column":
            fields = self._not_null(item, fields)
        return replace(item, name=self._name(item), parent=parent, fields=fields)

    def _name(self, item: SchemaObject) -> str:
        if item.kind == "column":
            parent = item.parent or ""
            own = own_name(item)
            return f"{self._tables.get(parent, parent)}.{self._columns.get(parent, {}).get(own, own)}"
        if item.parent in self._tables or item.kind in TABLES or item.kind in _MOVED_ALONG:
            return self._qualified(item.name)
        if item.kind in _CALLED and "(" in item.name:
            start, bracket, arguments = item.name.partition("(")
            return start + bracket + self._qualified(arguments)
        return item.name

    def _not_null(self, item: SchemaObject, fields: Mapping[str, Json]) -> Mapping[str, Json]:
        """The constraint that NOT NULL is since PostgreSQL 18 keeps its name, which then is told or isn't any more."""
        if self._catalog.major < 18 or not item.fields.get("not_null") or item.fields.get("inherited"):
            return fields
        usual, now = usual_not_null_name(item.name), usual_not_null_name(self._name(item))
        name = item.fields.get("not_null_constraint", usual)
        rest = {field: value for field, value in fields.items() if field != "not_null_constraint"}
        return rest if name == now else {**rest, "not_null_constraint": name}

    # The texts

    def _value(self, kind: str, field: str, value: Json, columns: Mapping[str, str]) -> Json:
        if isinstance(value, list):
            if kind == "publication table" and field == "columns":
                return [columns.get(each, each) if isinstance(each, str) else each for each in value]
            return [self._value(kind, field, each, columns) for each in value]
        if not isinstance(value, str):
            return value
        if kind == "sequence" and field == "owned_by":
            *start, column = parts(value)
            table = ".".join(start)
            return f"{self._tables.get(table, table)}.{self._columns.get(table, {}).get(column, column)}"
        return self._qualified(self._with_columns(kind, field, value, columns))

    def _with_columns(self, kind: str, field: str, text: str, columns: Mapping[str, str]) -> str:
        if (kind, field) == ("constraint", "definition"):
            own, word, other = text.partition(" REFERENCES ")
            if not word:
                return _unqualified(text, columns)
            match = _WORDS.match(other)
            referenced = self._columns.get(match[0], {}) if match else {}
            return _unqualified(own, columns) + word + _unqualified(other, referenced)
        part = _WHERE.get((kind, field))
        return part.sub(lambda found: _unqualified(found[0], columns), text) if part and columns else text

    def _qualified(self, text: str) -> str:
        """The text with the names of relations replaced, also where one is a constant (``'s.t_id_seq'::regclass``)."""
        return _WORDS.sub(self._replaced, text) if self._relations else text

    def _replaced(self, found: re.Match[str]) -> str:
        if found["text"]:
            inside = found["text"].startswith("'") and found.string.startswith("::regclass", found.end())
            return f"'{self._qualified(found['text'][1:-1])}'" if inside else found["text"]
        words = tuple(parts(found[0]))
        new = self._relations.get(words[:2])
        is_called = found.string.startswith("(", found.end()) and not found.string[: found.start()].endswith(
            "REFERENCES "
        )
        return found[0] if new is None or is_called else ".".join((new, *words[2:]))


def _unqualified(text: str, columns: Mapping[str, str]) -> str:
    """The text with the names of columns replaced, also in ``new.a`` and ``old.a``."""
    return _WORDS.sub(partial(_column, columns), text) if columns else text


def _column(columns: Mapping[str, str], found: re.Match[str]) -> str:
    *before, last = parts(found["name"] or "") or [""]
    is_column = not before or before in (["new"], ["old"])
    is_called = found.string.startswith("(", found.end())
    if last not in columns or not is_column or is_called or found.string[: found.start()].endswith("::"):
        return found[0]
    return ".".join((*before, columns[last]))


_WHERE: Mapping[tuple[str, str], re.Pattern[str]] = {
    ("column", "generated"): re.compile(r".+", re.DOTALL),
    ("index", "definition"): re.compile(r" USING .+", re.DOTALL),
    ("policy", "using"): re.compile(r".+", re.DOTALL),
    ("policy", "with_check"): re.compile(r".+", re.DOTALL),
    ("publication table", "where"): re.compile(r".+", re.DOTALL),
    ("statistics", "definition"): re.compile(r" ON .+ FROM ", re.DOTALL),
    ("table", "partition_key"): re.compile(r" ?\(.+", re.DOTALL),
    ("trigger", "definition"): re.compile(r" UPDATE OF .+? ON | WHEN \(.+\) EXECUTE ", re.DOTALL),
}
"""Where in a text the columns of the table are named."""
