"""Columns of tables, attributes of composite types, columns of views."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange
from migsafe.schema.model import SchemaObject
from migsafe.schema.statements.names import literal, own_name, parts, unquoted
from migsafe.schema.statements.sequences import create_sequence, identity_options, owned_by, owned_sequence, serial_word
from migsafe.schema.statements.writer import (
    NotWritten,
    Writer,
    Written,
    change_generic_options,
    change_settings,
    fields_of,
    generic_options,
    listed,
    text,
)
from migsafe.sql.identifiers import quoted
from migsafe.sql.limits import LONGEST_NAME

_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_MAIN_BY_DEFAULT = ("numeric", "inet", "cidr")

_TEXTS = ("text", "character varying", "character", "name", "citext")
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_TIMES = ("date", "timestamp without time zone", "timestamp with time zone")

_NOT_NULL = frozenset({"not_null_constraint", "not_null_no_inherit", "not_null_unvalidated"})
"""What a plain NOT NULL doesn't say; only PostgreSQL 18 and later have it."""
_VALUES = frozenset({"type", "collation", "default", "not_null"}) | _NOT_NULL
_STORED = frozenset({"storage", "compression", "statistics_target", "options", "server_options"})


@dataclass(frozen=True)
class Column(Writer):
    """A column of a table that stays, or an attribute of a composite type that does."""

    word: str = "COLUMN"
    alters: frozenset[str] = _VALUES | _STORED | {"identity", "generated", "generated_kind"}
    follows: frozenset[str] = frozenset({"position", "inherited"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        if relation_kind(item, catalog) == "composite type":
            yield f"ALTER TYPE {item.parent} ADD ATTRIBUTE {own_name(item)} {_type(item)} CASCADE"
            return
        yield f"{altering(item, catalog)} ADD COLUMN {definition(item, catalog)}"
        yield from stored(item, catalog)

    def complete(self, item: SchemaObject, catalog: Catalog) -> Written:
        if relation_kind(item, catalog) in ("table", "foreign table"):
            yield from stored(item, catalog)
        elif item.fields.get("default") is not None:
            yield f"{altering(item, catalog)} ALTER COLUMN {own_name(item)} SET DEFAULT {text(item, 'default')}"

    def drop(self, item: SchemaObject, catalog: Catalog) -> Written:
        word = "ATTRIBUTE" if relation_kind(item, catalog) == "composite type" else "COLUMN"
        cascade = " CASCADE" if word == "ATTRIBUTE" else ""
        yield f"{altering(item, catalog)} DROP {word} {own_name(item)}{cascade}"

    def needs_rebuilding(self, change: ObjectChange, old: Catalog, new: Catalog) -> bool:
        """An expression can be dropped; any other needs a new column (SET EXPRESSION is PostgreSQL 17's)."""
        fields = fields_of(change)
        return ("generated_kind" in fields and change.new.fields.get("generated") is not None) or (
            "generated" in fields and change.new.fields.get("generated") is not None
        )

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        kind = relation_kind(change.new, new)
        if kind in ("view", "materialized view"):
            yield from _alter_of_view(change, new)
            return
        start, name, fields = altering(change.new, new), own_name(change.new), fields_of(change)
        if kind == "composite type":
            yield f"{start} ALTER ATTRIBUTE {name} TYPE {_type(change.new)} CASCADE"
            return
        start = f"{start} ALTER COLUMN {name}"
        if "generated" in fields:
            yield f"{start} DROP EXPRESSION"
        sequence = owned_sequence(change.new, new)
        if "identity" in fields and fields["identity"][1] is None:
            yield f"{start} DROP IDENTITY"
            if sequence:
                yield from create_sequence(sequence)
        yield from _alter_type(start, change)
        if "identity" in fields and fields["identity"][1] is None and sequence:
            yield owned_by(sequence)
            yield _set_on(sequence, change.new)
        before = owned_sequence(change.old, old)
        if "identity" in fields and fields["identity"][0] is None and before:
            yield f"DROP SEQUENCE {before.name}"
        if "identity" in fields and fields["identity"][1] is not None:
            yield from _alter_identity(start, change, new)
        yield from _alter_stored(start, change)


def relation_kind(item: SchemaObject, catalog: Catalog) -> str:
    """What kind of relation the part hangs on."""
    kinds = ("table", "view", "materialized view", "foreign table", "composite type")
    return next((kind for kind in kinds if (kind, item.parent) in catalog.schema), "table")


def altering(item: SchemaObject, catalog: Catalog) -> str:
    """``ALTER TABLE name``, with the word of the relation that the part hangs on."""
    kind = relation_kind(item, catalog)
    return f"ALTER {'TYPE' if kind == 'composite type' else kind.upper()} {item.parent}"


def definition(item: SchemaObject, catalog: Catalog) -> str:
    """The column as it stands in CREATE TABLE and after ADD COLUMN."""
    serial = serial_word(item, catalog)
    if serial:
        return f"{own_name(item)} {serial}{'' if item.fields.get('not_null') else ' NULL'}"
    return " ".join(filter(None, (own_name(item), _type(item), *_clauses(item, catalog))))


def _type(item: SchemaObject) -> str:
    collation = text(item, "collation")
    return text(item, "type") + (f" COLLATE {collation}" if collation else "")


def _clauses(item: SchemaObject, catalog: Catalog) -> Iterator[str]:
    options = listed(item.fields.get("server_options"))
    if options:
        yield f"OPTIONS ({generic_options(options)})"
    if item.fields.get("compression"):
        yield f"COMPRESSION {'lz4' if item.fields['compression'] == 'l' else 'pglz'}"
    if item.fields.get("generated") is not None:
        yield f"GENERATED ALWAYS AS ({text(item, 'generated')}) {text(item, 'generated_kind').upper()}"
    elif item.fields.get("default") is not None:
        yield f"DEFAULT {text(item, 'default')}"
    if item.fields.get("identity") is not None:
        yield f"GENERATED {text(item, 'identity').upper()} AS IDENTITY{identity_options(item, catalog)}"
    if item.fields.get("not_null") and item.fields.get("identity") is None and not _is_added_apart(item):
        yield _not_null(item)


def not_null_name(item: SchemaObject) -> str | None:
    """The constraint that the column's NOT NULL is since PostgreSQL 18; none without."""
    return (
        str(item.fields.get("not_null_constraint", usual_not_null_name(item.name)))
        if item.fields.get("not_null")
        else None
    )


def _not_null(item: SchemaObject) -> str:
    name = item.fields.get("not_null_constraint")
    inherit = " NO INHERIT" if item.fields.get("not_null_no_inherit") else ""
    return f"CONSTRAINT {quoted(str(name))} NOT NULL{inherit}" if name else f"NOT NULL{inherit}"


def _is_added_apart(item: SchemaObject) -> bool:
    """Whether CREATE TABLE has no word for it."""
    return bool(item.fields.get("not_null_unvalidated"))


def _add_not_null(item: SchemaObject) -> str:
    name = quoted(str(item.fields.get("not_null_constraint") or usual_not_null_name(item.name)))
    inherit = " NO INHERIT" if item.fields.get("not_null_no_inherit") else ""
    valid = " NOT VALID" if item.fields.get("not_null_unvalidated") else ""
    return f"ALTER TABLE {item.parent} ADD CONSTRAINT {name} NOT NULL {own_name(item)}{inherit}{valid}"


def stored(item: SchemaObject, catalog: Catalog) -> Iterator[str]:
    """What CREATE TABLE has no word for."""
    if _is_added_apart(item):
        yield _add_not_null(item)
    start = f"{altering(item, catalog)} ALTER COLUMN {own_name(item)}"
    if item.fields.get("storage"):
        yield f"{start} SET STORAGE {_STORAGE[text(item, 'storage')]}"
    if item.fields.get("statistics_target") is not None:
        yield f"{start} SET STATISTICS {text(item, 'statistics_target')}"
    yield from change_settings(start, None, item.fields.get("options"))


def _alter_type(start: str, change: ObjectChange) -> Written:
    fields, new = fields_of(change), change.new
    default = fields.get("default")
    if "type" in fields or "collation" in fields:
        using = _needs_using(text(change.old, "type"), text(new, "type"))
        if using and change.old.fields.get("default") is not None:
            yield f"{start} DROP DEFAULT"
            default = (None, new.fields.get("default"))
        yield f"{start} TYPE {_type(new)}" + (f" USING {own_name(new)}::{text(new, 'type')}" if using else "")
    if default is not None and default[1] is None and default[0] is not None:
        yield f"{start} DROP DEFAULT"
    elif default is not None and default[1] is not None:
        yield f"{start} SET DEFAULT {default[1]}"
    if "not_null" in fields and new.fields.get("identity") is None:
        if new.fields.get("not_null") and any(new.fields.get(field) for field in _NOT_NULL):
            yield _add_not_null(new)
        else:
            yield f"{start} {'SET' if new.fields.get('not_null') else 'DROP'} NOT NULL"
    elif new.fields.get("not_null") and not _is_of_another_parent(change):
        yield from _alter_not_null(start, change)


def _alter_not_null(start: str, change: ObjectChange) -> Written:
    fields, new = fields_of(change), change.new
    if fields.get("not_null_unvalidated", (None, None))[1]:
        yield f"{start} DROP NOT NULL"
        yield _add_not_null(new)
        return
    table, name = f"ALTER TABLE {new.parent}", str(not_null_name(new))
    if "not_null_constraint" in fields:
        yield f"{table} RENAME CONSTRAINT {quoted(str(not_null_name(change.old)))} TO {quoted(name)}"
    if "not_null_no_inherit" in fields:
        inherit = "NO INHERIT" if new.fields.get("not_null_no_inherit") else "INHERIT"
        yield f"{table} ALTER CONSTRAINT {quoted(name)} {inherit}"
    if "not_null_unvalidated" in fields:
        yield f"{table} VALIDATE CONSTRAINT {quoted(name)}"


def _is_of_another_parent(change: ObjectChange) -> bool:
    """Whether its table is attached or detached: then the parent's NOT NULL comes and goes, under the parent's name."""
    return change.old.fields.get("inherited") != change.new.fields.get("inherited")


def usual_not_null_name(column: str) -> str:
    """What PostgreSQL calls the NOT NULL of a column, which is given with its table, as printed."""
    *_, table, name = map(unquoted, parts(column))
    return f"{table}_{name}_not_null"[:LONGEST_NAME]


def _needs_using(old: str, new: str) -> bool:
    """Whether there is no assignment cast that would do it (manual, 5.6.7): told from the types' families."""
    before, after = (re.sub(r"\([^)]*\)", "", each).strip() for each in (old, new))
    families = (_NUMBERS, _TIMES)
    return not (
        before == after
        or after in _TEXTS[:2]
        or (before in _TEXTS and after in _TEXTS)
        or any(before in family and after in family for family in families)
    )


def _alter_identity(start: str, change: ObjectChange, new: Catalog) -> Written:
    kind = text(change.new, "identity").upper()
    if change.old.fields.get("identity") is not None:
        yield f"{start} SET GENERATED {kind}"
        return
    if not change.old.fields.get("not_null"):
        yield f"{start} SET NOT NULL"
    yield f"{start} ADD GENERATED {kind} AS IDENTITY{identity_options(change.new, new)}"
    sequence = owned_sequence(change.new, new)
    if sequence:
        yield _set_on(sequence, change.new)


def _set_on(sequence: SchemaObject, column: SchemaObject) -> str:
    """The statement that lets a new sequence go on where the column is."""
    start = f"coalesce(max({own_name(column)}) + 1, {text(sequence, 'start')})"
    return f"SELECT setval({literal(sequence.name)}, {start}, false) FROM {column.parent}"


def _alter_stored(start: str, change: ObjectChange) -> Written:
    fields, item = fields_of(change), change.new
    if "storage" in fields:
        kind = "MAIN" if text(item, "type").startswith(_MAIN_BY_DEFAULT) else "EXTENDED"
        yield f"{start} SET STORAGE {_STORAGE.get(text(item, 'storage'), kind)}"
    if "compression" in fields:
        word = {"l": "lz4", "p": "pglz"}.get(text(item, "compression"), "default")
        yield f"{start} SET COMPRESSION {word}"
    if "statistics_target" in fields:
        yield f"{start} SET STATISTICS {item.fields.get('statistics_target', -1)}"
    if "options" in fields:
        yield from change_settings(start, *fields["options"])
    if "server_options" in fields:
        yield from change_generic_options(start, *fields["server_options"])


def _alter_of_view(change: ObjectChange, new: Catalog) -> Written:
    fields = fields_of(change)
    if "default" in fields:
        word = "DROP DEFAULT" if fields["default"][1] is None else f"SET DEFAULT {fields['default'][1]}"
        yield f"{altering(change.new, new)} ALTER COLUMN {own_name(change.new)} {word}"


def order_of(names: list[str], old: list[str]) -> list[str]:
    """The order that columns have once those that are gone are dropped and those that came were added at the end."""
    return [name for name in old if name in names] + [name for name in names if name not in old]


def out_of_order(table: str, old: Catalog, new: Catalog, rebuilt: frozenset[str]) -> NotWritten | None:
    """What there is to say of a table whose columns stand in another order than ALTER TABLE can give them."""
    before, after = (_columns(table, catalog) for catalog in (old, new))
    reached = order_of(after, [name for name in before or _from_parents(table, new) if name not in rebuilt])
    if reached == after:
        return None
    names = ", ".join(own_name(new.schema["column", name]) for name in after)
    return NotWritten(
        f"table {table}", f"the order of its columns ({names})", "PostgreSQL adds columns at the end and moves none"
    )


def _from_parents(table: str, catalog: Catalog) -> list[str]:
    """The columns that CREATE TABLE … INHERITS takes over, which come before the table's own."""
    item = catalog.schema.get(("table", table)) or catalog.schema.get(("foreign table", table))
    if item is None or item.fields.get("partition_bound") is not None:  # made whole, and attached
        return []
    parents = [name for parent in listed(item.fields.get("inherits")) for name in _own_names(parent, catalog)]
    return [f"{table}.{name}" for name in dict.fromkeys(parents)]


def _own_names(table: str, catalog: Catalog) -> list[str]:
    return [own_name(item) for item in columns_of(table, catalog)]


def _columns(table: str, catalog: Catalog) -> list[str]:
    return [item.name for item in columns_of(table, catalog)]


def columns_of(table: str, catalog: Catalog) -> list[SchemaObject]:
    """The columns of a relation in their order."""
    columns = [item for item in catalog.parts.get(table, ()) if item.kind == "column"]
    return sorted(columns, key=lambda item: int(str(item.fields["position"])))
