"""The old application and its tables, views and columns: gone, renamed, of another type, or newly required."""

from __future__ import annotations

from collections.abc import Mapping

from migsafe.findings import Finding
from migsafe.schema.compatibility.sight import Findings, Sight, gives_value, is_partition, short
from migsafe.schema.compatibility.types import Fit, fit
from migsafe.schema.model import SchemaObject
from migsafe.schema.statements.names import own_name


def relations(sight: Sight) -> Findings:
    """What the old application doesn't find, or finds otherwise, in what it reads and writes."""
    for schema in sight.old.schema.of_kind("schema"):
        if schema.key not in sight.new.schema:
            yield sight.finding(
                "compatibility-schema-removed",
                schema,
                f"The old application doesn't find schema {schema.name} any more, nor anything in it.",
                f"Deploy an application that doesn't use {schema.name} first, then drop it in a later migration.",
            )
    for name, relation in sight.old_relations.items():
        now = sight.new_relations.get(name)
        if now is not None:
            yield from _columns(sight, relation, now)
        elif not sight.is_in_gone_schema(relation) and not is_partition(relation):
            yield _gone_relation(sight, relation)


def _gone_relation(sight: Sight, item: SchemaObject) -> Finding:
    columns = [column.key for column in sight.columns(item.name, sight.old).values()]
    renamed = sight.new_name(item)
    if renamed:
        name, how = renamed
        return sight.finding(
            f"compatibility-{_rule(item)}-renamed",
            item,
            f"The old application doesn't find {item.kind} {item.name}, which is {name} now{how}.",
            f"Leave the old name behind in the same migration: CREATE VIEW {item.name} AS SELECT * FROM {name}; drop "
            f"that view in a later migration, when every application that runs uses {short(name)}.",
            *columns,
        )
    return sight.finding(
        f"compatibility-{_rule(item)}-removed",
        item,
        f"The old application doesn't find {item.kind} {item.name} any more.",
        f"Deploy an application that doesn't use {item.name} first, then drop it in a later migration.",
        *columns,
    )


def _rule(item: SchemaObject) -> str:
    return "view" if item.kind in ("view", "materialized view") else "table"


def _columns(sight: Sight, before: SchemaObject, after: SchemaObject) -> Findings:
    old, new = sight.columns(before.name, sight.old), sight.columns(after.name, sight.new)
    for name, column in old.items():
        if name not in new:
            if not column.fields.get("inherited"):  # told of the parent
                yield _gone_column(sight, column)
        elif after.kind in ("table", "foreign table") and not new[name].fields.get("inherited"):
            yield from _column(sight, column, new[name])
        elif not new[name].fields.get("inherited"):
            yield from _type(sight, column, new[name])
    if after.kind == "table" and before.kind == "table":
        inherited = {name for name, column in new.items() if column.fields.get("inherited")}
        added = (column for name, column in new.items() if name not in {*old, *inherited})
        yield from (
            _required(sight, column) for column in added if _must_be_given(column) and not _renamed(sight, column)
        )
    if after.kind in ("view", "materialized view"):
        yield from _order(sight, after, old, new)


def _gone_column(sight: Sight, column: SchemaObject) -> Finding:
    table, name = column.parent, own_name(column)
    renamed = sight.new_name(column)
    if renamed:
        now = short(renamed[0])
        return sight.finding(
            "compatibility-column-renamed",
            column,
            f"The old application doesn't find column {name} of {table}, which is {now} now{renamed[1]}.",
            f"In two steps: add {now} beside {name}, keep both alike with a trigger and copy the values; when every "
            f"application that runs uses {now}, drop {name} in a later migration.",
        )
    return sight.finding(
        "compatibility-column-removed",
        column,
        f"The old application doesn't find column {name} of {table} any more.",
        f"Deploy an application that neither reads nor writes {name} first (an ORM's list of columns counts too), then "
        "drop it in a later migration.",
    )


