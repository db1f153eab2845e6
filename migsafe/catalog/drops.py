"""What DROP does to a catalog, and what falls with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from migsafe.catalog.holdings import GROUPS, Effect, Holdings, ObjectId, Refusal, spoken
from migsafe.catalog.objects import Index, Relation, Sequence, Table, View
from migsafe.sql.actions import Action, ConstraintKind, Drop, DropColumn, DropConstraint, Kind
from migsafe.sql.names import Name

RELATIONS = (Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.INDEX, Kind.SEQUENCE)


def drop(catalog: Holdings, action: Drop) -> Effect:
    if action.kind in RELATIONS:
        return _drop_relation(catalog, action)
    if action.table is not None:
        return _drop_part(catalog, action, action.table)
    if action.kind is Kind.SCHEMA:
        return _drop_schema(catalog, action)
    if action.kind in (Kind.OTHER, Kind.ROLE, Kind.DATABASE):
        return Effect(certain=False)
    return _drop_named(catalog, action)


def _missing(action: Drop, kind: Kind, *, certain: bool) -> Effect:
    """The effect of dropping what isn't known: skipped, refused, or taken to have been there."""
    if action.if_exists:
        return Effect(skipped=certain, certain=certain)
    if certain:
        state = "42P01" if kind in (Kind.TABLE, Kind.VIEW, Kind.SEQUENCE, Kind.MATERIALIZED_VIEW) else "42704"
        state = {Kind.FUNCTION: "42883", Kind.SCHEMA: "3F000"}.get(GROUPS.get(kind, kind), state)
        raise Refusal(state, f'{kind} "{spoken(action.name)}" does not exist')
    return Effect(certain=False)


def _drop_relation(catalog: Holdings, action: Drop) -> Effect:
    found = catalog.find(action.name)
    if found is None:
        certain = catalog.complete or catalog.was_dropped(Kind.TABLE, action.name)
        effect = _missing(action, action.kind, certain=certain)
        name = catalog.qualified(action.name)
        catalog.gone.add((Kind.TABLE, name.schema or "public", name.name))
        return effect
    wanted = {Kind.INDEX: Index, Kind.SEQUENCE: Sequence, Kind.VIEW: View, Kind.MATERIALIZED_VIEW: View}
    if not isinstance(found, wanted.get(action.kind, Table)):
        raise Refusal("42809", f'"{action.name.name}" is not a {action.kind}')
    if isinstance(found, Index) and found.constraint:
        raise Refusal(
            "2BP01",
            f"cannot drop index {found.name.name} because constraint {found.constraint} "
            f"on table {found.table.name} requires it",
        )
    return Effect(dropped=tuple(fall(catalog, found, cascade=action.cascade)))


def fall(catalog: Holdings, relation: Relation, *, cascade: bool) -> Iterator[ObjectId]:
    """Drop a relation with what belongs to it and, by CASCADE, with what depends on it.

    Raises :class:`Refusal` where something depends on it and there is no CASCADE.
    """
    views = [each for each in catalog.relations.values() if isinstance(each, View) and relation.name in each.reads]
    keys = list(_foreign_keys_to(catalog, relation.name))
    if (views or keys) and not cascade:
        what = f"view {views[0].name.name}" if views else f"constraint {keys[0][1]} on table {keys[0][0].name.name}"
        raise Refusal(
            "2BP01", f"cannot drop {_word(relation)} {relation.name.name} because other objects depend on it: {what}"
        )
    catalog.forget(relation)
    yield ObjectId(_word(relation), relation.name)
    for table, constraint in keys:
        yield from _fall_constraint(catalog, table, constraint)
    for view in views:
        if catalog.find(view.name):
            yield from fall(catalog, view, cascade=True)
    if isinstance(relation, Table):
        belonging: list[Relation] = [*catalog.owned_sequences(relation.name), *catalog.indexes(relation.name)]
        for part in belonging:
            catalog.forget(part)
            yield ObjectId(_word(part), part.name)
        for each in list(catalog.relations.values()):
            if isinstance(each, Table) and each.partition_of == relation.name:
                yield from fall(catalog, each, cascade=True)


def _word(relation: Relation) -> Kind:
    match relation:
        case Index():
            return Kind.INDEX
        case Sequence():
            return Kind.SEQUENCE
        case View():
            return Kind.MATERIALIZED_VIEW if relation.materialized else Kind.VIEW
        case Table():
            return Kind.TABLE


def _foreign_keys_to(catalog: Holdings, name: Name, column: str | None = None) -> Iterator[tuple[Table, str]]:
    for each in list(catalog.relations.values()):
        if isinstance(each, Table) and each.name != name:
            for constraint in each.constraints.values():
                if constraint.refers_to == name and column in (None, *constraint.refers_columns):
                    yield each, constraint.name


def _fall_constraint(catalog: Holdings, table: Table, name: str) -> Iterator[ObjectId]:
    current = catalog.table(table.name)
    if current is None or name not in current.constraints:
        return
    known = current.constraints[name]
    rest = {key: each for key, each in current.constraints.items() if key != name}
    catalog.change(current, constraints=rest, gone=current.gone | {name})
    yield ObjectId(Kind.CONSTRAINT, current.name, name)
    if known.index and (index := catalog.index(current.name.beside(known.index))):
        catalog.forget(index)
        yield ObjectId(Kind.INDEX, index.name)


