"""What is made of a query: views, tables, and what a query reads and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from postgast import pg_query_pb2 as pb

from migsafe.sql.actions import Action, Column, CreateTable, CreateView
from migsafe.sql.names import Name, Type, nodes, relation_name, words

UNKNOWN_TYPE = Type("unknown")
"""The type of a column that a query makes."""


def create_table_as(node: pb.CreateTableAsStmt) -> Iterator[Action]:
    if node.objtype == pb.OBJECT_MATVIEW:
        yield materialized_view(node)
        return
    into = node.into
    names = words(into.col_names) or query_columns(node.query)
    yield CreateTable(
        name=relation_name(into.rel),
        if_not_exists=node.if_not_exists,
        temporary=into.rel.relpersistence == "t",
        as_query=True,
        unlogged=into.rel.relpersistence == "u",
        complete=False,
        columns=tuple(Column(name, UNKNOWN_TYPE) for name in names or ()),
    )


def create_view(node: pb.ViewStmt) -> Iterator[Action]:
    yield CreateView(
        name=relation_name(node.view),
        columns=words(node.aliases) or query_columns(node.query),
        tables=tuple(tables_of(node.query)),
        or_replace=node.replace,
    )


def materialized_view(node: pb.CreateTableAsStmt) -> CreateView:
    """CREATE MATERIALIZED VIEW, which the grammar takes for a table."""
    return CreateView(
        name=relation_name(node.into.rel),
        columns=words(node.into.col_names) or query_columns(node.query),
        tables=tuple(tables_of(node.query)),
        if_not_exists=node.if_not_exists,
        materialized=True,
        with_data=not node.into.skip_data,
    )


def query_columns(query: pb.Node) -> tuple[str, ...] | None:
    """The names of a query's columns, as far as its text gives them all."""
    select = query.select_stmt
    while select.op != pb.SETOP_NONE and select.HasField("larg"):
        select = select.larg
    names = [_target_name(each.res_target) for each in select.target_list]
    return tuple(name for name in names if name) if names and all(names) else None


def _target_name(target: pb.ResTarget) -> str | None:
    if target.name:
        return str(target.name)
    value = target.val
    while value.HasField("type_cast"):
        value = value.type_cast.arg
    if value.HasField("column_ref"):
        last = value.column_ref.fields[-1]
        return str(last.string.sval) if last.HasField("string") else None
    return str(value.func_call.funcname[-1].string.sval) if value.HasField("func_call") else None


def tables_of(query: pb.Node) -> Iterator[Name]:
    """The tables that a query reads, those that WITH defines left out."""
    found = list(nodes(query))
    own = {node.ctename for node in found if isinstance(node, pb.CommonTableExpr)}
    seen: set[Name] = set()
    for node in found:
        if isinstance(node, pb.RangeVar) and (node.schemaname or node.relname not in own):
            name = relation_name(node)
            if name not in seen:
                seen.add(name)
                yield name


READERS: Mapping[str, Callable[[Any], Iterator[Action]]] = {
    "create_table_as_stmt": create_table_as,
    "view_stmt": create_view,
}
