"""What CREATE does to a catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from migsafe.catalog.holdings import GROUPS, Effect, Holdings, ObjectId, Refusal, signature
from migsafe.catalog.objects import Index, KnownConstraint, Named, Sequence, Table, View
from migsafe.sql.actions import (
    Action,
    AddEnumValue,
    Column,
    Constraint,
    ConstraintKind,
    Create,
    CreateFunction,
    CreateIndex,
    CreateSequence,
    CreateTable,
    CreateType,
    CreateView,
    Kind,
    RenameEnumValue,
    SetVariable,
)
from migsafe.sql.limits import LONGEST_NAME
from migsafe.sql.names import Name, Type

_INTEGERS = {"serial2": "int2", "serial4": "int4", "serial8": "int8"}

_LABELS = {
    ConstraintKind.PRIMARY_KEY: "pkey",
    ConstraintKind.UNIQUE: "key",
    ConstraintKind.FOREIGN_KEY: "fkey",
    ConstraintKind.CHECK: "check",
    ConstraintKind.EXCLUSION: "excl",
    ConstraintKind.NOT_NULL: "not_null",
}


def create_table(catalog: Holdings, action: CreateTable) -> Effect:
    if action.if_not_exists and (found := catalog.find(action.name)):
        return Effect(changed=(), skipped=True, certain=bool(found))
    name = catalog.expect_free(action.name, temporary=action.temporary)
    parents = [each for each in (action.partition_of, *action.inherits, *action.like) if each]
    columns: dict[str, Column] = {}
    complete = action.complete and not action.inherits  # whose columns to come are inherited too
    for parent in parents:
        known = catalog.table(parent)
        columns |= known.columns if known else {}
        complete = complete and bool(known and known.complete)
    if action.partition_of:
        catalog.expect_table(action.partition_of)
    table = Table(
        name=name,
        kind=action.kind,
        columns=columns,
        complete=complete,
        partitioned=action.partitioned,
        partition_of=catalog.qualified(action.partition_of) if action.partition_of else None,
        default_partition=action.default_partition,
        temporary=action.temporary,
        made_in=catalog.script,
    )
    catalog.put(table)
    made = [ObjectId(Kind.TABLE, name)]
    made += _add_columns(catalog, table, action.columns)
    for constraint in action.constraints:
        made += add_constraint(catalog, name, constraint)
    return Effect(made=tuple(made))


def add_column(catalog: Holdings, table: Name, column: Column) -> Iterator[ObjectId]:
    """Give a table a column, with its sequence and its constraints. Raises :class:`Refusal` where it has it."""
    yield from _add_columns(catalog, catalog.expect_table(table), (column,))


def _add_columns(catalog: Holdings, known: Table, columns: Iterable[Column]) -> Iterator[ObjectId]:
    """Several columns at once, and then their constraints."""
    columns = tuple(columns)
    after = dict(known.columns)
    for column in columns:
        if column.name in after and not known.partition_of:
            raise Refusal("42701", f'column "{column.name}" of relation "{known.name.name}" already exists')
        after[column.name] = _stored(catalog, known, column)
    catalog.change(known, columns=after, gone=known.gone - {column.name for column in columns})
    for column in columns:
        yield ObjectId(Kind.COLUMN, known.name, column.name)
        for constraint in column.constraints:
            yield from add_constraint(catalog, known.name, constraint)


def _stored(catalog: Holdings, table: Table, column: Column) -> Column:
    """The column as the table has it; the sequence behind it is made."""
    if column.serial or column.identity:
        name = _free_name(catalog, table.name, (column.name,), "seq")
        catalog.put(Sequence(name, (table.name, column.name), catalog.script))
        kind = Type(_INTEGERS.get(column.type.name, column.type.name))
        return replace(column, type=kind, not_null=True, constraints=())
    return replace(column, constraints=()) if column.constraints else column


def add_constraint(catalog: Holdings, table: Name, constraint: Constraint) -> Iterator[ObjectId]:
    """Give a table a constraint, with the index behind it. Raises :class:`Refusal` where the name is taken."""
    known = catalog.expect_table(table)
    for column in constraint.columns:
        if known.complete and column and column not in known.columns and constraint.kind is not ConstraintKind.CHECK:
            raise Refusal("42703", f'column "{column}" named in key does not exist')
    if constraint.kind is ConstraintKind.PRIMARY_KEY and any(
        each.kind is ConstraintKind.PRIMARY_KEY for each in known.constraints.values()
    ):
        raise Refusal("42P16", f'multiple primary keys for table "{known.name.name}" are not allowed')
    name = constraint.name or constraint.using_index or _constraint_name(catalog, known, constraint)
    if name in known.constraints:
        raise Refusal("42710", f'constraint "{name}" for relation "{known.name.name}" already exists')
    if constraint.kind is ConstraintKind.FOREIGN_KEY and constraint.refers_to:
        catalog.expect_table(constraint.refers_to)
    index = _index_behind(catalog, known, constraint, name)
    columns = index.columns if constraint.using_index and index else constraint.columns
    entry = KnownConstraint(
        name=name,
        kind=constraint.kind,
        columns=tuple(each for each in columns if each),
        valid=constraint.valid and constraint.enforced,
        expression=constraint.expression,
        refers_to=catalog.qualified(constraint.refers_to) if constraint.refers_to else None,
        refers_columns=constraint.refers_columns,
        index=index.name.name if index else None,
        deferred=constraint.deferred,
        made_in=catalog.script,
    )
    said: dict[str, Any] = {"constraints": {**known.constraints, name: entry}, "gone": known.gone - {name}}
    if constraint.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.NOT_NULL):
        keys = [known.columns[each] for each in entry.columns if each in known.columns]
        changed = {each.name: replace(each, not_null=True) for each in keys if not each.not_null}
        said["columns"] = {**known.columns, **changed}
    catalog.change(known, **said)
    yield ObjectId(Kind.CONSTRAINT, known.name, name)


def _index_behind(catalog: Holdings, table: Table, constraint: Constraint, name: str) -> Index | None:
    if constraint.kind not in (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUSION):
        return None
    if constraint.using_index:
        used = catalog.index(table.name.beside(constraint.using_index))
        if used is None:
            if catalog.complete:
                raise Refusal("42704", f'index "{constraint.using_index}" does not exist')
            return None
        catalog.forget(used)
        index = replace(used, name=table.name.beside(name), constraint=name)
    else:
        full = catalog.expect_free(table.name.beside(name), temporary=table.temporary)
        index = Index(full, table.name, constraint.columns, unique=True, constraint=name, made_in=catalog.script)
    catalog.put(index)
    return index


def _constraint_name(catalog: Holdings, table: Table, constraint: Constraint) -> str:
    columns = constraint.columns
    if constraint.kind is ConstraintKind.PRIMARY_KEY or (constraint.kind is ConstraintKind.CHECK and len(columns) != 1):
        columns = ()
    return _free_name(catalog, table.name, columns, _LABELS[constraint.kind], table).name


def _free_name(
    catalog: Holdings, table: Name, columns: tuple[str | None, ...], label: str, of: Table | None = None
) -> Name:
    """The name that PostgreSQL chooses: table_columns_label, with a number where that is taken (ChooseRelationName)."""
    middle = "_".join(each or "expr" for each in columns)
    number = 0
    while True:
        name = _fitted(table.name, middle, f"{label}{number or ''}")
        taken = (table.schema or "public", name) in catalog.relations or (of is not None and name in of.constraints)
        if not taken:
            return table.beside(name)
        number += 1


def _fitted(first: str, middle: str, label: str) -> str:
    """The longer of the two parts is cut until all fits (makeObjectName)."""
    room = LONGEST_NAME - len(label.encode()) - 1 - (1 if middle else 0)
    one, two = first.encode(), middle.encode()
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    parts = (one.decode(errors="ignore"), two.decode(errors="ignore"), label)
    return "_".join(part for part in parts if part)


def create_index(catalog: Holdings, action: CreateIndex) -> Effect:
    table = catalog.expect_table(action.table)
    if action.name is None:
        name = _free_name(catalog, table.name, action.columns, "idx")
    else:
        name = table.name.beside(action.name)
        if action.if_not_exists and catalog.find(name):
            return Effect(skipped=True)
        name = catalog.expect_free(name)
    for column in action.columns:
        if table.complete and column and column not in table.columns:
            raise Refusal("42703", f'column "{column}" does not exist')
    index = Index(
        name=name,
        table=table.name,
        columns=action.columns,
        unique=action.unique,
        method=action.method,
        predicate=action.predicate,
        concurrently=action.concurrently,
        made_in=catalog.script,
    )
    catalog.put(index)
    return Effect(made=(ObjectId(Kind.INDEX, name),))


def create_view(catalog: Holdings, action: CreateView) -> Effect:
    found = catalog.find(action.name)
    kind = Kind.MATERIALIZED_VIEW if action.materialized else Kind.VIEW
    if found and action.if_not_exists:
        return Effect(skipped=True)
    if found and action.or_replace:
        if not isinstance(found, View):
            raise Refusal("42809", f'"{action.name.name}" is not a view')
        catalog.put(_view(catalog, action, found.name, found.made_in))
        return Effect(changed=(ObjectId(kind, found.name),))
    name = catalog.expect_free(action.name)
    catalog.put(_view(catalog, action, name, catalog.script))
    return Effect(made=(ObjectId(kind, name),))


def _view(catalog: Holdings, action: CreateView, name: Name, made_in: int) -> View:
    reads = tuple(catalog.qualified(each) for each in action.tables)
    return View(name, action.columns, reads, action.materialized, made_in)


def create_sequence(catalog: Holdings, action: CreateSequence) -> Effect:
    if action.if_not_exists and catalog.find(action.name):
        return Effect(skipped=True)
    name = catalog.expect_free(action.name)
    owner = (catalog.qualified(action.owned_by[0]), action.owned_by[1]) if action.owned_by else None
    catalog.put(Sequence(name, owner, catalog.script))
    return Effect(made=(ObjectId(Kind.SEQUENCE, name),))


def create_type(catalog: Holdings, action: CreateType) -> Effect:
    checked = bool(action.constraints) or (action.base is not None and catalog.is_checked(action.base))
    named = Named(Kind.TYPE, action.name, action.what, action.values, base=action.base, checked=checked)
    return make(catalog, replace(named, made_in=catalog.script))


def create_function(catalog: Holdings, action: CreateFunction) -> Effect:
    volatile = action.volatility == "volatile" and (
        action.language != "sql" or any(catalog.is_volatile(each) for each in action.calls)
    )
    named = Named(Kind.FUNCTION, action.name, action.language, made_in=catalog.script, volatile=volatile)
    return make(catalog, named, or_replace=action.or_replace, arguments=action.arguments)


def create_other(catalog: Holdings, action: Create) -> Effect:
    if action.table is not None:
        return _create_part(catalog, action, action.table)
    if action.kind in (Kind.OTHER, Kind.ROLE, Kind.DATABASE) and not action.what:
        return Effect(certain=False)
    named = Named(action.kind, action.name, action.what, made_in=catalog.script)
    return make(catalog, named, if_not_exists=action.if_not_exists, or_replace=action.or_replace)


def _create_part(catalog: Holdings, action: Create, of: Name) -> Effect:
    table = catalog.expect_table(of)
    part = (action.kind, action.name.name)
    made = ObjectId(action.kind, table.name, action.name.name)
    if part in table.parts:
        if action.or_replace:
            return Effect(changed=(made,))
        raise Refusal("42710", f'{action.kind} "{action.name.name}" for relation "{of.name}" already exists')
    catalog.change(table, parts=table.parts | {part}, gone=table.gone - {action.name.name})
    return Effect(made=(made,))


def make(
    catalog: Holdings,
    named: Named,
    *,
    if_not_exists: bool = False,
    or_replace: bool = False,
    arguments: tuple[str, ...] = (),
) -> Effect:
    """Enter an object that is known by its name. Raises :class:`Refusal` where there is one."""
    kind = GROUPS.get(named.kind, named.kind)
    schemaless = kind in (Kind.SCHEMA, Kind.EXTENSION, Kind.ROLE, Kind.DATABASE)
    schema = "" if schemaless else named.name.schema or (catalog.search_path or ("public",))[0]
    word = signature(named.name.name, arguments) if kind is Kind.FUNCTION else named.name.name
    key = (kind, schema, word)
    name = Name(named.name.name, schema or None)
    made = ObjectId(named.kind, name)
    if key in catalog.others:
        if if_not_exists:
            return Effect(skipped=True)
        if or_replace:
            catalog.others[key] = replace(named, name=name, made_in=catalog.others[key].made_in)
            return Effect(changed=(made,))
        if kind is Kind.FUNCTION:
            raise Refusal("42723", f'function "{named.name.name}" already exists with same argument types')
        state = {Kind.SCHEMA: "42P06"}.get(kind, "42710")
        raise Refusal(state, f'{named.what if kind is Kind.OTHER else named.kind} "{named.name.name}" already exists')
    catalog.others[key] = replace(named, name=name)
    catalog.gone.discard(key)
    return Effect(made=(made,))


def add_enum_value(catalog: Holdings, action: AddEnumValue) -> Effect:
    known = catalog.type(action.type)
    if known is None:
        return Effect(certain=False)
    if action.value in known.values:
        if action.if_not_exists:
            return Effect(skipped=True)
        raise Refusal("42710", f'enum label "{action.value}" already exists')
    return _with_values(catalog, known, (*known.values, action.value))


def rename_enum_value(catalog: Holdings, action: RenameEnumValue) -> Effect:
    known = catalog.type(action.type)
    if known is None:
        return Effect(certain=False)
    if action.value not in known.values:
        raise Refusal("22023", f'"{action.value}" is not an existing enum label')
    return _with_values(
        catalog, known, tuple(action.new_value if each == action.value else each for each in known.values)
    )


def _with_values(catalog: Holdings, known: Named, values: tuple[str, ...]) -> Effect:
    catalog.others[Kind.TYPE, known.name.schema or "", known.name.name] = replace(known, values=values)
    return Effect(changed=(ObjectId(Kind.TYPE, known.name),))


def set_variable(catalog: Holdings, action: SetVariable) -> Effect:
    """Only ``search_path`` says what a name means."""
    if action.name == "search_path":
        names = (
            each.strip().strip('"') for each in (action.value if action.value is not None else "public").split(",")
        )
        catalog.search_path = tuple(name for name in names if name and name not in ("$user", "pg_catalog"))
    return Effect()


HANDLERS: Mapping[type[Action], Callable[[Holdings, Any], Effect]] = {
    CreateTable: create_table,
    CreateIndex: create_index,
    CreateView: create_view,
    CreateSequence: create_sequence,
    CreateType: create_type,
    CreateFunction: create_function,
    Create: create_other,
    AddEnumValue: add_enum_value,
    RenameEnumValue: rename_enum_value,
    SetVariable: set_variable,
}
