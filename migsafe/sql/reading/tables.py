"""CREATE TABLE, ALTER TABLE, CREATE INDEX, and what belongs to tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from postgast import pg_query_pb2 as pb

from migsafe.sql.actions import (
    Action,
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterTable,
    AlterTableOther,
    AttachPartition,
    Column,
    Constraint,
    ConstraintKind,
    CreateIndex,
    CreateTable,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropNotNull,
    Kind,
    Other,
    SetDefault,
    SetIdentity,
    SetNotNull,
    ValidateConstraint,
)
from migsafe.sql.names import Expression, relation_name, type_of, words

_CONSTRAINTS = {
    pb.CONSTR_PRIMARY: ConstraintKind.PRIMARY_KEY,
    pb.CONSTR_UNIQUE: ConstraintKind.UNIQUE,
    pb.CONSTR_FOREIGN: ConstraintKind.FOREIGN_KEY,
    pb.CONSTR_CHECK: ConstraintKind.CHECK,
    pb.CONSTR_EXCLUSION: ConstraintKind.EXCLUSION,
    pb.CONSTR_NOTNULL: ConstraintKind.NOT_NULL,
}


def create_table(node: pb.CreateStmt) -> Iterator[Action]:
    yield _create_table(node, Kind.TABLE)


def create_foreign_table(node: pb.CreateForeignTableStmt) -> Iterator[Action]:
    yield _create_table(node.base, Kind.FOREIGN_TABLE)


def _create_table(node: pb.CreateStmt, kind: Kind) -> CreateTable:
    elements = [*node.table_elts, *node.constraints]
    like = tuple(
        relation_name(each.table_like_clause.relation) for each in elements if each.HasField("table_like_clause")
    )
    parents = tuple(relation_name(each.range_var) for each in node.inh_relations)
    partition = node.HasField("partbound")
    return CreateTable(
        name=relation_name(node.relation),
        columns=tuple(column_of(each.column_def) for each in elements if each.HasField("column_def")),
        constraints=tuple(found for each in elements if (found := constraint_of(each))),
        if_not_exists=node.if_not_exists,
        kind=kind,
        temporary=node.relation.relpersistence == "t",
        partitioned=node.HasField("partspec"),
        partition_of=parents[0] if partition and parents else None,
        default_partition=node.partbound.is_default,
        inherits=() if partition else parents,
        like=like,
        unlogged=node.relation.relpersistence == "u",
        complete=not node.HasField("of_typename"),
    )


def column_of(node: pb.ColumnDef) -> Column:
    """A column as written in CREATE TABLE or ADD COLUMN."""
    said: dict[str, Any] = {}
    constraints: list[Constraint] = []
    for each in node.constraints:
        _read_beside(each.constraint, node.colname, said, constraints)
    return Column(node.colname, type_of(node.type_name), constraints=tuple(constraints), **said)


def _read_beside(node: pb.Constraint, column: str, said: dict[str, Any], constraints: list[Constraint]) -> None:
    """Note what one of the constraints beside a column says of it."""
    kind = node.contype
    if kind == pb.CONSTR_NOTNULL:
        said["not_null"] = True
    elif kind == pb.CONSTR_DEFAULT:
        said["default"] = Expression(node.raw_expr)
    elif kind == pb.CONSTR_IDENTITY:
        said |= {"identity": node.generated_when, "not_null": True}
    elif kind == pb.CONSTR_GENERATED:
        stored = getattr(node, "generated_kind", "s") or "s"
        said |= {"generated": stored, "default": Expression(node.raw_expr)}
    elif kind in (pb.CONSTR_ATTR_DEFERRABLE, pb.CONSTR_ATTR_DEFERRED) and constraints:
        deferred = kind == pb.CONSTR_ATTR_DEFERRED or constraints[-1].deferred
        constraints[-1] = replace(constraints[-1], deferrable=True, deferred=deferred)
    elif kind == pb.CONSTR_ATTR_NOT_ENFORCED and constraints:
        constraints[-1] = replace(constraints[-1], enforced=False)
    elif kind in _CONSTRAINTS:
        constraint = _constraint(node)
        constraints.append(constraint if constraint.columns else replace(constraint, columns=(column,)))
        if kind == pb.CONSTR_PRIMARY:
            said["not_null"] = True


def constraint_of(node: pb.Node) -> Constraint | None:
    """A constraint as written for a table or a domain; none for anything else that stands in the same place."""
    if not node.HasField("constraint") or node.constraint.contype not in _CONSTRAINTS:
        return None
    return _constraint(node.constraint)


def _constraint(node: pb.Constraint) -> Constraint:
    kind = _CONSTRAINTS[node.contype]
    refers = kind is ConstraintKind.FOREIGN_KEY
    columns = words(node.fk_attrs if refers else node.keys)
    if kind is ConstraintKind.EXCLUSION:
        columns = tuple(each.list.items[0].index_elem.name for each in node.exclusions)
    expression = Expression(node.raw_expr) if node.HasField("raw_expr") else None
    if kind is ConstraintKind.CHECK and expression:
        columns = expression.columns
    return Constraint(
        kind=kind,
        name=node.conname or None,
        columns=columns,
        valid=not node.skip_validation,
        expression=expression,
        refers_to=relation_name(node.pktable) if refers else None,
        refers_columns=words(node.pk_attrs) if refers else (),
        on_delete=node.fk_del_action or "a",
        using_index=node.indexname or None,
        deferrable=node.deferrable,
        deferred=node.initdeferred,
        enforced=node.is_enforced or not (refers or kind is ConstraintKind.CHECK),
    )


def alter_table(node: pb.AlterTableStmt) -> Iterator[Action]:
    if node.objtype not in (pb.OBJECT_TABLE, pb.OBJECT_FOREIGN_TABLE):
        yield Other(f"alter_{pb.ObjectType.Name(node.objtype).removeprefix('OBJECT_').lower()}_stmt")
        return
    commands = [each.alter_table_cmd for each in node.cmds]
    for command in commands:
        yield _alter(node, command, alone=len(commands) == 1)


def _alter(node: pb.AlterTableStmt, command: pb.AlterTableCmd, *, alone: bool) -> AlterTable:
    table, said = relation_name(node.relation), {"if_exists": node.missing_ok, "only": not node.relation.inh}
    reader = _ALTERATIONS.get(command.subtype)
    arguments = reader(command) if reader else None
    if arguments is None:
        what = pb.AlterTableType.Name(command.subtype).removeprefix("AT_")
        return AlterTableOther(table, what, command.name or None, alone=alone, **said)
    kind, *values = arguments
    made: AlterTable = kind(table, *values, alone=alone, **said)
    return made


def _add_constraint(command: pb.AlterTableCmd) -> Sequence[Any] | None:
    constraint = constraint_of(getattr(command, "def"))
    return (AddConstraint, constraint) if constraint else None


def _set_default(command: pb.AlterTableCmd) -> Sequence[Any]:
    return (SetDefault, command.name, Expression(getattr(command, "def")) if command.HasField("def") else None)


def _set_type(command: pb.AlterTableCmd) -> Sequence[Any]:
    definition = getattr(command, "def").column_def
    using = Expression(definition.raw_default) if definition.HasField("raw_default") else None
    return (AlterColumnType, command.name, type_of(definition.type_name), using)


def _partition(command: pb.AlterTableCmd) -> pb.PartitionCmd:
    return getattr(command, "def").partition_cmd


def _cascade(command: pb.AlterTableCmd) -> bool:
    return bool(command.behavior == pb.DROP_CASCADE)


_ALTERATIONS: Mapping[int, Callable[[pb.AlterTableCmd], Sequence[Any] | None]] = {
    pb.AT_AddColumn: lambda each: (AddColumn, column_of(getattr(each, "def").column_def), each.missing_ok),
    pb.AT_DropColumn: lambda each: (DropColumn, each.name, each.missing_ok, _cascade(each)),
    pb.AT_AlterColumnType: _set_type,
    pb.AT_ColumnDefault: _set_default,
    pb.AT_SetNotNull: lambda each: (SetNotNull, each.name),
    pb.AT_DropNotNull: lambda each: (DropNotNull, each.name),
    pb.AT_AddIdentity: lambda each: (SetIdentity, each.name, getattr(each, "def").constraint.generated_when),
    pb.AT_DropIdentity: lambda each: (SetIdentity, each.name, None, each.missing_ok),
    pb.AT_AddConstraint: _add_constraint,
    pb.AT_DropConstraint: lambda each: (DropConstraint, each.name, each.missing_ok, _cascade(each)),
    pb.AT_ValidateConstraint: lambda each: (ValidateConstraint, each.name),
    pb.AT_AttachPartition: lambda each: (
        AttachPartition,
        relation_name(_partition(each).name),
        _partition(each).bound.is_default,
    ),
    pb.AT_DetachPartition: lambda each: (
        DetachPartition,
        relation_name(_partition(each).name),
        _partition(each).concurrent,
    ),
}
"""The class of an alteration and what comes after the table in it."""


def create_index(node: pb.IndexStmt) -> Iterator[Action]:
    yield CreateIndex(
        table=relation_name(node.relation),
        name=node.idxname or None,
        columns=tuple(each.index_elem.name or None for each in node.index_params),
        unique=node.unique,
        concurrently=node.concurrent,
        if_not_exists=node.if_not_exists,
        method=node.access_method,
        predicate=Expression(node.where_clause) if node.HasField("where_clause") else None,
        only=not node.relation.inh,
    )


READERS: Mapping[str, Callable[[Any], Iterator[Action]]] = {
    "create_stmt": create_table,
    "create_foreign_table_stmt": create_foreign_table,
    "alter_table_stmt": alter_table,
    "index_stmt": create_index,
}
