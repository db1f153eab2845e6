"""CREATE, DROP and RENAME of everything that isn't a table, an index or a view."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

from migsafe.sql.actions import (
    Action,
    AddEnumValue,
    AlterDomain,
    Create,
    CreateFunction,
    CreateSequence,
    CreateType,
    Drop,
    Kind,
    Rename,
    RenameEnumValue,
    SetSchema,
)
from migsafe.sql.names import Expression, Name, name_of, relation_name, type_of, words
from migsafe.sql.reading.tables import constraint_of

KINDS: Mapping[int, Kind] = {
    pb.OBJECT_TABLE: Kind.TABLE,
    pb.OBJECT_FOREIGN_TABLE: Kind.FOREIGN_TABLE,
    pb.OBJECT_VIEW: Kind.VIEW,
    pb.OBJECT_MATVIEW: Kind.MATERIALIZED_VIEW,
    pb.OBJECT_INDEX: Kind.INDEX,
    pb.OBJECT_SEQUENCE: Kind.SEQUENCE,
    pb.OBJECT_COLUMN: Kind.COLUMN,
    pb.OBJECT_ATTRIBUTE: Kind.COLUMN,
    pb.OBJECT_TABCONSTRAINT: Kind.CONSTRAINT,
    pb.OBJECT_TRIGGER: Kind.TRIGGER,
    pb.OBJECT_POLICY: Kind.POLICY,
    pb.OBJECT_RULE: Kind.RULE,
    pb.OBJECT_TYPE: Kind.TYPE,
    pb.OBJECT_DOMAIN: Kind.DOMAIN,
    pb.OBJECT_FUNCTION: Kind.FUNCTION,
    pb.OBJECT_PROCEDURE: Kind.PROCEDURE,
    pb.OBJECT_ROUTINE: Kind.ROUTINE,
    pb.OBJECT_AGGREGATE: Kind.AGGREGATE,
    pb.OBJECT_SCHEMA: Kind.SCHEMA,
    pb.OBJECT_EXTENSION: Kind.EXTENSION,
}
_OF_A_TABLE = (Kind.TRIGGER, Kind.POLICY, Kind.RULE)


def drop(node: pb.DropStmt) -> Iterator[Action]:
    kind = KINDS.get(node.remove_type, Kind.OTHER)
    for each in node.objects:
        name, table, arguments = _dropped(each, kind)
        yield Drop(
            kind=kind,
            name=name,
            if_exists=node.missing_ok,
            cascade=node.behavior == pb.DROP_CASCADE,
            concurrently=node.concurrent,
            table=table,
            arguments=arguments,
            together=len(node.objects),
        )


def _dropped(node: pb.Node, kind: Kind) -> tuple[Name, Name | None, tuple[str, ...] | None]:
    if node.HasField("object_with_args"):
        routine = node.object_with_args
        arguments = (
            None if routine.args_unspecified else tuple(str(type_of(each.type_name)) for each in routine.objargs)
        )
        return name_of(routine.objname), None, arguments
    if node.HasField("type_name"):
        return name_of(node.type_name.names), None, None
    if node.HasField("string"):
        return Name(node.string.sval), None, None
    parts = words(each for each in node.list.items if each.HasField("string"))
    if kind in _OF_A_TABLE and len(parts) > 1:
        table = Name(parts[-2], parts[-3] if len(parts) > 2 else None)
        return Name(parts[-1], table.schema), table, None
    return Name(parts[-1] if parts else "", parts[-2] if len(parts) > 1 else None), None, None


def rename(node: pb.RenameStmt) -> Iterator[Action]:
    kind = KINDS.get(node.rename_type, Kind.OTHER)
    if node.rename_type == pb.OBJECT_DOMCONSTRAINT or (
        node.rename_type == pb.OBJECT_ATTRIBUTE and not node.HasField("relation")
    ):
        kind = Kind.OTHER
    if kind is Kind.SCHEMA:
        name, part = Name(node.subname), None
    elif node.HasField("relation"):
        name, part = relation_name(node.relation), node.subname or None
    elif node.object.HasField("object_with_args"):
        name, part = name_of(node.object.object_with_args.objname), None
    else:
        name, part = name_of(node.object.list.items) if node.object.HasField("list") else Name(node.subname), None
    yield Rename(kind, name, node.newname, part, node.missing_ok)


def set_schema(node: pb.AlterObjectSchemaStmt) -> Iterator[Action]:
    if node.HasField("relation"):
        name = relation_name(node.relation)
    elif node.object.HasField("object_with_args"):
        name = name_of(node.object.object_with_args.objname)
    elif node.object.HasField("list"):
        name = name_of(node.object.list.items)
    else:
        name = Name(node.object.string.sval)
    yield SetSchema(KINDS.get(node.object_type, Kind.OTHER), name, node.newschema, node.missing_ok)


def create_sequence(node: pb.CreateSeqStmt) -> Iterator[Action]:
    owner = next((each.def_elem for each in node.options if each.def_elem.defname == "owned_by"), None)
    parts = words(owner.arg.list.items) if owner else ()
    owned = (Name(parts[-2], parts[-3] if len(parts) > 2 else None), parts[-1]) if len(parts) > 1 else None
    yield CreateSequence(relation_name(node.sequence), node.if_not_exists, owned)


def create_enum(node: pb.CreateEnumStmt) -> Iterator[Action]:
    yield CreateType(name_of(node.type_name), "enum", words(node.vals))


def create_composite(node: pb.CompositeTypeStmt) -> Iterator[Action]:
    yield CreateType(relation_name(node.typevar), "composite")


def create_range(node: pb.CreateRangeStmt) -> Iterator[Action]:
    yield CreateType(name_of(node.type_name), "range")


def create_domain(node: pb.CreateDomainStmt) -> Iterator[Action]:
    constraints = tuple(found for each in node.constraints if (found := constraint_of(each)))
    yield CreateType(name_of(node.domainname), "domain", base=type_of(node.type_name), constraints=constraints)


def alter_enum(node: pb.AlterEnumStmt) -> Iterator[Action]:
    name = name_of(node.type_name)
    if node.old_val:
        yield RenameEnumValue(name, node.old_val, node.new_val)
    else:
        yield AddEnumValue(name, node.new_val, node.skip_if_new_val_exists, node.new_val_neighbor or None)


def alter_domain(node: pb.AlterDomainStmt) -> Iterator[Action]:
    constraint = constraint_of(getattr(node, "def")) if node.HasField("def") else None
    yield AlterDomain(name_of(node.type_name), node.subtype, constraint, node.name or None, node.missing_ok)


def create_function(node: pb.CreateFunctionStmt) -> Iterator[Action]:
    inputs = (pb.FUNC_PARAM_IN, pb.FUNC_PARAM_INOUT, pb.FUNC_PARAM_VARIADIC, pb.FUNC_PARAM_DEFAULT)
    parameters = [each.function_parameter for each in node.parameters]
    options = {each.def_elem.defname: each.def_elem.arg for each in node.options}
    language = options["language"].string.sval.lower() if "language" in options else "sql"
    yield CreateFunction(
        name=name_of(node.funcname),
        arguments=tuple(str(type_of(each.arg_type)) for each in parameters if each.mode in inputs),
        or_replace=node.replace,
        language=language,
        volatility=options["volatility"].string.sval if "volatility" in options else "volatile",
        calls=tuple(_calls(node.sql_body, options.get("as"))) if language == "sql" else (),
    )


def _calls(body: pb.Node, text: pb.Node | None) -> Iterator[Name]:
    """The functions that a body of SQL calls, as it is or as text; nothing of a text that can't be read."""
    yield from Expression(body).functions
    if text is not None:
        with suppress(postgast.PgQueryError):
            for each in postgast.parse(text.list.items[0].string.sval).stmts:
                yield from Expression(each.stmt).functions