def _must_be_given(column: SchemaObject) -> bool:
    return bool(column.fields.get("not_null")) and not gives_value(column)


def _renamed(sight: Sight, column: SchemaObject) -> bool:
    """Whether it is an old column under a new name, which is told of the old one."""
    gone = (old for old in sight.old.parts.get(column.parent or "", ()) if old.key not in sight.new.schema)
    return any((sight.new_name(old) or ("",))[0] == column.name for old in gone if old.kind == "column")


def _required(sight: Sight, column: SchemaObject) -> Finding:
    table, name = column.parent, own_name(column)
    return sight.finding(
        "compatibility-column-required",
        column,
        f"The old application can't insert into {table}: it gives no {name}, which is NOT NULL and has no default.",
        f"In two steps: ALTER TABLE {table} ADD COLUMN {name} {column.fields['type']}, without NOT NULL or with a "
        f"DEFAULT; once all that run write {name}, fill the rest and set NOT NULL in a later migration.",
    )


def _column(sight: Sight, old: SchemaObject, new: SchemaObject) -> Findings:
    table, name = new.parent, own_name(new)
    yield from _type(sight, old, new)
    if new.fields.get("not_null") and not old.fields.get("not_null"):
        default = "" if new.fields.get("default") is None else " explicitly"
        yield sight.finding(
            "compatibility-not-null",
            old,
            f"The old application may{default} write NULL into {name} of {table}, which refuses it now.",
            f"Deploy an application that always writes {name} first; then add the constraint in a later migration.",
        )
    elif _must_be_given(new) and not _must_be_given(old):
        yield sight.finding(
            "compatibility-default-removed",
            old,
            f"The old application can't leave out {name} when it inserts into {table}: it has no default any more.",
            f"Deploy an application that always writes {name} first; drop the default in a later migration.",
        )
    if _not_writable(new) and not _not_writable(old):
        yield sight.finding(
            "compatibility-not-writable",
            old,
            f"The old application can't write {name} of {table}: its values are always generated now.",
            f"Deploy an application that doesn't write {name} first, or use GENERATED BY DEFAULT meanwhile.",
        )


def _not_writable(column: SchemaObject) -> bool:
    return column.fields.get("generated") is not None or column.fields.get("identity") == "always"


def _type(sight: Sight, old: SchemaObject, new: SchemaObject) -> Findings:
    before, after = str(old.fields["type"]), str(new.fields["type"])
    if before == after:
        return
    how = fit(before, after)
    name, table = own_name(new), new.parent
    if how is Fit.NARROWER:
        yield sight.finding(
            "compatibility-type-narrowed",
            old,
            f"The old application may write what {name} of {table} doesn't take any more: {before} → {after}.",
            f"Deploy an application that writes only what {after} takes first, and narrow {name} in a later migration.",
        )
    elif how is Fit.OTHER:
        yield sight.finding(
            "compatibility-type-changed",
            old,
            f"The old application reads and writes {name} of {table} as {before}; it is {after} now.",
            f"In two steps: add a column of type {after} beside {name}, keep both alike with a trigger and copy the "
            f"values; drop {name} in a later migration, when no application that runs uses it.",
        )


def _order(
    sight: Sight, view: SchemaObject, old: Mapping[str, SchemaObject], new: Mapping[str, SchemaObject]
) -> Findings:
    """By place rather than by name: SELECT *, INSERT without a list of columns, COPY."""
    before = sorted((name for name in old if name in new), key=lambda name: str(old[name].fields["position"]).zfill(5))
    moved = [name for name in before if old[name].fields["position"] != new[name].fields["position"]]
    gone = any(name not in new for name in old)
    if moved and not gone:
        yield sight.finding(
            "compatibility-view-columns-moved",
            sight.old_relations[view.name],
            f"The old application finds columns of {view.kind} {view.name} in other places: {', '.join(moved)}.",
            "Add new columns at the end: CREATE OR REPLACE VIEW allows nothing else, and keeps privileges too.",
        )
