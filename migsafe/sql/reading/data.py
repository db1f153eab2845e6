"""Statements that read and write rows, or work on whole tables without changing what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from postgast import pg_query_pb2 as pb

from migsafe.sql.actions import (
    Action,
    Cluster,
    Copy,
    CreateTable,
    Delete,
    Insert,
    LockTable,
    Query,
    RefreshMaterializedView,
    Reindex,
    SetVariable,
    Truncate,
    Update,
    Vacuum,
)
from migsafe.sql.lock_modes import by_number
from migsafe.sql.names import Expression, Name, relation_name
from migsafe.sql.reading.queries import tables_of

_REINDEXED = {
    pb.REINDEX_OBJECT_INDEX: "index",
    pb.REINDEX_OBJECT_TABLE: "table",
    pb.REINDEX_OBJECT_SCHEMA: "schema",
    pb.REINDEX_OBJECT_SYSTEM: "system",
    pb.REINDEX_OBJECT_DATABASE: "database",
}


def insert(node: pb.InsertStmt) -> Iterator[Action | pb.Node]:
    yield from _in_with(node.with_clause)
    conflict = None
    if node.HasField("on_conflict_clause"):
        conflict = "nothing" if node.on_conflict_clause.action == pb.ONCONFLICT_NOTHING else "update"
    values = node.select_stmt.select_stmt.values_lists
    yield Insert(
        table=relation_name(node.relation),
        columns=tuple(each.res_target.name for each in node.cols),
        conflict=conflict,
        from_query=node.HasField("select_stmt") and not values,
        rows=len(values) or None,
    )


def update(node: pb.UpdateStmt) -> Iterator[Action | pb.Node]:
    yield from _in_with(node.with_clause)
    targets = [each.res_target for each in node.target_list]
    reads = dict.fromkeys(name for each in targets for name in Expression(each.val).columns)
    yield Update(
        table=relation_name(node.relation),
        assigned=tuple(each.name for each in targets),
        reads=tuple(reads),
        where=Expression(node.where_clause) if node.HasField("where_clause") else None,
    )


def delete(node: pb.DeleteStmt) -> Iterator[Action | pb.Node]:
    yield from _in_with(node.with_clause)
    where = Expression(node.where_clause) if node.HasField("where_clause") else None
    yield Delete(relation_name(node.relation), where)


def select(node: pb.SelectStmt) -> Iterator[Action | pb.Node]:
    yield from _in_with(node.with_clause)
    whole = pb.Node(select_stmt=node)
    if node.HasField("into_clause"):
        yield CreateTable(relation_name(node.into_clause.rel), as_query=True, complete=False)
    yield from _settings(node)
    yield Query(Expression(whole).functions, tuple(tables_of(whole)))


def _settings(node: pb.SelectStmt) -> Iterator[Action]:
    """``SELECT set_config('name', 'value', false)``, as pg_dump and some migrations write it."""
    for target in node.target_list:
        call = target.res_target.val.func_call
        if call.funcname and call.funcname[-1].string.sval == "set_config" and len(call.args) == 3:
            name, value, local = (each.a_const for each in call.args)
            yield SetVariable(name.sval.sval, value.sval.sval, local.boolval.boolval)


def _in_with(clause: pb.WithClause) -> Iterator[pb.Node]:
    """The statements that change rows inside WITH."""
    queries = (each.common_table_expr.ctequery for each in clause.ctes)
    yield from (query for query in queries if query.WhichOneof("node") != "select_stmt")


def copy(node: pb.CopyStmt) -> Iterator[Action]:
    yield Copy(relation_name(node.relation) if node.HasField("relation") else None, reads=not node.is_from)


def truncate(node: pb.TruncateStmt) -> Iterator[Action]:
    tables = tuple(relation_name(each.range_var) for each in node.relations)
    yield Truncate(tables, node.behavior == pb.DROP_CASCADE)


def lock(node: pb.LockStmt) -> Iterator[Action]:
    tables = tuple(relation_name(each.range_var) for each in node.relations)
    yield LockTable(tables, by_number(node.mode), node.nowait)


def vacuum(node: pb.VacuumStmt) -> Iterator[Action]:
    tables = tuple(relation_name(each.vacuum_relation.relation) for each in node.rels)
    yield Vacuum(tables, full=_has(node.options, "full"))


def cluster(node: pb.ClusterStmt) -> Iterator[Action]:
    yield Cluster(relation_name(node.relation) if node.HasField("relation") else None)


def refresh(node: pb.RefreshMatViewStmt) -> Iterator[Action]:
    yield RefreshMaterializedView(relation_name(node.relation), node.concurrent, not node.skip_data)


def reindex(node: pb.ReindexStmt) -> Iterator[Action]:
    name = relation_name(node.relation) if node.HasField("relation") else Name(node.name) if node.name else None
    yield Reindex(_REINDEXED.get(node.kind, "table"), name, _has(node.params, "concurrently"))


def _has(options: Any, name: str) -> bool:
    """Whether an option is on: named alone, or with anything but false, off or 0."""
    for each in options:
        if each.def_elem.defname == name:
            argument = each.def_elem.arg
            said = argument.string.sval.lower() or str(argument.integer.ival if argument.HasField("integer") else "")
            said = str(argument.boolean.boolval).lower() if argument.HasField("boolean") else said
            return said not in ("false", "off", "0")
    return False


READERS: Mapping[str, Callable[[Any], Iterator[Action | pb.Node]]] = {
    "insert_stmt": insert,
    "update_stmt": update,
    "delete_stmt": delete,
    "select_stmt": select,
    "copy_stmt": copy,
    "truncate_stmt": truncate,
    "lock_stmt": lock,
    "vacuum_stmt": vacuum,
    "cluster_stmt": cluster,
    "refresh_mat_view_stmt": refresh,
    "reindex_stmt": reindex,
}
