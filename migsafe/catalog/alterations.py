"""What ALTER does to a catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from migsafe.catalog.drops import drop_column, drop_constraint
from migsafe.catalog.holdings import Effect, Holdings, ObjectId, Refusal, spoken
from migsafe.catalog.makings import add_column, add_constraint
from migsafe.catalog.objects import Index, Named, Relation, Sequence, Table, View
from migsafe.sql.actions import (
    Action,
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterDomain,
    AlterTable,
    AlterTableOther,
    AttachPartition,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropNotNull,
    Kind,
    Rename,
    SetDefault,
    SetIdentity,
    SetNotNull,
    SetSchema,
    ValidateConstraint,
)
from migsafe.sql.names import Name


def alter_table(catalog: Holdings, action: AlterTable) -> Effect:
    known_missing = catalog.complete or catalog.was_dropped(Kind.TABLE, action.table)
    if action.if_exists and known_missing and catalog.find(action.table) is None:
        return Effect(skipped=True)
    table = catalog.expect_table(action.table)
    return _ALTERATIONS[type(action)](catalog, table, action)


def _add_column(catalog: Holdings, table: Table, action: AddColumn) -> Effect:
    if action.if_not_exists and action.column.name in table.columns:
        return Effect(skipped=True)
    certain = table.complete or action.column.name in table.gone
    return Effect(made=tuple(add_column(catalog, table.name, action.column)), certain=certain)


def _add_constraint(catalog: Holdings, table: Table, action: AddConstraint) -> Effect:
    return Effect(made=tuple(add_constraint(catalog, table.name, action.constraint)))


def _change_column(**values: str) -> Callable[[Holdings, Table, Any], Effect]:
    """A handler that gives a column other values: constants, or ``=field`` of the action."""

    def handle(catalog: Holdings, table: Table, action: Any) -> Effect:
        known = table.columns.get(action.column)
        if known is None:
            _expect_column(table, action.column)
            return Effect(certain=False)
        said: dict[str, Any] = {
            name: getattr(action, value[1:]) if value[:1] == "=" else value == "yes" for name, value in values.items()
        }
        catalog.change(table, columns={**table.columns, action.column: replace(known, **said)})
        return Effect(changed=(ObjectId(Kind.COLUMN, table.name, action.column),))

    return handle


def _expect_column(table: Table, column: str) -> None:
    if table.complete or column in table.gone:
        raise Refusal("42703", f'column "{column}" of relation "{table.name.name}" does not exist')


def _set_identity(catalog: Holdings, table: Table, action: SetIdentity) -> Effect:
    known = table.columns.get(action.column)
    if known is None:
        _expect_column(table, action.column)
        return Effect(certain=False)
    if action.identity and known.identity:
        raise Refusal(
            "55000", f'column "{action.column}" of relation "{table.name.name}" is already an identity column'
        )
    if not action.identity and not known.identity:
        if action.missing_ok:
            return Effect(skipped=True)
        raise Refusal("55000", f'column "{action.column}" of relation "{table.name.name}" is not an identity column')
    return _change_column(identity="=identity")(catalog, table, action)


def _validate(catalog: Holdings, table: Table, action: ValidateConstraint) -> Effect:
    known = table.constraints.get(action.name)
    if known is None:
        if table.complete or action.name in table.gone:
            raise Refusal("42704", f'constraint "{action.name}" of relation "{table.name.name}" does not exist')
        return Effect(certain=False)
    catalog.change(table, constraints={**table.constraints, action.name: replace(known, valid=True)})
    return Effect(changed=(ObjectId(Kind.CONSTRAINT, table.name, action.name),))


def _attach(catalog: Holdings, table: Table, action: AttachPartition) -> Effect:
    partition = catalog.expect_table(action.partition)
    catalog.change(partition, partition_of=table.name, default_partition=action.default)
    return Effect(changed=(ObjectId(Kind.TABLE, partition.name),))


def _detach(catalog: Holdings, table: Table, action: DetachPartition) -> Effect:
    partition = catalog.expect_table(action.partition)
    if partition.complete and partition.partition_of != table.name:
        raise Refusal("42P01", f'relation "{partition.name.name}" is not a partition of relation "{table.name.name}"')
    catalog.change(partition, partition_of=None, default_partition=False)
    return Effect(changed=(ObjectId(Kind.TABLE, partition.name),))


def _nothing(_: Holdings, table: Table, __: AlterTableOther) -> Effect:
    return Effect(changed=(ObjectId(Kind.TABLE, table.name),))


_ALTERATIONS: Mapping[type[Action], Callable[[Holdings, Table, Any], Effect]] = {
    AddColumn: _add_column,
    DropColumn: drop_column,
    AlterColumnType: _change_column(type="=type"),
    SetDefault: _change_column(default="=default"),
    SetNotNull: _change_column(not_null="yes"),
    DropNotNull: _change_column(not_null="no"),
    SetIdentity: _set_identity,
    AddConstraint: _add_constraint,
    DropConstraint: drop_constraint,
    ValidateConstraint: _validate,
    AttachPartition: _attach,
    DetachPartition: _detach,
    AlterTableOther: _nothing,
}


def rename(catalog: Holdings, action: Rename) -> Effect:
    if action.kind is Kind.COLUMN and action.part:
        return _rename_column(catalog, action, action.part)
    if action.kind is Kind.CONSTRAINT and action.part:
        return _rename_constraint(catalog, action, action.part)
    if action.kind in (Kind.TRIGGER, Kind.POLICY, Kind.RULE) and action.part:
        return _rename_part(catalog, action, action.part)
    if found := catalog.find(action.name):
        if (found.name.schema or "public", action.new_name) in catalog.relations:
            raise Refusal("42P07", f'relation "{action.new_name}" already exists')
        return _move(catalog, found, found.name.beside(action.new_name))
    return _rename_other(catalog, action)


def _rename_other(catalog: Holdings, action: Rename) -> Effect:
    known = catalog.other(action.kind, action.name)
    if known is not None:
        key = next(key for key, each in catalog.others.items() if each is known)
        new = known.name.beside(action.new_name)
        del catalog.others[key]
        catalog.gone.add(key)
        word = key[2].replace(known.name.name, action.new_name, 1)
        catalog.others[key[0], key[1], word] = replace(known, name=new)
        if key[0] is Kind.TYPE:
            _rename_in_columns(catalog, known.name, action.new_name)
        return Effect(changed=(ObjectId(known.kind, new),))
    is_relation = action.kind in _RELATIONS
    if (is_relation and catalog.complete) or catalog.was_dropped(
        Kind.TABLE if is_relation else action.kind, action.name
    ):
        if action.if_exists:
            return Effect(skipped=True)
        state = "42P01" if is_relation else "42704"
        raise Refusal(state, f'{"relation" if is_relation else action.kind} "{spoken(action.name)}" does not exist')
    if is_relation:
        name = catalog.qualified(action.name)
        catalog.gone.add((Kind.TABLE, name.schema or "public", name.name))
        if action.kind is Kind.TABLE:
            catalog.put(Table(name.beside(action.new_name), complete=False))
    return Effect(certain=False)


def _rename_in_columns(catalog: Holdings, old: Name, new: str) -> None:
    """Give the type of columns its new name, so that another type with the old one isn't taken for theirs."""
    for table in [each for each in catalog.relations.values() if isinstance(each, Table)]:
        columns = {
            name: replace(column, type=replace(column.type, name=new))
            for name, column in table.columns.items()
            if column.type.name == old.name and column.type.schema in (None, old.schema)
        }
        if columns:
            catalog.change(table, columns={**table.columns, **columns})


