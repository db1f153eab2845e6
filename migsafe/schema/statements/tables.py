"""Tables, partitions and foreign tables; composite types, which are made alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange
from migsafe.schema.model import SchemaObject
from migsafe.schema.statements.columns import columns_of, definition
from migsafe.schema.statements.names import own_name
from migsafe.schema.statements.partitions import is_referenced_partition, made_by_parent
from migsafe.schema.statements.writer import (
    Writer,
    Written,
    change_generic_options,
    change_settings,
    fields_of,
    generic_options,
    listed,
    settings,
    text,
)

_STORAGE = frozenset({"unlogged", "access_method", "tablespace", "options", "toast_options"})
_SECURITY = frozenset({"row_security", "force_row_security"})
_PLACE = frozenset({"inherits", "partition_bound", "of_type", "detach_pending"})
INDENT = "    "


@dataclass(frozen=True)
class Table(Writer):
    """A table with its columns and the constraints that it is made with."""

    word: str = "TABLE"
    alters: frozenset[str] = _STORAGE | _SECURITY | _PLACE | {"replica_identity"}
    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield f"CREATE {'UNLOGGED ' if item.fields.get('unlogged') else ''}TABLE {item.name}{_body(item, catalog)}"
        yield from _after(item)

    def drop(self, item: SchemaObject, catalog: Catalog) -> Written:
        if is_referenced_partition(item, catalog):
            yield f"ALTER TABLE {listed(item.fields['inherits'])[0]} DETACH PARTITION {item.name}"
        yield f"DROP TABLE {item.name}"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        start, fields, item = f"ALTER TABLE {change.new.name}", fields_of(change), change.new
        yield from _place(change)
        if "unlogged" in fields:
            yield f"{start} SET {'UNLOGGED' if item.fields.get('unlogged') else 'LOGGED'}"
        if "access_method" in fields and item.fields.get("access_method"):
            yield f"{start} SET ACCESS METHOD {text(item, 'access_method')}"
        if "tablespace" in fields:
            yield f"{start} SET TABLESPACE {text(item, 'tablespace') or 'pg_default'}"
        if "options" in fields:
            yield from change_settings(start, *fields["options"])
        if "toast_options" in fields:
            yield from change_settings(start, *fields["toast_options"], prefix="toast.")
        if "replica_identity" in fields and fields["replica_identity"][1] != "index":
            yield f"{start} REPLICA IDENTITY {(text(item, 'replica_identity') or 'default').upper()}"
        if "row_security" in fields:
            yield f"{start} {'ENABLE' if item.fields.get('row_security') else 'DISABLE'} ROW LEVEL SECURITY"
        if "force_row_security" in fields:
            yield f"{start} {'FORCE' if item.fields.get('force_row_security') else 'NO FORCE'} ROW LEVEL SECURITY"


@dataclass(frozen=True)
class ForeignTable(Writer):
    """A foreign table with its columns."""

    word: str = "FOREIGN TABLE"
    alters: frozenset[str] = frozenset({"server_options"})
    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        options = listed(item.fields.get("server_options"))
        said = f" OPTIONS ({generic_options(options)})" if options else ""
        parts = [definition(column, catalog) for column in columns_of(item.name, catalog)]
        parts += [_constraint(each) for each in inline_constraints(item, catalog)]
        yield f"CREATE FOREIGN TABLE {item.name} {_lines(iter(parts))} SERVER {text(item, 'server')}{said}"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        options = fields_of(change)["server_options"]
        yield from change_generic_options(f"ALTER FOREIGN TABLE {change.new.name}", *options)


@dataclass(frozen=True)
class CompositeType(Writer):
    """A composite type with its attributes."""

    word: str = "TYPE"
    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        attributes = (definition(each, catalog) for each in columns_of(item.name, catalog))
        yield f"CREATE TYPE {item.name} AS {_lines(attributes)}"


def inline_constraints(item: SchemaObject, catalog: Catalog) -> list[SchemaObject]:
    """The constraints that CREATE TABLE is written with: all but foreign keys and what comes with the parent.

    Of several keys of the same columns it would make the first one only.
    """
    if made_by_parent(item, catalog):
        return []
    parts = [
        part
        for part in catalog.parts.get(item.name, ())
        if part.kind == "constraint"
        and not text(part, "definition").startswith("FOREIGN KEY")
        and not part.fields.get("unvalidated")
        and not (part.fields.get("inherited") and item.fields.get("partition_bound") is None)
    ]
    keys = {_of(part): part.name for part in sorted(parts, key=_is_primary) if is_key(part)}
    return [part for part in parts if not is_key(part) or keys[_of(part)] == part.name]


def is_key(constraint: SchemaObject) -> bool:
    """Whether it is a primary key or a unique constraint, to which foreign keys may refer."""
    return text(constraint, "definition").startswith((_PRIMARY, _UNIQUE))


def _of(key: SchemaObject) -> str:
    """The columns of a key, with all that is said of them."""
    return text(key, "definition").removeprefix(_PRIMARY).removeprefix(_UNIQUE)


def _is_primary(constraint: SchemaObject) -> bool:
    return text(constraint, "definition").startswith(_PRIMARY)


_PRIMARY, _UNIQUE = "PRIMARY KEY ", "UNIQUE "


def _body(item: SchemaObject, catalog: Catalog) -> str:
    parents = listed(item.fields.get("inherits"))
    partition = item.fields.get("partition_bound")
    if made_by_parent(item, catalog):
        columns = f" PARTITION OF {parents[0]} {partition}"
    elif item.fields.get("of_type"):
        constraints = [_constraint(each) for each in inline_constraints(item, catalog)]
        columns = f" OF {text(item, 'of_type')}" + (f" {_lines(iter(constraints))}" if constraints else "")
    else:
        parts = [definition(each, catalog) for each in columns_of(item.name, catalog) if _is_own(each, item)]
        parts += [_constraint(each) for each in inline_constraints(item, catalog)]
        columns = f" {_lines(iter(parts))}"
        columns += f" INHERITS ({', '.join(parents)})" if parents and partition is None else ""
    return columns + "".join(_clauses(item))


def _is_own(column: SchemaObject, table: SchemaObject) -> bool:
    """Inherited columns come with the parent, but for partitions, which are made whole and then attached."""
    return not column.fields.get("inherited") or table.fields.get("partition_bound") is not None


def _constraint(item: SchemaObject) -> str:
    return f"CONSTRAINT {own_name(item)} {text(item, 'definition')}"


def _lines(parts: Iterator[str]) -> str:
    lines = ",\n".join(f"{INDENT}{part}" for part in parts)
    return f"(\n{lines}\n)" if lines else "()"


def _clauses(item: SchemaObject) -> Iterator[str]:
    if item.fields.get("partition_key"):
        yield f" PARTITION BY {text(item, 'partition_key')}"
    if item.fields.get("access_method") not in (None, "heap"):
        yield f" USING {text(item, 'access_method')}"
    options = listed(item.fields.get("options"))
    options += [f"toast.{option}" for option in listed(item.fields.get("toast_options"))]
    if options:
        yield f" WITH ({settings(options)})"
    if item.fields.get("tablespace"):
        yield f" TABLESPACE {text(item, 'tablespace')}"


def _after(item: SchemaObject) -> Iterator[str]:
    start = f"ALTER TABLE {item.name}"
    if item.fields.get("replica_identity") not in (None, "index"):
        yield f"{start} REPLICA IDENTITY {text(item, 'replica_identity').upper()}"
    if item.fields.get("row_security"):
        yield f"{start} ENABLE ROW LEVEL SECURITY"
    if item.fields.get("force_row_security"):
        yield f"{start} FORCE ROW LEVEL SECURITY"


def attach(item: SchemaObject) -> str:
    """The statement that makes the table a partition of its parent."""
    return (
        f"ALTER TABLE {listed(item.fields['inherits'])[0]} ATTACH PARTITION {item.name} {text(item, 'partition_bound')}"
    )


def _place(change: ObjectChange) -> Written:
    """Out of the old parents, then into the new ones."""
    old, new = change.old, change.new
    before, after = listed(old.fields.get("inherits")), listed(new.fields.get("inherits"))
    was, becomes = old.fields.get("partition_bound"), new.fields.get("partition_bound")
    if old.fields.get("detach_pending") and before:
        yield f"ALTER TABLE {before[0]} DETACH PARTITION {old.name} FINALIZE"
    elif (was, before) != (becomes, after) and was is not None:
        yield f"ALTER TABLE {before[0]} DETACH PARTITION {old.name}"
    if was is None and before != after:
        yield from (f"ALTER TABLE {old.name} NO INHERIT {parent}" for parent in before if parent not in after)
    if becomes is not None and (was, before) != (becomes, after):
        yield attach(new)
    elif becomes is None and before != after:
        known = [] if was is not None else before
        yield from (f"ALTER TABLE {new.name} INHERIT {parent}" for parent in after if parent not in known)
    if old.fields.get("of_type") != new.fields.get("of_type"):
        kind = text(new, "of_type")
        yield f"ALTER TABLE {new.name} {f'OF {kind}' if kind else 'NOT OF'}"
