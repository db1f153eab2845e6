"""What a partition, or a table that inherits, has from its parent without a statement of its own."""

from __future__ import annotations

import re

from migsafe.schema.catalog import Catalog
from migsafe.schema.model import ObjectKey, SchemaObject
from migsafe.schema.statements.names import own_name, parts, unquoted
from migsafe.schema.statements.writer import listed, text
from migsafe.sql.limits import LONGEST_NAME

_OF_PARENT = (
    "position",
    "comment",
    "privileges",
    "inherited",
    "statistics_target",
    "options",
    "storage",
    "compression",
)
"""Fields of a partition's column in which it may differ from its parent's, each written by itself or not at all."""

_KEYS = {"PRIMARY KEY": "pkey", "UNIQUE": "key", "EXCLUDE": "excl"}
_COLUMNS = re.compile(r"\(([a-z_][a-z0-9_]*(?:, [a-z_][a-z0-9_]*)*)\)")


def parents_of(item: SchemaObject, catalog: Catalog) -> list[str]:
    """The tables that the table, or the one that the part hangs on, inherits from."""
    table = catalog.schema.get(("table", item.name if item.kind == "table" else item.parent or ""))
    return listed(table.fields.get("inherits")) if table else []


def made_by_parent(table: SchemaObject, catalog: Catalog) -> bool:
    """Whether CREATE TABLE … PARTITION OF makes just this table: its columns are its parent's, in the same order, and
    so are its constraints, and its indexes have the names that PostgreSQL gives them."""
    if table.fields.get("partition_bound") is None:
        return False
    (parent,) = listed(table.fields["inherits"])
    if ("table", parent) not in catalog.schema:
        return False
    ours, theirs = (_columns(name, catalog) for name in (table.name, parent))
    inherited = [part for part in catalog.parts.get(table.name, ()) if _is_inherited_index(part)]
    return ours == theirs and all(_has_usual_name(part) for part in inherited)


def is_referenced_partition(table: SchemaObject, catalog: Catalog) -> bool:
    """Whether a foreign key refers to what the table is a partition of: it can't be dropped before it is detached."""
    if table.fields.get("partition_bound") is None:
        return False
    (parent,) = listed(table.fields["inherits"])
    needing = (key for part in catalog.parts.get(parent, ()) for key in catalog.needed_by.get(part.key, ()))
    keys = (catalog.schema[key] for key in needing if key[0] == "constraint")
    above = catalog.schema.get(("table", parent))
    return any(f" REFERENCES {parent}(" in text(key, "definition") for key in keys) or (
        above is not None and is_referenced_partition(above, catalog)
    )


def changes_place(item: SchemaObject, old: Catalog, new: Catalog) -> bool:
    """Whether the table that the part hangs on is attached to a parent, or detached: its indexes follow then."""
    key = ("table", item.parent or "")
    tables = [catalog.schema[key].fields if key in catalog.schema else {} for catalog in (old, new)]
    return any(tables[0].get(name) != tables[1].get(name) for name in ("inherits", "partition_bound"))


def counterpart(item: SchemaObject, catalog: Catalog, *, by_name: bool = True) -> ObjectKey | None:
    """The parent's column, constraint, trigger or index that brings this one about; none for one of its own.

    With ``by_name`` an index must have the name that PostgreSQL gives it: any other was made by itself.
    """
    if item.kind == "index" and item.fields.get("partition_of"):
        key = ("index", text(item, "partition_of"))
        usual = key in catalog.schema and made_on_partitions(catalog.schema[key], catalog)
        return key if usual or not by_name else None
    table = catalog.schema.get(("table", item.parent or ""))
    if item.kind == "column" and table is not None and table.fields.get("of_type"):
        return ("column", f"{table.fields['of_type']}.{own_name(item)}")
    if not item.fields.get("inherited"):
        return None
    for parent in parents_of(item, catalog):
        if item.kind == "constraint" and _key_word(item):
            match = _same_key(item, parent, catalog)
            if match:
                return match.key if _has_usual_name(item) or not by_name else None
        name = f"{parent}.{own_name(item)}" if item.kind == "column" else f"{own_name(item)} on {parent}"
        if (item.kind, name) in catalog.schema:
            return (item.kind, name)
    return None


def made_on_partitions(index: SchemaObject, catalog: Catalog) -> bool:
    """Whether CREATE INDEX on the partitioned table makes the indexes of all partitions under the names they have."""
    if index.fields.get("invalid"):
        return False  # made ON ONLY, and not attached to by every partition's
    below = catalog.partition_indexes.get(index.name, ())
    return all(_has_usual_name(each) and made_on_partitions(each, catalog) for each in below)


def _columns(table: str, catalog: Catalog) -> list[tuple[str, dict[str, object]]]:
    columns = [item for item in catalog.parts.get(table, ()) if item.kind == "column"]
    columns.sort(key=lambda item: int(str(item.fields["position"])))
    return [(own_name(i), {k: v for k, v in i.fields.items() if k not in _OF_PARENT}) for i in columns]


def _is_inherited_index(part: SchemaObject) -> bool:
    if part.kind == "index":
        return part.fields.get("partition_of") is not None
    return part.kind == "constraint" and bool(part.fields.get("inherited")) and _key_word(part) is not None


def _key_word(item: SchemaObject) -> str | None:
    return next((word for word in _KEYS if text(item, "definition").startswith(word)), None)


def _same_key(item: SchemaObject, parent: str, catalog: Catalog) -> SchemaObject | None:
    of_parent = (part for part in catalog.parts.get(parent, ()) if part.kind == "constraint")
    return next((part for part in of_parent if part.fields.get("definition") == item.fields["definition"]), None)


def _has_usual_name(item: SchemaObject) -> bool:
    """Whether it has the name that PostgreSQL gives to an index, or to a constraint with one, that comes from the
    parent. Known for plain columns only."""
    table = unquoted(parts(item.parent or "")[-1])
    word = _key_word(item)
    definition = text(item, "definition")
    columns = _COLUMNS.search(definition.partition(" USING ")[2] if word is None else definition)
    if columns is None:
        return False
    middle = "" if word == "PRIMARY KEY" else "_" + columns[1].replace(", ", "_")
    suffix = _KEYS[word] if word else "idx"
    name = unquoted(parts(item.name)[-1]) if item.kind == "index" else unquoted(own_name(item))
    usual = [f"{table}{middle}_{suffix}", f"{table}_pkey", f"{table}{middle}_key"]
    return name in (usual if item.kind == "index" else usual[:1]) and len(name.encode()) < LONGEST_NAME