def drop_column(catalog: Holdings, table: Table, action: DropColumn) -> Effect:
    """DROP COLUMN, with the indexes and constraints that the column is part of."""
    if action.column not in table.columns:
        certain = table.complete or action.column in table.gone
        if certain and not action.column_if_exists:
            raise Refusal("42703", f'column "{action.column}" of relation "{table.name.name}" does not exist')
        catalog.change(table, gone=table.gone | {action.column})
        return Effect(skipped=certain, certain=certain)
    keys = list(_foreign_keys_to(catalog, table.name, action.column))
    if keys and not action.cascade:
        raise Refusal(
            "2BP01", f"cannot drop column {action.column} of table {table.name.name} because other objects depend on it"
        )
    return Effect(dropped=tuple(_fall_column(catalog, table, action.column, keys)))


def _fall_column(catalog: Holdings, table: Table, column: str, keys: list[tuple[Table, str]]) -> Iterator[ObjectId]:
    for other, constraint in keys:
        yield from _fall_constraint(catalog, other, constraint)
    for constraint in [each.name for each in table.constraints.values() if column in each.columns]:
        yield from _fall_constraint(catalog, table, constraint)
    indexes = (each for each in catalog.indexes(table.name) if column in each.columns)
    belonging: list[Relation] = [*catalog.owned_sequences(table.name, column), *indexes]
    for part in belonging:
        catalog.forget(part)
        yield ObjectId(_word(part), part.name)
    current = catalog.expect_table(table.name)
    rest = {name: each for name, each in current.columns.items() if name != column}
    catalog.change(current, columns=rest, gone=current.gone | {column})
    yield ObjectId(Kind.COLUMN, table.name, column)


def drop_constraint(catalog: Holdings, table: Table, action: DropConstraint) -> Effect:
    """DROP CONSTRAINT, with the index behind it."""
    known = table.constraints.get(action.name)
    if known is None:
        certain = table.complete or action.name in table.gone
        if certain and not action.constraint_if_exists:
            raise Refusal("42704", f'constraint "{action.name}" of relation "{table.name.name}" does not exist')
        catalog.change(table, gone=table.gone | {action.name})
        return Effect(skipped=certain, certain=certain)
    dropped = list(_fall_constraint(catalog, table, action.name))
    if action.cascade and known.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE):
        for other, constraint in list(_foreign_keys_to(catalog, table.name)):
            dropped += _fall_constraint(catalog, other, constraint)
    return Effect(dropped=tuple(dropped))


def _drop_part(catalog: Holdings, action: Drop, of: Name) -> Effect:
    if action.if_exists and catalog.find(of) is None and (catalog.complete or catalog.was_dropped(Kind.TABLE, of)):
        return Effect(skipped=True)
    table = catalog.expect_table(of)
    part = (action.kind, action.name.name)
    if part not in table.parts:
        certain = table.complete or action.name.name in table.gone
        if certain and not action.if_exists:
            raise Refusal("42704", f'{action.kind} "{action.name.name}" for table "{of.name}" does not exist')
        catalog.change(table, gone=table.gone | {action.name.name})
        return Effect(skipped=certain, certain=certain)
    catalog.change(table, parts=table.parts - {part}, gone=table.gone | {action.name.name})
    return Effect(dropped=(ObjectId(action.kind, table.name, action.name.name),))


def _drop_schema(catalog: Holdings, action: Drop) -> Effect:
    schema = action.name.name
    inside = [each for each in catalog.relations.values() if each.name.schema == schema]
    if inside and not action.cascade:
        raise Refusal("2BP01", f"cannot drop schema {schema} because other objects depend on it")
    dropped: list[ObjectId] = []
    for relation in inside:
        if catalog.find(relation.name):
            dropped += fall(catalog, relation, cascade=True)
    for key in [key for key in catalog.others if key[1] == schema and key[0] is not Kind.SCHEMA]:
        dropped.append(ObjectId(catalog.others[key].kind, catalog.others.pop(key).name))
        catalog.gone.add(key)
    key = (Kind.SCHEMA, "", schema)
    if key not in catalog.others:
        certain = key in catalog.gone or (catalog.complete and schema != "public")
        effect = _missing(action, Kind.SCHEMA, certain=certain)
        catalog.gone.add(key)
        return effect
    del catalog.others[key]
    catalog.gone.add(key)
    return Effect(dropped=(*dropped, ObjectId(Kind.SCHEMA, Name(schema))))


def _drop_named(catalog: Holdings, action: Drop) -> Effect:
    kind = GROUPS.get(action.kind, action.kind)
    for schema in (action.name.schema,) if action.name.schema else ("", *catalog.search_path):
        keys = list(catalog.keys_of(kind, schema, action.name.name, action.arguments))
        if len(keys) > 1:
            raise Refusal("42725", f'function name "{action.name.name}" is not unique')
        for key in keys:
            known = catalog.others.pop(key)
            catalog.gone.add(key)
            return Effect(dropped=(ObjectId(action.kind, known.name),))
    schema = action.name.schema or ("" if kind is Kind.EXTENSION else (*catalog.search_path, "public")[0])
    key = (kind, schema, action.name.name)
    certain = key in catalog.gone or (catalog.complete and kind is Kind.TYPE)
    if kind is Kind.FUNCTION:
        names = {each[2].partition("(")[0] for each in catalog.gone if each[:2] == (kind, schema)}
        certain = action.name.name in names or catalog.complete
    effect = _missing(action, action.kind, certain=certain)
    catalog.gone.add(key)
    return effect


HANDLERS: Mapping[type[Action], Callable[[Holdings, Any], Effect]] = {Drop: drop}