_RELATIONS = (Kind.TABLE, Kind.FOREIGN_TABLE, Kind.INDEX, Kind.SEQUENCE, Kind.VIEW, Kind.MATERIALIZED_VIEW)


def _rename_column(catalog: Holdings, action: Rename, old: str) -> Effect:
    table = catalog.expect_table(action.name)
    if action.new_name in table.columns:
        raise Refusal("42701", f'column "{action.new_name}" of relation "{table.name.name}" already exists')
    if old not in table.columns:
        if table.complete or old in table.gone:
            raise Refusal("42703", f'column "{old}" does not exist')
        catalog.change(table, gone=(table.gone | {old}) - {action.new_name})
        return Effect(certain=False)
    columns = {
        action.new_name if name == old else name: replace(column, name=action.new_name) if name == old else column
        for name, column in table.columns.items()
    }
    constraints = {
        name: replace(each, columns=_swapped(each.columns, old, action.new_name))
        for name, each in table.constraints.items()
    }
    catalog.change(table, columns=columns, constraints=constraints, gone=(table.gone | {old}) - {action.new_name})
    for index in catalog.indexes(table.name):
        catalog.put(replace(index, columns=_swapped(index.columns, old, action.new_name)))
    return Effect(changed=(ObjectId(Kind.COLUMN, table.name, action.new_name),))


def _swapped(names: tuple[Any, ...], old: object, new: object) -> tuple[Any, ...]:
    return tuple(new if name == old else name for name in names)


