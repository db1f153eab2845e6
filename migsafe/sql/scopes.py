"""The tables and columns that a statement names, and what each name may mean where it stands.

PostgreSQL's rules (manual, 7.2, 7.8, and the parser's ``parse_relation.c``): a name is looked for in the innermost
query first, then outwards; the name of a WITH query hides a table's; USING and NATURAL change nothing about names.
What can't be known by text alone (functions in FROM, ``SELECT *`` of a subquery) is a source with unknown columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from postgast import pg_query_pb2 as pb

from migsafe.sql.names import Name, relation_name, words
from migsafe.sql.reading.queries import query_columns


@dataclass(frozen=True, slots=True)
class Source:
    """Something in FROM under the name by which columns are qualified: a ``table``, or a query with its ``columns``.

    Both are none where nothing is known of it.
    """

    alias: str
    table: Name | None = None
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TableUse:
    """A table that is read or written."""

    table: Name


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column that is read or written. ``levels`` are the sources it may belong to, the innermost query's first."""

    column: str
    qualifier: str | None
    levels: tuple[tuple[Source, ...], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The sides of a ``=``, ``<`` … that must hold for a row, and where their columns may come from."""

    left: pb.Node
    right: pb.Node
    levels: tuple[tuple[Source, ...], ...]


Use = TableUse | ColumnUse | Comparison
Level = tuple[Source, ...]
Known = Mapping[str, tuple[str, ...] | None]
"""The WITH queries in force by name, with their columns where these are known."""


def uses(node: pb.Node) -> Iterator[Use]:
    """What a statement names: SELECT, INSERT, UPDATE, DELETE, and the queries of CREATE VIEW and CREATE TABLE AS."""
    match node.WhichOneof("node"):
        case "view_stmt":
            yield from _query(node.view_stmt.query, (), {})
        case "create_table_as_stmt":
            yield from _query(node.create_table_as_stmt.query, (), {})
        case _:
            yield from _query(node, (), {})


def _query(node: pb.Node, outer: tuple[Level, ...], known: Known) -> Iterator[Use]:
    match node.WhichOneof("node"):
        case "select_stmt":
            yield from _select(node.select_stmt, outer, known)
        case "insert_stmt":
            yield from _insert(node.insert_stmt, outer, known)
        case "update_stmt":
            yield from _update(node.update_stmt, outer, known)
        case "delete_stmt":
            yield from _delete(node.delete_stmt, outer, known)
        case _:
            return


def _with(clause: pb.WithClause, outer: tuple[Level, ...], known: Known, found: dict[str, Any]) -> Iterator[Use]:
    """What the WITH queries name; ``found`` is given what is in force behind them."""
    found.update(known)
    if clause.recursive:
        found.update({each.common_table_expr.ctename: None for each in clause.ctes})
    for each in clause.ctes:
        query = each.common_table_expr
        yield from _query(query.ctequery, outer, dict(found))
        extended = query.HasField("search_clause") or query.HasField("cycle_clause")
        found[query.ctename] = None if extended else words(query.aliascolnames) or _columns_of(query.ctequery)


def _columns_of(query: pb.Node) -> tuple[str, ...] | None:
    return query_columns(query) if query.WhichOneof("node") == "select_stmt" else None


def _select(select: pb.SelectStmt, outer: tuple[Level, ...], known: Known) -> Iterator[Use]:
    in_force: dict[str, Any] = {}
    yield from _with(select.with_clause, outer, known, in_force)
    if select.op != pb.SETOP_NONE:
        yield from _select(select.larg, outer, in_force)
        yield from _select(select.rarg, outer, in_force)
        return
    sources: list[Source] = []
    yield from _from(select.from_clause, sources, outer, in_force)
    levels = (tuple(sources), *outer)
    for each in (*select.target_list, *select.values_lists, *select.window_clause):
        yield from _expression(each, levels, in_force)
    for clause in (select.where_clause, select.having_clause, select.limit_count, select.limit_offset):
        yield from _expression(clause, levels, in_force)
    yield from _comparisons(select.where_clause, levels)
    named = Source("", columns=tuple(name for each in select.target_list if (name := each.res_target.name)))
    for each in (*select.sort_clause, *select.group_clause, *select.distinct_clause):
        yield from _expression(each, ((*sources, named), *outer), in_force)


def _from(clause: Iterable[pb.Node], sources: list[Source], outer: tuple[Level, ...], known: Known) -> Iterator[Use]:
    """What FROM names; ``sources`` is given what it makes known. Subqueries may be LATERAL: they see what is before."""
    joins: list[pb.JoinExpr] = []
    for each in clause:
        yield from _item(each, sources, outer, known, joins)
    levels = (tuple(sources), *outer)
    for join in joins:
        yield from _expression(join.quals, levels, known)
        yield from _comparisons(join.quals, levels)


def _item(
    node: pb.Node, sources: list[Source], outer: tuple[Level, ...], known: Known, joins: list[pb.JoinExpr]
) -> Iterator[Use]:
    match node.WhichOneof("node"):
        case "range_var":
            yield from _table(node.range_var, sources, known)
        case "join_expr":
            join = node.join_expr
            yield from _item(join.larg, sources, outer, known, joins)
            yield from _item(join.rarg, sources, outer, known, joins)
            joins.append(join)
            if join.HasField("alias"):
                sources.append(Source(join.alias.aliasname))
        case "range_subselect":
            subselect = node.range_subselect
            yield from _query(subselect.subquery, (tuple(sources), *outer), known)
            columns = words(subselect.alias.colnames) or _columns_of(subselect.subquery)
            sources.append(Source(subselect.alias.aliasname, columns=columns))
        case "range_function":
            for each in node.range_function.functions:
                yield from _expression(each, (tuple(sources), *outer), known)
            sources.append(Source(node.range_function.alias.aliasname))
        case "range_table_sample":
            yield from _item(node.range_table_sample.relation, sources, outer, known, joins)
        case _:
            sources.append(Source(""))


def _table(relation: pb.RangeVar, sources: list[Source], known: Known) -> Iterator[Use]:
    alias = relation.alias.aliasname or relation.relname
    if not relation.schemaname and relation.relname in known:
        columns = known[relation.relname]
        sources.append(Source(alias, columns=None if relation.alias.colnames else columns))
        return
    name = relation_name(relation)
    yield TableUse(name)
    sources.append(Source(alias, None if relation.alias.colnames else name))


def _expression(tree: Any, levels: tuple[Level, ...], known: Known) -> Iterator[Use]:
    """What an expression names, in order; queries inside it see its levels."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, pb.SelectStmt):
            yield from _select(node, levels, known)
            continue
        if isinstance(node, pb.ColumnRef):
            yield from _column(node, levels)
        below: list[Any] = []
        for field, value in node.ListFields():
            if field.message_type is not None:
                below += value if field.is_repeated else (value,)
        stack += reversed(below)


_COMPARED = ("=", "<", ">", "<=", ">=")


def _comparisons(condition: pb.Node, levels: tuple[Level, ...]) -> Iterator[Use]:
    """The comparisons that must all hold: those that an index may answer."""
    stack = [condition]
    while stack:
        node = stack.pop()
        if node.HasField("bool_expr") and node.bool_expr.boolop == pb.AND_EXPR:
            stack += reversed(node.bool_expr.args)
        expression = node.a_expr
        if expression.kind == pb.AEXPR_OP and words(expression.name)[-1:] in [(each,) for each in _COMPARED]:
            yield Comparison(expression.lexpr, expression.rexpr, levels)


def _column(node: pb.ColumnRef, levels: tuple[Level, ...]) -> Iterator[Use]:
    if all(each.HasField("string") for each in node.fields) and len(node.fields) < 3:
        *before, column = words(node.fields)
        yield ColumnUse(column, before[0] if before else None, levels)


def _insert(insert: pb.InsertStmt, outer: tuple[Level, ...], known: Known) -> Iterator[Use]:
    in_force: dict[str, Any] = {}
    yield from _with(insert.with_clause, outer, known, in_force)
    target = _target(insert.relation)
    yield TableUse(relation_name(insert.relation))
    for each in insert.cols:
        yield ColumnUse(each.res_target.name, None, ((target,),))
    yield from _query(insert.select_stmt, outer, in_force)
    level = ((target, replace(target, alias="excluded")), *outer)
    conflict = insert.on_conflict_clause
    for each in conflict.target_list:
        yield from _assigned(each, target)
    for each in (*conflict.target_list, *insert.returning_clause.exprs):
        yield from _expression(each, level, in_force)
    yield from _expression(conflict.where_clause, level, in_force)
    for element in conflict.infer.index_elems:
        if element.index_elem.name:
            yield ColumnUse(element.index_elem.name, None, ((target,),))


def _update(update: pb.UpdateStmt, outer: tuple[Level, ...], known: Known) -> Iterator[Use]:
    in_force: dict[str, Any] = {}
    yield from _with(update.with_clause, outer, known, in_force)
    target = _target(update.relation)
    yield TableUse(relation_name(update.relation))
    sources = [target]
    yield from _from(update.from_clause, sources, outer, in_force)
    levels = (tuple(sources), *outer)
    for each in update.target_list:
        yield from _assigned(each, target)
        yield from _expression(each, levels, in_force)
    yield from _expression(update.where_clause, levels, in_force)
    yield from _comparisons(update.where_clause, levels)
    for each in update.returning_clause.exprs:
        yield from _expression(each, levels, in_force)


def _delete(delete: pb.DeleteStmt, outer: tuple[Level, ...], known: Known) -> Iterator[Use]:
    in_force: dict[str, Any] = {}
    yield from _with(delete.with_clause, outer, known, in_force)
    yield TableUse(relation_name(delete.relation))
    sources = [_target(delete.relation)]
    yield from _from(delete.using_clause, sources, outer, in_force)
    levels = (tuple(sources), *outer)
    yield from _expression(delete.where_clause, levels, in_force)
    yield from _comparisons(delete.where_clause, levels)
    for each in delete.returning_clause.exprs:
        yield from _expression(each, levels, in_force)


def _target(relation: pb.RangeVar) -> Source:
    return Source(relation.alias.aliasname or relation.relname, relation_name(relation))


def _assigned(node: pb.Node, target: Source) -> Iterator[Use]:
    """The column that SET names; its fields (``a.b``, ``a[1]``) are part of it."""
    yield ColumnUse(node.res_target.name, None, ((target,),))