def create_schema(node: pb.CreateSchemaStmt) -> Iterator[Action | pb.Node]:
    yield Create(Kind.SCHEMA, Name(node.schemaname or node.authrole.rolename), node.if_not_exists)
    yield from node.schema_elts


def create_extension(node: pb.CreateExtensionStmt) -> Iterator[Action]:
    yield Create(Kind.EXTENSION, Name(node.extname), node.if_not_exists)


def create_trigger(node: pb.CreateTrigStmt) -> Iterator[Action]:
    table = relation_name(node.relation)
    yield Create(Kind.TRIGGER, table.beside(node.trigname), or_replace=node.replace, table=table)


def create_policy(node: pb.CreatePolicyStmt) -> Iterator[Action]:
    table = relation_name(node.table)
    yield Create(Kind.POLICY, table.beside(node.policy_name), table=table)


def create_rule(node: pb.RuleStmt) -> Iterator[Action]:
    table = relation_name(node.relation)
    yield Create(Kind.RULE, table.beside(node.rulename), or_replace=node.replace, table=table)


def create_role(node: pb.CreateRoleStmt) -> Iterator[Action]:
    yield Create(Kind.ROLE, Name(node.role))


def create_other(node: pb.DefineStmt) -> Iterator[Action]:
    kind = KINDS.get(node.kind, Kind.OTHER)
    if kind is Kind.TYPE:
        yield CreateType(name_of(node.defnames), "base")
    else:
        what = pb.ObjectType.Name(node.kind).removeprefix("OBJECT_").lower()
        yield Create(kind, name_of(node.defnames), node.if_not_exists, node.replace, what=what)