def _rename_constraint(catalog: Holdings, action: Rename, old: str) -> Effect:
    table = catalog.expect_table(action.name)
    known = table.constraints.get(old)
    if known is None:
        if table.complete or old in table.gone:
            raise Refusal("42704", f'constraint "{old}" for table "{table.name.name}" does not exist')
        return Effect(certain=False)
    if action.new_name in table.constraints:
        raise Refusal("42710", f'constraint "{action.new_name}" for relation "{table.name.name}" already exists')
    if known.index and (index := catalog.index(table.name.beside(known.index))):
        _move(catalog, index, index.name.beside(action.new_name))
        table = catalog.expect_table(table.name)
        known = table.constraints.get(old, known)
    rest = {name: each for name, each in table.constraints.items() if name != old}
    new = replace(known, name=action.new_name, index=action.new_name if known.index else None)
    catalog.change(table, constraints={**rest, action.new_name: new}, gone=(table.gone | {old}) - {action.new_name})
    return Effect(changed=(ObjectId(Kind.CONSTRAINT, table.name, action.new_name),))


def _rename_part(catalog: Holdings, action: Rename, old: str) -> Effect:
    table = catalog.expect_table(action.name)
    if (action.kind, old) not in table.parts:
        if table.complete or old in table.gone:
            raise Refusal("42704", f'{action.kind} "{old}" for table "{table.name.name}" does not exist')
        return Effect(certain=False)
    parts = table.parts - {(action.kind, old)} | {(action.kind, action.new_name)}
    catalog.change(table, parts=parts, gone=(table.gone | {old}) - {action.new_name})
    return Effect(changed=(ObjectId(action.kind, table.name, action.new_name),))


def alter_domain(catalog: Holdings, action: AlterDomain) -> Effect:
    """Only constraints that come are followed: what a domain without the one that goes still has isn't known."""
    known = catalog.type(action.name)
    if known is None or action.what not in (_ADD_CONSTRAINT, _SET_NOT_NULL):
        return Effect(certain=False)
    catalog.others[Kind.TYPE, known.name.schema or "", known.name.name] = replace(known, checked=True)
    return Effect(changed=(ObjectId(Kind.TYPE, known.name),))


_ADD_CONSTRAINT, _SET_NOT_NULL = "C", "O"


def set_schema(catalog: Holdings, action: SetSchema) -> Effect:
    if found := catalog.find(action.name):
        moved = [found]
        if isinstance(found, Table):
            moved += [*catalog.indexes(found.name), *catalog.owned_sequences(found.name)]
        if (action.schema, found.name.name) in catalog.relations:
            raise Refusal("42P07", f'relation "{found.name.name}" already exists in schema "{action.schema}"')
        effects = [_move(catalog, each, Name(each.name.name, action.schema)) for each in moved]
        return effects[0]
    known = catalog.other(action.kind, action.name)
    if known is None:
        return Effect(certain=False)
    key = next(key for key, each in catalog.others.items() if each is known)
    del catalog.others[key]
    catalog.gone.add(key)
    moved_to: Named = replace(known, name=Name(known.name.name, action.schema))
    catalog.others[key[0], action.schema, key[2]] = moved_to
    return Effect(changed=(ObjectId(known.kind, moved_to.name),))


def _move(catalog: Holdings, relation: Relation, new: Name) -> Effect:
    """Give a relation another name, also where others name it."""
    old = relation.name
    current = catalog.find(old) or relation
    catalog.forget(current)
    catalog.put(replace(current, name=new))
    for each in list(catalog.relations.values()):
        changed: Relation = each
        if isinstance(each, Index) and each.table == old:
            changed = replace(each, table=new)
        elif isinstance(each, Sequence) and each.owned_by and each.owned_by[0] == old:
            changed = replace(each, owned_by=(new, each.owned_by[1]))
        elif isinstance(each, View) and old in each.reads:
            changed = replace(each, reads=_swapped(each.reads, old, new))
        elif isinstance(each, Table):
            changed = _renamed_inside(each, current, old, new)
        if changed is not each:
            catalog.put(changed)
    return Effect(changed=(ObjectId(Kind.TABLE, new),))


def _renamed_inside(table: Table, moved: Relation, old: Name, new: Name) -> Table:
    if (
        isinstance(moved, Index)
        and moved.constraint
        and moved.constraint in table.constraints
        and moved.table == table.name
    ):
        known = table.constraints[moved.constraint]
        rest = {name: each for name, each in table.constraints.items() if name != known.name}
        return replace(table, constraints={**rest, new.name: replace(known, name=new.name, index=new.name)})
    if any(each.refers_to == old for each in table.constraints.values()):
        pointed = {
            name: replace(each, refers_to=new) if each.refers_to == old else each
            for name, each in table.constraints.items()
        }
        table = replace(table, constraints=pointed)
    return replace(table, partition_of=new) if table.partition_of == old else table


HANDLERS: Mapping[type[Action], Callable[[Holdings, Any], Effect]] = {
    **dict.fromkeys(_ALTERATIONS, alter_table),
    Rename: rename,
    SetSchema: set_schema,
    AlterDomain: alter_domain,
}