def create_statistics(node: pb.CreateStatsStmt) -> Iterator[Action]:
    if node.defnames:
        yield Create(Kind.OTHER, name_of(node.defnames), node.if_not_exists, what="statistics")


def create_publication(node: pb.CreatePublicationStmt) -> Iterator[Action]:
    yield Create(Kind.OTHER, Name(node.pubname), what="publication")


def create_event_trigger(node: pb.CreateEventTrigStmt) -> Iterator[Action]:
    yield Create(Kind.OTHER, Name(node.trigname), what="event trigger")


def create_database(node: pb.CreatedbStmt) -> Iterator[Action]:
    yield Create(Kind.DATABASE, Name(node.dbname))


def drop_database(node: pb.DropdbStmt) -> Iterator[Action]:
    yield Drop(Kind.DATABASE, Name(node.dbname), node.missing_ok)


def drop_role(node: pb.DropRoleStmt) -> Iterator[Action]:
    for each in node.roles:
        yield Drop(Kind.ROLE, Name(each.role_spec.rolename), node.missing_ok, together=len(node.roles))


READERS: Mapping[str, Callable[[Any], Iterator[Action | pb.Node]]] = {
    "drop_stmt": drop,
    "rename_stmt": rename,
    "alter_object_schema_stmt": set_schema,
    "create_seq_stmt": create_sequence,
    "create_enum_stmt": create_enum,
    "composite_type_stmt": create_composite,
    "create_range_stmt": create_range,
    "create_domain_stmt": create_domain,
    "alter_enum_stmt": alter_enum,
    "alter_domain_stmt": alter_domain,
    "create_function_stmt": create_function,
    "create_schema_stmt": create_schema,
    "create_extension_stmt": create_extension,
    "create_trig_stmt": create_trigger,
    "create_policy_stmt": create_policy,
    "rule_stmt": create_rule,
    "create_role_stmt": create_role,
    "define_stmt": create_other,
    "create_stats_stmt": create_statistics,
    "create_publication_stmt": create_publication,
    "create_event_trig_stmt": create_event_trigger,
    "createdb_stmt": create_database,
    "dropdb_stmt": drop_database,
    "drop_role_stmt": drop_role,
}
